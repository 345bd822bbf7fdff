"""Models with functions and layers of the user's own: saved and loaded, or refused before a file is written."""

from __future__ import annotations

import copy
import functools
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, OBJECTIVES, InputError
from egan_tf.evolution.fitness import quality_only
from egan_tf.evolution.losses import SeparableLoss, logistic
from egan_tf.evolution.serialization import NETWORKS
from tests.evolution.test_continuing import LATENT, networks
from tests.evolution.test_operator_checks import Copy

register = keras.saving.register_keras_serializable("tests")
Schedule = keras.optimizers.schedules.LearningRateSchedule


@register
def registered(fake_logits: Any) -> Any:
    return -tf.reduce_mean(fake_logits)


def unregistered(fake_logits: Any) -> Any:
    return -tf.reduce_mean(fake_logits)


@register
def registered_loss(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(fake - real)


def unregistered_loss(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(fake - real)


@register
def registered_fitness(evaluation: Any, gamma: Any) -> Any:
    return gamma * evaluation.loss


def unregistered_fitness(evaluation: Any, gamma: Any) -> Any:
    return gamma * evaluation.loss


@register
def registered_gamma(generation: Any) -> Any:
    return 0.5 * generation


@register
class Scaled:
    """A callable object with a configuration."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, fake_logits: Any) -> Any:
        return self.by * tf.reduce_mean(fake_logits)

    def get_config(self) -> dict[str, Any]:
        return {"by": self.by}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Scaled:
        return cls(**config)


class UnregisteredScaled(Scaled):
    """Not registered."""


class NoConfig:
    """Nobody can tell how to make it."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, fake_logits: Any) -> Any:
        return self.by * tf.reduce_mean(fake_logits)


@register
class RegisteredCopy(Copy):
    """An operator with a configuration."""

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RegisteredCopy:
        return cls(**config)


@register
class RegisteredSchedule(Schedule):
    def __call__(self, step: Any) -> Any:
        return 0.5 / (1.0 + tf.cast(step, tf.float32))

    def get_config(self) -> dict[str, Any]:
        return {}


class UnregisteredSchedule(RegisteredSchedule):
    """Not registered."""


REGISTERED: dict[str, dict[str, Any]] = {
    "mutation": {"mutations": ("heuristic", registered)},
    "named mutation": {"mutations": {"first": registered, "second": "minimax"}},
    "mutation in a list": {"mutations": [{"first": registered}, "minimax"]},
    "object": {"mutations": (Scaled(2.0),)},
    "objects": {"mutations": {"one": Scaled(2.0), "two": Scaled(3.0)}},
    "a registry's function": {"mutations": (OBJECTIVES["heuristic"], "minimax")},
    "a name with parameters": {"mutations": ("least_squares(target=0.9)",)},
    "loss": {"discriminator_loss": registered_loss},
    "a registry's loss": {"discriminator_loss": logistic},
    "fitness": {"fitness": registered_fitness},
    "a registry's fitness": {"fitness": quality_only},
    "operator": {"operators": ("mutation", RegisteredCopy())},
    "gamma": {"gamma": registered_gamma},
    "gamma's schedule": {"gamma": RegisteredSchedule()},
}


@pytest.mark.parametrize("case", REGISTERED)
def test_registered_functions_are_saved_and_loaded(case: str, tmp_path: Path) -> None:
    egan = made(REGISTERED[case])
    egan.save(tmp_path / "egan.keras")
    for other in (
        keras.models.load_model(tmp_path / "egan.keras"),
        copy.deepcopy(egan),
        keras.models.clone_model(egan),
    ):
        assert other.operator_names == egan.operator_names
        assert other.gamma == egan.gamma
        assert {**other.get_config(), **dict.fromkeys(NETWORKS)} == {**egan.get_config(), **dict.fromkeys(NETWORKS)}
        logits = tf.constant([[0.5], [-2.0]])
        for one, two in zip(objectives(egan), objectives(other), strict=True):
            np.testing.assert_array_equal(one(logits), two(logits))


def objectives(egan: EGAN) -> list[Callable[..., Any]]:
    return list(egan.choices.operators[0].objectives.values())


def made(settings: dict[str, Any], optimizer: Any = "sgd") -> EGAN:
    egan = EGAN(*networks(), **settings)
    egan.compile(optimizer, "sgd", jit_compile=False)
    return egan


LAMBDA = lambda logits: -tf.reduce_mean(logits)  # noqa: E731
UNREGISTERED: dict[str, tuple[str, Any]] = {
    "mutation": ("mutations", (unregistered,)),
    "beside names": ("mutations", ("minimax", unregistered, "heuristic")),
    "named mutation": ("mutations", {"mine": unregistered}),
    "lambda": ("mutations", (LAMBDA,)),
    "named lambda": ("mutations", {"mine": LAMBDA}),
    "partial": ("mutations", (functools.partial(registered),)),
    "method": ("mutations", (Scaled(2.0).__call__,)),
    "tf.function": ("mutations", (tf.function(registered),)),
    "object": ("mutations", (UnregisteredScaled(1.0),)),
    "object without configuration": ("mutations", (NoConfig(1.0),)),
    "loss": ("discriminator_loss", unregistered_loss),
    "separable loss": ("discriminator_loss", SeparableLoss(tf.nn.softplus, tf.nn.relu)),
    "fitness": ("fitness", unregistered_fitness),
    "operator": ("operators", ("mutation", Copy())),
    "gamma": ("gamma", lambda generation: 0.5),
    "gamma's schedule": ("gamma", UnregisteredSchedule()),
}


@pytest.mark.parametrize("case", UNREGISTERED)
def test_unregistered_functions_are_refused_before_anything_is_written(case: str, tmp_path: Path) -> None:
    field, value = UNREGISTERED[case]
    egan = made({field: value})
    checkpoint = tmp_path / "egan.keras"
    checkpoint.write_bytes(b"an earlier file")
    for save in (
        lambda: egan.save(checkpoint),
        lambda: pickle.dumps(egan),
        lambda: copy.deepcopy(egan),
        lambda: keras.models.clone_model(egan),
        egan.to_json,
    ):
        with pytest.raises(InputError) as error:
            save()
        said = str(error.value)
        assert said.startswith(f"{field}: ") and "cannot be saved" in said and "register_keras_serializable" in said
    assert checkpoint.read_bytes() == b"an earlier file"
    egan.save_weights(tmp_path / "egan.weights.h5")
    egan.load_weights(tmp_path / "egan.weights.h5")


def test_a_schedule_of_the_rate_is_registered_or_refused(tmp_path: Path) -> None:
    made({}, keras.optimizers.SGD(RegisteredSchedule())).save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras")
    assert isinstance(loaded.generator_optimizer._learning_rate, RegisteredSchedule)
    with pytest.raises(InputError, match="^generator_optimizer: SGD cannot be saved"):
        made({}, keras.optimizers.SGD(UnregisteredSchedule())).save(tmp_path / "egan.keras")


# -- layers -----------------------------------------------------------------------------------------------------------


class Shift(keras.layers.Layer):
    """A layer of the user's own, with a weight."""

    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return inputs + self.shift


@register
class RegisteredShift(Shift):
    """The same, registered."""


def with_layer(layer: keras.layers.Layer) -> EGAN:
    generator = keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(2), layer])
    egan = EGAN(generator, networks()[1])
    egan.compile("sgd", "sgd", jit_compile=False)
    return egan


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        (RegisteredShift(), {}),
        (Shift(), {"custom_objects": {"Shift": Shift}}),
        (keras.layers.Lambda(lambda x: 2.0 * x), {"safe_mode": False}),
    ],
    ids=["registered", "custom_objects", "Lambda"],
)
def test_layers_of_ones_own_are_loaded_as_keras_loads_them(layer: Any, options: dict, tmp_path: Path) -> None:
    egan = with_layer(layer)
    egan.save(tmp_path / "egan.keras")
    if options:
        with pytest.raises((TypeError, ValueError), match=r"Could not locate class 'Shift'|safe_mode=False"):
            keras.models.load_model(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras", **options)
    noise = tf.random.stateless_normal([5, LATENT], [1, 2])
    np.testing.assert_array_equal(egan.sample(noise), loaded.sample(noise))


# -- other ways out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["egan.h5", "egan.tf", "egan", "egan.keras.bak"])
def test_a_file_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^filepath: must end in \.keras"):
        made({}).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "arguments"), [("quantize", ("int8",)), ("get_state_tree", ()), ("set_state_tree", ({},))]
)
def test_what_keras_cannot_do_with_two_optimizers_is_refused_by_name(name: str, arguments: tuple) -> None:
    egan = made({})
    with pytest.raises(InputError, match=f"^{name}: ") as error:
        getattr(egan, name)(*arguments)
    assert "\n" not in str(error.value)


def test_export_is_that_of_the_best_generator(tmp_path: Path) -> None:
    egan = made({"ema_decay": 0.9})
    egan.train_on_batch(np.ones([8, 2], "float32"))
    egan.export(tmp_path / "exported", verbose=False)
    noise = tf.random.stateless_normal([5, LATENT], [1, 2])
    exported = tf.saved_model.load(tmp_path / "exported")
    np.testing.assert_allclose(exported.serve(noise), egan.sample(noise), rtol=1e-6)


def test_counts_and_summary_are_those_of_all_weights(capsys: pytest.CaptureFixture[str]) -> None:
    egan = made({"population_size": 2})
    assert egan.count_params() == sum(int(np.prod(variable.shape)) for variable in egan.weights)
    assert egan.summary() is None and "population" in capsys.readouterr().out


def test_without_the_import_keras_names_the_class_that_it_misses(tmp_path: Path) -> None:
    made({}).save(tmp_path / "egan.keras")
    code = f"import keras; keras.models.load_model({str(tmp_path / 'egan.keras')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Could not locate class 'EGAN'" in done.stderr and "egan_tf.evolution.egan" in done.stderr
