"""The real samples of a generation: sizes, and training on one batch at a time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.batches import GenerationSizes, as_batches, divides_evaluation, infer_sizes, sizes_for
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.strategies import check_sizes
from tests.evolution.networks import PAIRS

SETTINGS = [
    {},
    {"discriminator_steps": 3},
    {"evaluation_size": 6},
    {"evaluation_size": 6, "discriminator_steps": 3},
    {"reuse_evaluation_batch": False, "evaluation_size": 12},
    {"reuse_evaluation_batch": False, "discriminator_steps": 2, "population_size": 3},
]


@pytest.mark.parametrize("changes", SETTINGS, ids=str)
@pytest.mark.parametrize("batch_size", [3, 8])
def test_sizes_follow_from_the_number_of_samples(changes: dict[str, Any], batch_size: int) -> None:
    settings = EvolutionSettings(**changes)
    sizes = sizes_for(settings, batch_size)
    inferred = infer_sizes(settings, sizes.total)
    if sizes.fresh_steps or settings.evaluation_size is None:
        assert inferred == sizes
    else:
        assert inferred == GenerationSizes(settings.evaluation_size, settings.evaluation_size, 0)
    batches = as_batches(tf.range(sizes.total), settings)
    parts = [batches.evaluation.numpy(), *batches.fresh.numpy()]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(sizes.total))
    assert batches.sizes == inferred


@pytest.mark.parametrize(
    ("changes", "count", "says"),
    [
        ({"discriminator_steps": 3}, 10, "3 x batch_size"),
        ({"evaluation_size": 6}, 7, "takes 6"),
        ({"evaluation_size": 6, "discriminator_steps": 2}, 6, "6 \\+ batch_size"),
        ({"population_size": 4}, 3, "batch_size: must be at least the population size"),
    ],
)
def test_a_number_of_samples_that_makes_no_generation_is_refused(
    changes: dict[str, Any], count: int, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        infer_sizes(EvolutionSettings(**changes), count)


SMALL_EVALUATIONS = [
    ({"tournaments": "auto"}, False),
    ({"tournaments": "bandit"}, False),
    ({"r1_weight": 1.0}, False),
    ({"lecam_weight": 1.0}, False),
    ({}, True),
    ({"tournaments": "auto", "reuse_evaluation_batch": False}, True),
    ({"r1_weight": 1.0, "evaluation_size": 4}, True),
]


@pytest.mark.parametrize(("changes", "fits"), SMALL_EVALUATIONS, ids=str)
def test_an_evaluation_that_leaves_survivors_out_is_refused(changes: dict[str, Any], fits: bool) -> None:
    settings = EvolutionSettings(**{"population_size": 4, "evaluation_size": 3, **changes})
    if fits:
        sizes = sizes_for(settings, 8)
        check_sizes(sizes, 4, 1, evaluation_divided=divides_evaluation(settings))
        return
    with pytest.raises(InputError, match="^evaluation_size: must be at least the population size, 4, "):
        sizes_for(settings, 8)
    sizes = sizes_for(settings.replace(evaluation_size=6), 8)
    with pytest.raises(InputError, match="^evaluation_size: must be at least 8: each of 2 replicas"):
        check_sizes(sizes, 4, 2, evaluation_divided=divides_evaluation(settings))


def make(pair: str, **changes: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    mutations = ("heuristic", "least_squares")
    egan = EGAN(*PAIRS[pair](), **{"discriminator_steps": 2, "seed": 5, "mutations": mutations, **changes})
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=False)
    return egan


@pytest.mark.parametrize(
    ("pair", "changes"),
    [
        pytest.param("points", {"evaluation_size": 12}, marks=pytest.mark.slow),
        ("points", {"population_size": 2}),
        pytest.param("images", {}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_train_on_batch_is_a_generation_of_fit(pair: str, changes: dict[str, Any]) -> None:
    fitted, stepped = make(pair, **changes), make(pair, **changes)
    size = fitted.samples_per_generation(8)
    x = np.tanh(np.random.default_rng(1).normal(size=(3 * size, *fitted.sample_shape))).astype("float32")
    fitted.fit(tf.data.Dataset.from_tensor_slices(x).batch(size), batch_size=8, verbose=0)
    for block in np.split(x, 3):
        logs = stepped.train_on_batch(block, return_dict=True)
    assert {"fitness", "operator", "discriminator_loss"} <= set(logs)
    for a, b in zip(fitted.variables, stepped.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_train_on_batch_refuses_what_fit_refuses() -> None:
    egan = make("images")
    with pytest.raises(InputError, match="^x: holds images in"):
        egan.train_on_batch(np.full([16, 8, 8, 1], 3.0, "float32"))
    with pytest.raises(InputError, match="^x: holds 15 samples; one generation takes 2 x batch_size"):
        egan.train_on_batch(np.zeros([15, 8, 8, 1], "float32"))


@pytest.mark.slow
def test_fit_with_arrays_and_sample_functions_in_turn() -> None:
    """Switches from a sample function to an array and back, each with its own batch size."""
    egan = make("points", mutations=("heuristic",))

    def sample_fn(step: tf.Tensor, count: int) -> tf.Tensor:
        return tf.ones([count, 2]) * tf.cast(step, tf.float32) * 0.1

    array = np.zeros([32, 2], "float32")
    egan.fit(sample_fn, batch_size=8, steps_per_epoch=2, verbose=0)
    egan.fit(array, batch_size=4, steps_per_epoch=2, verbose=0)
    egan.fit(sample_fn, batch_size=8, steps_per_epoch=2, verbose=0)
    egan.fit(array, batch_size=16, steps_per_epoch=1, verbose=0)
    assert egan.generation.numpy() == 7
