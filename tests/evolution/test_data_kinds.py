"""Data of all kinds by the same rules: what is accepted, and what is refused before training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.stream_source import declared_batch_size
from tests.evolution.kinds import (
    ARRAYS,
    BATCH,
    ENDLESS_KINDS,
    IMAGE,
    KINDS,
    POINT,
    STREAMS,
    TOTAL,
    Batches,
    arguments,
    cut,
    flat,
    generations,
    model,
    refusal,
    samples,
    slices,
)

FLOATS = ("float16", "float32", "float64", tf.bfloat16.as_numpy_dtype)
OTHERS = ("uint8", "int64", "bool", "complex64", "S3")


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is, as its data is refused before training."""
    return model()


@pytest.fixture(scope="module")
def untrained_images() -> EGAN:
    return model(IMAGE)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_floating_type_becomes_float32(kind: str, dtype: Any, untrained: EGAN) -> None:
    values = samples(2 * TOTAL, dtype=dtype)
    found = generations(untrained, arguments(kind, values))
    assert len(found) == 2
    assert all(batches.evaluation.dtype == batches.fresh.dtype == tf.float32 for batches in found)
    np.testing.assert_array_equal(np.concatenate([flat(b) for b in found]), values.astype("float32"))


@pytest.mark.parametrize("dtype", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_other_type_is_refused_with_a_hint(kind: str, dtype: str, untrained: EGAN) -> None:
    message = refusal(untrained, **arguments(kind, np.ones([2 * TOTAL, *POINT]).astype(dtype)))
    assert message.startswith("x: must hold floating-point samples")
    assert "x / 127.5 - 1" in message


@pytest.mark.parametrize("count", [0, 1, TOTAL - 1])
@pytest.mark.parametrize("kind", [*ARRAYS, *STREAMS])
def test_less_than_a_generation_is_refused_with_both_numbers(kind: str, count: int, untrained: EGAN) -> None:
    if kind == "dataset of full batches":
        count = count // BATCH * BATCH
    message = refusal(untrained, **arguments(kind, samples(count)))
    assert message.startswith("x: ")
    if count:
        assert f"holds {count} samples, but a generation takes {TOTAL}" in message
    else:
        assert "no samples" in message or "empty" in message


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_another_shape_are_refused(kind: str, untrained: EGAN) -> None:
    message = refusal(untrained, **arguments(kind, samples(2 * TOTAL, (5,))))
    assert message == "x: holds samples of shape (5,), but the discriminator takes (2,)"


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1.5])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "function"])
def test_a_bad_sample_in_the_first_generation_is_refused(kind: str, value: float, untrained_images: EGAN) -> None:
    values = samples(2 * TOTAL, IMAGE)
    values[BATCH + 1, 1, 1] = value
    message = refusal(untrained_images, **arguments(kind, values))
    assert ("scale them to [-1, 1]" if np.isfinite(value) else "not finite") in message


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "function"])
def test_what_float32_cannot_hold_is_not_finite(kind: str, untrained: EGAN) -> None:
    values = samples(2 * TOTAL, dtype="float64")
    values[3] = 1e300
    assert "not finite" in refusal(untrained, **arguments(kind, values))


@pytest.mark.parametrize("kind", [*STREAMS, *ENDLESS_KINDS])
def test_only_arrays_are_shuffled(kind: str, untrained: EGAN) -> None:
    assert refusal(untrained, **{**arguments(kind, samples(2 * TOTAL)), "shuffle": True}).startswith("shuffle: ")


@pytest.mark.parametrize("kind", ENDLESS_KINDS)
def test_endless_data_needs_the_length_of_an_epoch(kind: str, untrained: EGAN) -> None:
    message = refusal(untrained, **{**arguments(kind, samples(2 * TOTAL)), "steps_per_epoch": None})
    assert message.startswith("steps_per_epoch: must be given")


def yields(element: Any) -> dict[str, Any]:
    """Everything that can yield something other than samples."""
    dataset = tf.data.Dataset.from_tensors(element).repeat(9)
    batches = [element] * 9
    return {
        "dataset": dataset,
        "generator": iter(batches),
        "PyDataset": Batches(batches),
        "function": lambda generation, count: element,
    }


@pytest.mark.parametrize("kind", ["dataset", "generator", "PyDataset", "function"])
@pytest.mark.parametrize(
    ("element", "says"),
    [
        ((tf.ones([BATCH, 2]),) * 3, "weights"),
        ({"image": tf.ones([BATCH, 2])}, "not dict"),
        (({"image": tf.ones([BATCH, 2])}, tf.ones([BATCH])), "not dict"),
        (((tf.ones([BATCH, 2]), tf.ones([BATCH])), tf.ones([BATCH])), "not tuple"),
        (tf.ragged.constant([[1.0, 2.0], [3.0]]), "x: "),
        (tf.sparse.from_dense([[1.0, 0.0]]), "x: "),
        (tf.ones([]), "x: holds samples of shape"),
    ],
    ids=["weights", "dict", "dict and labels", "nested", "ragged", "sparse", "number"],
)
def test_what_is_no_batch_is_refused(kind: str, element: Any, says: str, untrained: EGAN) -> None:
    assert says in refusal(untrained, x=yields(element)[kind], steps_per_epoch=2)


@pytest.mark.parametrize(
    "x",
    [
        None,
        object(),
        object,
        Batches,
        {"image": samples(TOTAL)},
        {1.0, 2.0},
        3.0,
        np.float32(3.0),
        b"digits",
        [[1.0], [1.0, 2.0]],
        [samples(TOTAL), samples(3)],
        tf.ragged.constant([[1.0, 2.0], [3.0]]),
        tf.sparse.from_dense([[1.0, 0.0]]),
        np.ma.masked_array(samples(TOTAL), samples(TOTAL) > 0),
        np.array([[None, 1.0]] * TOTAL),
        np.array([["a", "b"]] * TOTAL),
        samples(TOTAL).view([("x", "f4"), ("y", "f4")]),
        keras.layers.Dense(2),
        lambda: samples(TOTAL),
        lambda generation: samples(TOTAL),
        tf.data.Dataset,
        iter([]),
        (sample for sample in ()),
        iter([None]),
        iter(["a", "b"]),
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_data_is_refused(x: Any, untrained: EGAN) -> None:
    assert refusal(untrained, x=x, steps_per_epoch=2).startswith("x: ")


def test_a_function_that_makes_a_generator_is_not_called(untrained: EGAN) -> None:
    def batches() -> Iterator[np.ndarray]:
        yield samples(TOTAL)

    assert "call it" in refusal(untrained, x=batches)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda generation, count: np.zeros([count, 2], "float32"), "computed once"),
        (lambda generation, count: None, "got nothing"),
        (lambda generation, count: tf.zeros([count + 1, 2]), f"must return {TOTAL} samples"),
        (lambda generation, count: (tf.zeros([count, 2]), np.zeros(count)), "y: "),
    ],
    ids=["numpy", "nothing", "another count", "labels of numpy"],
)
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_function_must_return_what_the_step_takes(function: Any, says: str, eagerly: bool) -> None:
    egan = model()
    egan.compile(run_eagerly=eagerly)
    assert says in refusal(egan, x=function, steps_per_epoch=2)


@pytest.mark.parametrize(
    ("dataset", "size"),
    [
        (lambda d: d.batch(5, drop_remainder=True), 5),
        (lambda d: d.batch(5), 5),
        (lambda d: d.batch(5).shuffle(9), 5),
        (lambda d: d.batch(5).map(lambda x: x * 0.5).prefetch(1).repeat(2).cache(), 5),
        (lambda d: d.batch(5, num_parallel_calls=2).map(lambda x: -x, num_parallel_calls=2), 5),
        (lambda d: d.batch(9).unbatch().batch(5).take(20), 5),
        (lambda d: d.padded_batch(5).filter(lambda x: True), 5),
        (lambda d: d.batch(5).unbatch(), None),
        (lambda d: d, None),
        (lambda d: d.batch(9).interleave(lambda x: tf.data.Dataset.from_tensors(x[:3])), None),
        (lambda d: d.batch(5).concatenate(d.batch(6)), None),
        (lambda d: d.ragged_batch(5).map(lambda x: x), 5),
    ],
)
def test_the_batch_size_is_what_the_dataset_declares(dataset: Any, size: int | None) -> None:
    made = dataset(slices(samples(67), None))
    assert declared_batch_size(made, made.element_spec.shape.rank == 2) == size


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["dataset", "generator", "PyDataset"])
def test_no_batch_size_is_guessed_from_the_first_batch(kind: str, seed: int, untrained: EGAN) -> None:
    batches = cut(samples(200))
    np.random.default_rng(seed).shuffle(batches)  # type: ignore[arg-type]
    spec = tf.TensorSpec([None, 2])
    made = {
        "dataset": tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec),
        "generator": iter(batches),
        "PyDataset": Batches(batches),
    }
    (found, *_) = generations(untrained, {"x": made[kind]}, batch_size=None)
    assert found.sizes.batch_size == 32


def test_a_pydataset_with_processes_is_refused(untrained: EGAN) -> None:
    assert refusal(untrained, x=Batches([], use_multiprocessing=True)).startswith("use_multiprocessing: ")
