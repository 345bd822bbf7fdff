"""Data of all kinds by the same rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.batches import Batches as GenerationBatches
from egan_tf.evolution.batches import LabelledBatches, sizes_for
from egan_tf.evolution.draw_source import draw
from egan_tf.evolution.real_data import source_of
from egan_tf.evolution.samples import SampleFormat
from egan_tf.evolution.stream_source import declared_batch_size
from tests.evolution.kinds import (
    ARRAYS,
    BATCH,
    ENDLESS_KINDS,
    IMAGE,
    KINDS,
    POINT,
    STREAMS,
    Batches,
    arguments,
    cut,
    model,
    samples,
    slices,
)

TOTAL = 2 * BATCH
FLOATS = ("float16", "float32", "float64", tf.bfloat16.as_numpy_dtype)
OTHERS = ("uint8", "int64", "bool", "complex64", "S3")
LAST = 2**40


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is, as its data is refused before training."""
    return model()


@pytest.fixture(scope="module")
def untrained_images() -> EGAN:
    return model(IMAGE)


@pytest.fixture(scope="module")
def untrained_conditional() -> EGAN:
    return model(conditional=True)


@pytest.fixture(scope="module")
def trained() -> EGAN:
    """A model whose step is traced once."""
    return model()


@pytest.fixture(scope="module")
def trained_images() -> EGAN:
    return model(IMAGE)


def refusal(egan: EGAN, **words: Any) -> str:
    """The message of the error that ends `fit` before it trains."""
    with pytest.raises(InputError) as error:
        egan.fit(**{"batch_size": BATCH, "verbose": 0, **words})
    assert egan.generation.numpy() == 0
    assert "\n" not in str(error.value)
    return str(error.value)


def generations(egan: EGAN, words: dict[str, Any], batch_size: int | None = BATCH) -> list[GenerationBatches]:
    """The real samples of an epoch."""
    expected = SampleFormat.of(egan.discriminator)
    steps, shuffle = words.get("steps_per_epoch"), words.get("shuffle")
    source = source_of(words["x"], words.get("y"), expected, batch_size, 0, shuffle, lambda: int(egan.generation))
    sizes = sizes_for(egan.settings, source.batch_size)
    if source.sample_fn is not None:
        return [draw(source.sample_fn, tf.constant(step, tf.int64), sizes, expected) for step in range(steps)]
    return list(itertools.islice(source.epoch(sizes, steps).dataset, steps))


def flat(batches: GenerationBatches) -> np.ndarray:
    return np.concatenate([batches.evaluation.numpy(), *batches.fresh.numpy()])


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


@pytest.mark.parametrize("kind", KINDS)
def test_labels_travel_with_their_samples(kind: str, untrained_conditional: EGAN) -> None:
    values, labels = samples(2 * TOTAL), np.arange(2 * TOTAL, dtype="int32")
    for step, batches in enumerate(generations(untrained_conditional, arguments(kind, values, labels))):
        assert isinstance(batches, LabelledBatches)
        found = np.concatenate([batches.evaluation_labels.numpy(), *batches.fresh_labels.numpy()])
        np.testing.assert_array_equal(found, labels[step * TOTAL : (step + 1) * TOTAL])
        np.testing.assert_array_equal(flat(batches), values[step * TOTAL : (step + 1) * TOTAL])


@pytest.mark.parametrize("kind", KINDS)
def test_networks_without_labels_get_none(kind: str, untrained: EGAN) -> None:
    words = arguments(kind, samples(2 * TOTAL), np.zeros(2 * TOTAL, "int32"))
    assert not any(isinstance(batches, LabelledBatches) for batches in generations(untrained, words))


def test_labels_that_are_no_numbers_are_refused(untrained_conditional: EGAN) -> None:
    for labels in (["a"] * 2 * TOTAL, np.full(2 * TOTAL, np.nan), [None] * 2 * TOTAL, np.zeros(2 * TOTAL - 1), 3):
        assert refusal(untrained_conditional, x=samples(2 * TOTAL), y=labels).startswith("y: ")


@pytest.mark.parametrize("kind", KINDS)
def test_networks_with_labels_need_them(kind: str, untrained_conditional: EGAN) -> None:
    assert refusal(untrained_conditional, **arguments(kind, samples(2 * TOTAL))).startswith("y: must hold labels")


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_another_shape_are_refused(kind: str, untrained_conditional: EGAN) -> None:
    words = arguments(kind, samples(2 * TOTAL), np.zeros([2 * TOTAL, 1], "int32"))
    assert refusal(untrained_conditional, **words).startswith("y: ")


@pytest.mark.parametrize("kind", [*STREAMS, *ENDLESS_KINDS])
def test_labels_beside_what_yields_them_are_refused(kind: str, untrained: EGAN) -> None:
    message = refusal(untrained, **arguments(kind, samples(2 * TOTAL)), y=np.zeros(2 * TOTAL))
    assert message.startswith("y: must not be given beside")


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


class Unknown:
    """Something that is no data."""


@pytest.mark.parametrize(
    "x",
    [
        None,
        Unknown(),
        Unknown,
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
    ids=repr,
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


# -- training ----------------------------------------------------------------------------------------------------


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
    for wrong in (tf.zeros([TOTAL, *IMAGE], tf.uint8), tf.zeros([TOTAL, 3])):
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


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros(7), "^y: a batch has not as many labels as samples$"),
        (np.zeros([8, 1]), r"^y: a batch has another shape: \[8,1\] instead of \[\?\]$"),
    ],
    ids=["fewer", "2-D"],
)
def test_labels_of_a_dataset_that_do_not_fit_are_told_in_one_line(
    labels: np.ndarray, says: str, untrained_conditional: EGAN
) -> None:
    batches = [(samples(8), labels)] * 9
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_types=("float32", "float64"))
    with pytest.raises(InputError, match=says):
        untrained_conditional.fit(dataset, batch_size=BATCH, verbose=0)


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


def test_a_pydataset_with_processes_is_refused(untrained: EGAN) -> None:
    assert refusal(untrained, x=Batches([], use_multiprocessing=True)).startswith("use_multiprocessing: ")


# -- the order of arrays -----------------------------------------------------------------------------------------


def equal(one: EGAN, other: EGAN) -> bool:
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(one.variables, other.variables, strict=True))


@pytest.mark.parametrize(
    ("words", "conditional"), [({}, True), ({"shuffle": False, "steps_per_epoch": 9}, False)], ids=str
)
def test_calls_of_fit_go_on_where_the_last_one_stopped(words: dict[str, Any], conditional: bool) -> None:
    x, y = samples(110), np.arange(110) % 4
    once, often = model(conditional=conditional), model(conditional=conditional)
    once.fit(x, y, batch_size=BATCH, epochs=3, verbose=0, **words)
    for _ in range(3):
        often.fit(x, y, batch_size=BATCH, verbose=0, **words)
    assert once.generation.numpy() == 3 * words.get("steps_per_epoch", 110 // TOTAL)
    assert equal(once, often)


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_is_shown_once_in_a_pass(shuffle: bool, untrained: EGAN) -> None:
    count = 110
    values = np.arange(2 * count, dtype="float32").reshape(count, 2)
    seen = []
    try:
        for _ in range(4):
            for batches in generations(untrained, {"x": values, "shuffle": shuffle}):
                seen.append(flat(batches))
                untrained.generation.assign_add(1)
    finally:
        untrained.generation.assign(0)
    rows = np.concatenate(seen)
    assert len(rows) == 4 * (count // TOTAL) * TOTAL
    order = (rows[:, 0] / 2).astype(int)
    passes = order[: len(order) // count * count].reshape(-1, count)
    assert (np.sort(passes, axis=1) == np.arange(count)).all()
    assert (np.diff(order[:count]) == 1).all() == (not shuffle)
    assert (passes[0] == passes[1]).all() == (not shuffle)


def test_the_order_depends_on_the_seed_and_an_epoch_has_as_many_generations_as_fit(untrained: EGAN) -> None:
    values = samples(110)
    orders = {np.concatenate([flat(b) for b in generations(model(seed=s), {"x": values})]).tobytes() for s in (0, 0)}
    assert len(orders) == 1
    assert len(generations(untrained, {"x": values}, batch_size=36)) == 1
    assert len(generations(untrained, {"x": values}, batch_size=4)) == 13
    expected = SampleFormat.of(untrained.discriminator)
    sizes = sizes_for(untrained.settings, BATCH)

    def first(seed: int, generation: int) -> bytes:
        source = source_of(values, None, expected, BATCH, seed, None, lambda: generation)
        return flat(next(iter(source.epoch(sizes, None).dataset))).tobytes()

    assert first(0, 3) == first(0, 3)
    assert len({first(0, 3), first(1, 3), first(0, 4), first(2**62, LAST)}) == 4


@pytest.mark.parametrize("steps_per_execution", [4, 50])
def test_an_epoch_of_an_array_is_as_long_however_it_is_called(steps_per_execution: int) -> None:
    egan = model()
    egan.compile(steps_per_execution=steps_per_execution, jit_compile=False)
    egan.fit(samples(110), batch_size=BATCH, epochs=2, verbose=0)
    assert egan.generation.numpy() == 2 * (110 // TOTAL)
