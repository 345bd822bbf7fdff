"""γ set at any time acts on the next generation; any other assignment acts, or is refused in one line."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.utils.settings import settings_of

LATENT, BATCH = 3, 4
SETTINGS = settings_of(EvolutionSettings)
Decay = keras.optimizers.schedules.ExponentialDecay


def networks() -> tuple[keras.Model, keras.Model]:
    return (
        keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(2, name="first")]),
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)]),
    )


def made(compiled: bool = True, steps_per_execution: int = 1, jit_compile: bool = False, **settings: Any) -> EGAN:
    keras.utils.set_random_seed(1)
    egan = EGAN(*networks(), mutations=("heuristic",), **settings)
    if compiled:
        egan.compile("sgd", "sgd", jit_compile=jit_compile, steps_per_execution=steps_per_execution)
    return egan


def inside(generation: tf.Tensor, count: int) -> tf.Tensor:
    """Real samples that are made in the step."""
    return tf.fill([count, 2], 0.5) + tf.cast(generation, tf.float32)


def blocks(generations: int = 12) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(np.ones([generations * BATCH, 2], "float32")).batch(BATCH)


class Record(keras.callbacks.Callback):
    """Sets γ at the end of a batch or an epoch, and notes the γ that each generation has used."""

    def __init__(self, at: str, values: dict[int, Any]) -> None:
        super().__init__()
        self.at, self.values, self.used = at, values, {}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.used[int(self.model.generation.numpy())] = used_gamma(self.model)
        self._set("batch")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._set("epoch")

    def _set(self, at: str) -> None:
        done = int(self.model.generation.numpy())
        if self.at == at and done in self.values:
            self.model.gamma = self.values[done]


def used_gamma(egan: EGAN) -> float:
    quality, diversity, fitness = (score[0].numpy() for score in egan.population.children_scores)
    return float((fitness - quality) / diversity)


# Every pair of values of the four factors occurs.
@pytest.mark.parametrize(
    ("at", "steps", "jit_compile", "data"),
    [
        ("batch", 1, False, inside),
        ("epoch", 2, True, inside),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("batch", 2, True, blocks),
                ("epoch", 1, True, inside),
                ("epoch", 2, False, blocks),
                ("batch", 1, True, blocks),
            ]
        ),
    ],
)
def test_gamma_set_during_fit_acts_on_the_next_call(at: str, steps: int, jit_compile: bool, data: Any) -> None:
    egan = made(steps_per_execution=steps, jit_compile=jit_compile, gamma=0.25)
    record = Record(at, {4: 2.0, 8: -1.0})
    x = data() if data is blocks else data
    egan.fit(x, batch_size=BATCH, epochs=3, steps_per_epoch=4, callbacks=[record], verbose=0)
    for generation, used in record.used.items():
        expected = 0.25 if generation <= 4 else 2.0 if generation <= 8 else -1.0
        assert used == pytest.approx(expected, rel=1e-3), generation
    assert egan.gamma == egan.settings.gamma == -1.0


def test_only_the_first_assignment_traces_the_step_anew() -> None:
    traced = []

    def fitness(evaluation: Any, gamma: Any) -> tf.Tensor:
        traced.append(gamma)
        return evaluation.quality + gamma * evaluation.diversity

    egan = made(fitness=fitness)
    before = len(traced)
    for number in range(4):
        egan.gamma = 0.5 + number
        egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0)
        assert used_gamma(egan) == pytest.approx(0.5 + number, rel=1e-3)
        steps = [gamma for gamma in traced[before:] if not isinstance(gamma, float)]
    checks = 4
    assert len(steps) == checks + 1


VARYING = {
    "schedule": (lambda: Decay(0.5, 2, 0.5), [0.5 * 0.5 ** (g / 2) for g in range(4)]),
    "function": (lambda: lambda generation: 1.0 + generation, [1.0, 2.0, 3.0, 4.0]),
    "integers": (lambda: lambda generation: tf.cast(generation, tf.int32) + 1, [1.0, 2.0, 3.0, 4.0]),
    "number of the function": (lambda: lambda generation: 0.75, [0.75] * 4),
    "float64": (lambda: lambda generation: tf.cast(generation, tf.float64) + 2.0, [2.0, 3.0, 4.0, 5.0]),
    "tf.Variable": (lambda: tf.Variable(0.75), [0.75] * 4),
    "keras.Variable": (lambda: keras.Variable(0.75), [0.75] * 4),
}


@pytest.mark.parametrize("assigned", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["given", "assigned"])
@pytest.mark.parametrize("kind", VARYING)
def test_gamma_varies(kind: str, assigned: bool) -> None:
    make, expected = VARYING[kind]
    jit_compile = not assigned and kind in ("schedule", "tf.Variable")
    egan = made(jit_compile=jit_compile, **({} if assigned else {"gamma": make()}))
    if assigned:
        egan.gamma = make()
    for value in expected:
        assert egan.gamma == pytest.approx(value)
        egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0)
        assert used_gamma(egan) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("kind", [tf.Variable, pytest.param(keras.Variable, marks=pytest.mark.slow)])
def test_a_variable_is_read_by_every_generation_and_takes_assignments(kind: Any) -> None:
    gamma = kind(0.5)
    egan = made(gamma=gamma)
    number_of_variables = len(egan.variables)
    egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0)
    for value in (3.0, float("nan"), 2.0):
        gamma.assign(value)
        assert egan.gamma == pytest.approx(value, nan_ok=True)
        egan.train_on_batch(np.ones([BATCH, 2], "float32"))
        assert used_gamma(egan) == pytest.approx(value, rel=1e-3, nan_ok=True)
    assert int(egan.population.failures.rejected_children) == 1, "with NaN no child survives"
    egan.gamma = 4.0
    assert float(gamma.numpy()) == 4.0
    assert len(egan.variables) == number_of_variables == len(made().variables)


WRONG = {
    "text": "much",
    "nan": float("nan"),
    "inf": float("inf"),
    "beyond float32": 1e39,
    "none": None,
    "boolean": True,
    "list": [1.0],
    "vector variable": tf.Variable([1.0, 2.0]),
    "nan variable": tf.Variable(float("nan")),
    "text variable": tf.Variable("a"),
    "complex": 1j,
    "vector function": lambda generation: tf.stack([generation, generation]),
    "no result": lambda generation: None,
    "two arguments": lambda generation, count: generation,
    "no arguments": lambda: 1.0,
    "raises": lambda generation: 1 / 0,
    "nan function": lambda generation: generation / 0.0 - generation / 0.0,
    "reads the number": lambda generation: float(generation.numpy()),
    "branches": lambda generation: 1.0 if generation > 3 else 0.0,
    "boolean function": lambda generation: generation > 1,
    "class": dict,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_gamma_that_cannot_be_used_is_refused_alike_everywhere(wrong: str) -> None:
    value = WRONG[wrong]
    egan = made(gamma=0.25)
    calls: list[Any] = [lambda: made(gamma=value), lambda: setattr(egan, "gamma", value)]
    said = [one_line(call) for call in calls]
    assert said[0].startswith("gamma: ")
    assert said[0] == said[1]
    assert egan.gamma == 0.25


def one_line(call: Any) -> str:
    with pytest.raises(InputError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_fitness_that_needs_a_constant_gamma_is_named_when_gamma_varies() -> None:
    def fitness(evaluation: Any, gamma: float) -> tf.Tensor:
        return evaluation.quality if gamma else evaluation.diversity

    egan = made(fitness=fitness, gamma=0.5)
    for call in (
        lambda: setattr(egan, "gamma", 0.75),
        lambda: made(fitness=fitness, gamma=tf.Variable(0.5)),
        lambda: made(fitness=fitness, gamma=Decay(0.5, 2, 0.5)),
    ):
        assert one_line(call).startswith("fitness: fitness(evaluation, gamma), gamma a tensor that changes,")
    assert egan.gamma == 0.5
