"""Training on data of all kinds: what shows only in later batches, and the end of the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from tests.evolution.kinds import (
    BATCH,
    IMAGE,
    TOTAL,
    Batches,
    arguments,
    cut,
    model,
    samples,
)


@pytest.fixture(scope="module")
def trained() -> EGAN:
    """A model whose step is traced once."""
    return model()


@pytest.fixture(scope="module")
def trained_images() -> EGAN:
    return model(IMAGE)


def test_what_float32_cannot_hold_is_not_finite_where_a_function_makes_it() -> None:
    values = samples(2 * TOTAL, dtype="float64")
    values[3] = 1e300
    with pytest.raises(InputError, match="holds 1 sample that is not finite, the first in generation 1$"):
        model().fit(**arguments("function", values), batch_size=BATCH, verbose=0)


def late(kind: str, value: float) -> dict[str, Any]:
    """Data with two bad samples in the second and one in the third of four generations."""
    values = samples(4 * TOTAL, IMAGE)
    values[TOTAL + 1, 0, 0] = values[2 * TOTAL - 1, 1, 1] = values[3 * TOTAL - 1] = value
    words = arguments(kind, values)
    return {**words, "steps_per_epoch": 4} if "steps_per_epoch" in words else words


LATE = [
    "dataset of samples",
    "dataset of batches",
    "generator",
    "PyDataset with threads",
    "function",
    "endless dataset",
]


@pytest.mark.parametrize("value", [np.nan, -1.5])
@pytest.mark.parametrize("kind", LATE)
def test_a_bad_sample_in_a_later_batch_ends_the_epoch(kind: str, value: float, trained_images: EGAN) -> None:
    before = int(trained_images.generation.numpy())
    words = late(kind, value)
    if kind == "function":  # whose samples follow from the number of the generation
        trained_images.generation.assign(0)
        before = 0
    with pytest.raises(InputError) as error:
        trained_images.fit(**words, batch_size=BATCH, epochs=1 if "generator" in kind else 2, verbose=0)
    assert trained_images.generation.numpy() <= before + 4, "the second epoch has not begun"
    if "dataset" in kind or kind == "function":
        what = "outside [-1, 1]" if np.isfinite(value) else "not finite"
        assert f"holds 3 samples that are {what}, the first in generation {before + 2}" in str(error.value)
    else:
        assert ("scale them" if np.isfinite(value) else "not finite") in str(error.value)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("dataset of samples", {"jit_compile": True}),
        ("dataset of samples", {"run_eagerly": True}),
        ("function", {"steps_per_execution": 2}),
        ("function", {"run_eagerly": True}),
    ],
    ids=str,
)
def test_a_bad_sample_is_found_however_the_step_runs(kind: str, options: dict[str, Any]) -> None:
    egan = model(IMAGE)
    egan.compile(**{"jit_compile": False, **options})
    with pytest.raises(InputError, match="the first in generation 2"):
        egan.fit(**late(kind, np.inf), batch_size=BATCH, verbose=0)
    if options.get("run_eagerly"):
        assert egan.generation.numpy() == 1, "nothing was trained on it"


def test_what_one_call_found_is_no_matter_of_the_next(trained_images: EGAN) -> None:
    for _ in range(2):
        with pytest.raises(InputError, match="holds 3 samples that are not finite, the first in generation"):
            trained_images.fit(**late("dataset of samples", np.nan), batch_size=BATCH, verbose=0)
        trained_images.fit(samples(TOTAL, IMAGE), batch_size=BATCH, verbose=0)


def test_a_step_of_ones_own_refuses_bad_samples() -> None:
    egan = model(IMAGE)
    real = np.zeros([TOTAL, *IMAGE], "float32")
    egan.train_step(tf.constant(real))
    assert egan.generation.numpy() == 1
    for value, says in ((np.nan, "1 sample that is not finite"), (7.0, "outside")):
        real[5] = value
        with pytest.raises(InputError, match=says):
            egan.train_step(tf.constant(real))
        with pytest.raises(InputError):
            egan.train_on_batch(real)
    for wrong in (tf.zeros([TOTAL, *IMAGE], tf.int32), tf.zeros([TOTAL, 3])):
        with pytest.raises(InputError, match="^x: "):
            egan.train_step(wrong)
    assert egan.generation.numpy() == 1


def own_error(at: int) -> Iterator[np.ndarray]:
    yield from cut(samples(3 * TOTAL))[:at]
    raise OSError("the disk is gone")


class Failing(Batches):
    """Fails in the middle."""

    def __getitem__(self, index: int) -> Any:
        if index == 9:
            raise OSError("the disk is gone")
        return super().__getitem__(index)


@pytest.mark.parametrize(
    "make",
    [
        lambda: own_error(0),
        lambda: own_error(9),
        lambda: Failing(cut(samples(3 * TOTAL))),
        lambda: Failing(cut(samples(3 * TOTAL)), workers=2),
    ],
    ids=["at once", "generator", "PyDataset", "threads"],
)
def test_an_error_of_the_users_own_code_comes_through(make: Any, trained: EGAN) -> None:
    with pytest.raises(OSError, match="^the disk is gone$"):
        trained.fit(make(), batch_size=BATCH, verbose=0)


@pytest.mark.parametrize(
    "bad",
    [np.ones([8, 3], "float32"), np.ones([8, 2], "uint8"), (np.ones([8, 2], "float32"),) * 3],
    ids=["3", "u8", "w"],
)
@pytest.mark.parametrize("kind", ["generator", "PyDataset"])
def test_a_later_batch_of_another_kind_is_refused(kind: str, bad: Any, trained: EGAN) -> None:
    batches = [*cut(samples(2 * TOTAL)), bad]
    with pytest.raises(InputError, match="^x: "):
        trained.fit(iter(batches) if kind == "generator" else Batches(batches), batch_size=BATCH, verbose=0)


def test_a_later_batch_of_a_dataset_with_another_shape_is_told_in_one_line(trained: EGAN) -> None:
    batches = [*cut(samples(2 * TOTAL)), np.ones([8, 3], "float32")]
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_types="float32")
    with pytest.raises(InputError, match=r"^x: a batch has another shape: \[8,3\] instead of \[\?,2\]$"):
        trained.fit(dataset, batch_size=BATCH, verbose=0)


def test_an_epoch_without_a_generation_is_no_success(trained: EGAN) -> None:
    generator = (batch for batch in cut(samples(2 * TOTAL)))
    egan, before = trained, int(trained.generation.numpy())
    with pytest.raises(InputError, match="^epochs: must be 1"):
        egan.fit(generator, batch_size=BATCH, epochs=2, verbose=0)
    with pytest.raises(InputError, match=f"^x: ended before epoch 3 had a generation, which takes {TOTAL}"):
        egan.fit(generator, batch_size=BATCH, epochs=3, steps_per_epoch=1, verbose=0)
    assert egan.generation.numpy() == before + 2


def test_a_pydataset_is_told_of_its_epochs(trained: EGAN) -> None:
    dataset = Batches(cut(samples(2 * TOTAL)))
    before = int(trained.generation.numpy())
    trained.fit(dataset, batch_size=BATCH, epochs=2, verbose=0)
    assert trained.generation.numpy() == before + 4
    assert dataset.events == ["begin", "end"] * 2
