"""Assignments to a model that would be ignored are refused in one line, and so are weights that are frozen too late."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.utils.settings import settings_of
from tests.evolution.test_gamma import BATCH, blocks, inside, made, networks, one_line

SETTINGS = settings_of(EvolutionSettings)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "gamma"])
def test_no_other_setting_is_an_attribute(name: str, compiled: bool) -> None:
    egan = made(compiled)
    said = one_line(lambda: setattr(egan, name, SETTINGS[name].default))
    assert said.startswith(f"{name}: cannot be set on a model")
    assert one_line(lambda: setattr(egan.settings, name, SETTINGS[name].default)).startswith(f"{name}: ")


def misspelt(name: str) -> list[str]:
    middle = len(name) // 2
    return [name[:-1], f"{name}s", name.upper(), name.title(), name[:middle] + name[middle + 1 :], f"{name}_"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant(name: str) -> None:
    egan = made()
    for wrong in misspelt(name):
        if len(wrong) > 3 and wrong not in SETTINGS:
            assert f"(did you mean '{name}'" in one_line(lambda wrong=wrong: setattr(egan, wrong, 1)), wrong


REPLACED = ["settings", "choices", "conditional", "latent", "sample_shape", "generator", "discriminator", "population"]
COMPILED = ["generator_optimizer", "discriminator_optimizer", "optimizer", "stateless_optimizer", "loss"]


@pytest.mark.parametrize("name", [*REPLACED, "generation", "restarts", *COMPILED, "steps_per_execution"])
def test_parts_of_a_model_are_not_replaced(name: str) -> None:
    egan, other = made(), made(population_size=2)
    before = getattr(egan, name)
    replacement = getattr(other, name) if name in REPLACED and name != "conditional" else "adam"
    said = one_line(lambda: setattr(egan, name, replacement))
    assert said.startswith(f"{name}: ")
    # `optimizer` is made for every access, from the two that are parts of the model.
    assert getattr(egan, name) is before or name == "optimizer"


@pytest.mark.parametrize("name", [*REPLACED, "generation", "restarts", *COMPILED, "jit_compile"])
def test_parts_of_a_model_are_not_deleted(name: str) -> None:
    egan = made()
    assert one_line(lambda: delattr(egan, name)).startswith(f"{name}: is a part of the model")
    assert hasattr(egan, name)


def test_a_learning_rate_belongs_to_an_optimizer() -> None:
    said = one_line(lambda: setattr(made(), "learning_rate", 0.5))
    assert said.startswith("learning_rate: a model has two; set egan.generator_optimizer.learning_rate and")


@pytest.mark.parametrize("name", ["generator_optimizer", "discriminator_optimizer"])
def test_an_optimizer_is_not_set_before_compile_either(name: str) -> None:
    egan = made(compiled=False)
    assert one_line(lambda: setattr(egan, name, "adam")).startswith(f"{name}: only compile sets it")


@pytest.mark.parametrize("name", ["operator_names", "best_generator", "current_gamma", "metrics", "variables"])
def test_what_is_computed_is_not_set(name: str) -> None:
    with pytest.raises(AttributeError) as error:
        setattr(made(), name, 1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["notes", "history", "stop_training", "latent_size", "my_data", "run_name", "_seeds"])
def test_attributes_of_the_users_own_are_free(name: str) -> None:
    egan = made()
    setattr(egan, name, 3)
    assert getattr(egan, name) == 3


def test_mappings_in_the_settings_are_copies() -> None:
    functions = {"mine": lambda logits: tf.reduce_mean(logits)}
    egan = EGAN(*networks(), mutations=functions)
    functions["other"] = tf.reduce_max
    assert tuple(egan.settings.mutations) == egan.operator_names == ("mine",)
    with pytest.raises(TypeError):
        egan.settings.mutations["other"] = tf.reduce_max  # type: ignore[index]


@pytest.mark.parametrize("name", ["jit_compile", "run_eagerly"])
def test_how_the_step_is_run_can_be_set_between_calls_of_fit(name: str) -> None:
    eager = []

    def fitness(evaluation: Any, gamma: Any) -> tf.Tensor:
        eager.append(not tf.inside_function())
        return evaluation.quality

    egan = made(fitness=fitness)
    egan.fit(blocks(2), verbose=0)
    before = len(eager)
    setattr(egan, name, True)
    egan.fit(blocks(2), verbose=0)
    assert getattr(egan, name) is True
    assert len(eager) > before, "the step was traced again, or run eagerly"
    assert eager[-1] == (name == "run_eagerly")


@pytest.mark.parametrize(
    ("name", "value"), [("jit_compile", "yes"), ("jit_compile", 1), ("run_eagerly", "no"), ("run_eagerly", None)]
)
def test_how_the_step_is_run_is_checked_as_by_compile(name: str, value: Any) -> None:
    egan = made()
    before = getattr(egan, name)
    assert one_line(lambda: setattr(egan, name, value)).startswith(f"{name}: must be True")
    assert getattr(egan, name) is before


def test_the_choice_of_xla_may_be_left_to_the_model_and_taken_back() -> None:
    egan = made()
    egan.jit_compile = "auto"
    assert egan.jit_compile is False
    egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0)
    assert egan.jit_compile is True, "dense networks, whose samples are made inside of the step"
    assert egan.get_compile_config()["jit_compile"] == "auto"
    egan.jit_compile = "auto"
    egan.jit_compile = False
    egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0)
    assert egan.jit_compile is False


# -- trainable weights ------------------------------------------------------------------------------------------------


def freeze_generator(egan: EGAN) -> None:
    egan.generator.layers[0].trainable = False


def freeze_discriminator(egan: EGAN) -> None:
    egan.discriminator.trainable = False


def freeze_layer(egan: EGAN) -> None:
    egan.discriminator.layers[0].trainable = False


def freeze_model(egan: EGAN) -> None:
    egan.trainable = False


def add_layer(egan: EGAN) -> None:
    egan.discriminator.add(keras.layers.Dense(1))


CHANGES = [freeze_generator, freeze_discriminator, freeze_layer, freeze_model, add_layer]
TRAIN = {
    "fit": lambda egan: egan.fit(blocks(1), verbose=0),
    "fit inside": lambda egan: egan.fit(inside, batch_size=BATCH, steps_per_epoch=1, verbose=0),
    "train_on_batch": lambda egan: egan.train_on_batch(np.ones([BATCH, 2], "float32")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("call", TRAIN)
def test_weights_that_are_frozen_too_late_are_refused(change: Any, call: str) -> None:
    egan = made()
    if change is freeze_layer:
        TRAIN[call](egan)
    before = int(egan.generation.numpy())
    change(egan)
    said = one_line(lambda: TRAIN[call](egan))
    assert said.startswith(("generator: its weights", "discriminator: its weights"))
    assert int(egan.generation.numpy()) == before


def test_weights_that_are_frozen_during_fit_are_refused_at_the_next_epoch() -> None:
    egan = made()
    freeze = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: freeze_layer(egan))
    said = one_line(lambda: egan.fit(blocks(), epochs=3, steps_per_epoch=2, callbacks=[freeze], verbose=0))
    assert said.startswith("discriminator: ")
    assert int(egan.generation.numpy()) == 2


def test_compiling_again_trains_what_is_left_of_the_discriminator() -> None:
    egan = made()
    freeze_layer(egan)
    egan.compile("sgd", "sgd", jit_compile=False)
    before = egan.discriminator.get_weights()
    egan.fit(blocks(2), verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, egan.discriminator.get_weights(), strict=True)]
    assert changed == [False, False, True, True]


def test_a_generator_frozen_before_compile_is_refused_by_compile() -> None:
    egan = made(compiled=False)
    freeze_generator(egan)
    assert one_line(lambda: egan.compile("sgd", "sgd")).startswith("generator: its weights")
