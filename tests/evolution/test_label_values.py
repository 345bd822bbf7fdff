"""Labels that are no class of the networks: however they come, in one line, and never trained on in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from egan_tf import EGAN, InputError
from egan_tf.evolution.label_check import class_count
from egan_tf.networks import build_discriminator, build_generator
from egan_tf.networks.conditional import OneHot
from tests.evolution.kinds import BATCH, CLASSES, LATENT, POINT, TOTAL, arguments, model, samples

BAD: dict[str, Any] = {
    "too large": np.int32(7),
    "just too large": np.int32(CLASSES),
    "negative": np.int32(-1),
    "fraction": np.float32(1.7),
    "unsigned and huge": np.uint64(2**64 - 1),
}
KINDS = ["array", "dataset of batches", "generator", "PyDataset", "function"]
OPTIONS: dict[str, dict[str, Any]] = {
    "graph": {"jit_compile": False},
    "jit": {"jit_compile": True},
    "eager": {"jit_compile": False, "run_eagerly": True},
}
VALID = "whole numbers from 0 to 3"
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("jit", "eager")]


@pytest.fixture(scope="module", params=["graph", *SLOW])
def trained(request: pytest.FixtureRequest) -> EGAN:
    egan = model(conditional=True)
    egan.compile(**OPTIONS[request.param])
    return egan


def data(kind: str, labels: np.ndarray) -> dict[str, Any]:
    words = arguments(kind, samples(len(labels)), labels)
    return {**words, "steps_per_epoch": len(labels) // TOTAL} if kind == "function" else words


def message(egan: EGAN, words: dict[str, Any]) -> str:
    with pytest.raises(InputError) as error:
        egan.fit(**words, batch_size=BATCH, verbose=0)
    assert "\n" not in str(error.value)
    return str(error.value)


# Those of a function are compiled anew for each label.
LATER = [(kind, bad) for kind in KINDS[:-1] for bad in BAD] + [("function", "too large"), ("function", "fraction")]
LATER += [pytest.param("function", bad, marks=pytest.mark.slow) for bad in BAD if ("function", bad) not in LATER]


@pytest.mark.parametrize(("kind", "bad"), LATER)
def test_a_bad_label_in_a_later_generation_is_told(kind: str, bad: str, trained: EGAN) -> None:
    labels = (np.arange(3 * TOTAL) % CLASSES).astype(BAD[bad].dtype)
    labels[TOTAL + 2] = labels[2 * TOTAL - 1] = BAD[bad]
    trained.generation.assign(0)
    said = message(trained, data(kind, labels))
    if kind == "array":
        assert said == f"y: holds the label {BAD[bad].item()}, but the networks take {VALID}"
        assert trained.generation.numpy() == 0
    elif kind in ("dataset of batches", "function"):
        assert said == f"y: holds 2 labels that are none of the networks' {VALID}, the first in generation 2"
        assert trained.generation.numpy() == (1 if trained.run_eagerly else 3)
    else:
        assert said == f"y: holds the label {BAD[bad].item()}, but the networks take {VALID}"
    assert all(np.isfinite(weight).all() for weight in trained.generator.get_weights())


@pytest.mark.parametrize("kind", KINDS)
def test_bools_are_no_classes(kind: str, trained: EGAN) -> None:
    trained.generation.assign(0)
    assert message(trained, data(kind, np.arange(2 * TOTAL) % 2 == 0)) == f"y: must hold {VALID}, got bool"
    assert trained.generation.numpy() == 0


@pytest.mark.parametrize("kind", ["dataset of batches", "function"])
def test_labels_that_are_not_finite_are_told(kind: str, trained: EGAN) -> None:
    labels = np.zeros(2 * TOTAL, "float32")
    labels[-1], labels[-2] = np.nan, np.inf
    assert "holds 2 labels that are none of" in message(trained, data(kind, labels))


@pytest.mark.parametrize("kind", ["array", "dataset of batches", "generator", "PyDataset"])
def test_a_bad_label_in_the_first_generation_is_refused_before_training(kind: str, trained: EGAN) -> None:
    labels = np.arange(2 * TOTAL) % CLASSES
    labels[3] = 7
    trained.generation.assign(0)
    assert message(trained, data(kind, labels)).startswith("y: holds the label 7, but")
    assert trained.generation.numpy() == 0


@pytest.mark.parametrize("kind", ["array", pytest.param("dataset of batches", marks=pytest.mark.slow), "function"])
def test_whole_numbers_of_any_type_train_as_int32(kind: str) -> None:
    found = []
    for each in ("int32", "uint8", "float64"):
        egan = model(conditional=True)
        egan.fit(**data(kind, (np.arange(2 * TOTAL) % CLASSES).astype(each)), batch_size=BATCH, verbose=0)
        found.append(egan.generator.get_weights())
    for one, *others in zip(*found, strict=True):
        for other in others:
            np.testing.assert_array_equal(one, other)


def test_a_dataset_of_texts_for_labels_is_refused(trained: EGAN) -> None:
    texts = tf.data.Dataset.from_tensor_slices((samples(TOTAL), ["a"] * TOTAL))
    assert message(trained, {"x": texts}) == "y: must hold numbers, got string"


def test_what_one_call_found_is_no_matter_of_the_next(trained: EGAN) -> None:
    good = np.zeros(2 * TOTAL, "int32")
    bad = np.where(np.arange(2 * TOTAL) == 2 * TOTAL - 1, 9, good)
    for _ in range(2):
        assert "holds 1 label that is none of" in message(trained, data("dataset of batches", bad))
        trained.fit(**data("dataset of batches", good), batch_size=BATCH, verbose=0)


@pytest.mark.parametrize("label", [7, -1, 1.7, True])
def test_steps_of_ones_own_refuse_bad_labels(label: Any, trained: EGAN) -> None:
    labels = np.full(TOTAL, label)
    for step in (lambda: trained.train_on_batch(samples(TOTAL), labels), lambda: trained.train_step(pair(labels))):
        with pytest.raises(InputError, match="^y: ") as error:
            step()
        assert "\n" not in str(error.value)
    for wrong in (np.zeros(TOTAL - 1, "int32"), np.zeros([TOTAL, 2], "int32"), ["a"] * TOTAL):
        with pytest.raises(InputError, match="^y: "):
            trained.train_step(pair(wrong))


def pair(labels: Any) -> Any:
    return tf.constant(samples(TOTAL)), labels


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 7], f"holds the label 7, but the networks take {VALID}"),
        ([0, -1], "holds the label -1"),
        ([0.5, 0], "holds the label 0.5"),
        ([True, False], f"must hold {VALID}, got bool"),
        ([0, np.nan], "not finite"),
        (["shirt", "shoe"], "must hold numbers"),
        ("shirt", "must be [2], one for each row of noise, got ()"),
        (1, "must be [2], one for each row of noise, got ()"),
        ([0, 1, 2], "must be [2], one for each row of noise, got (3,)"),
        ([[0], [1]], "must be [2], one for each row of noise, got (2, 1)"),
        ([[0], [1, 2]], "must be an array of labels, got a ragged list"),
        (None, "must be given if, and only if"),
    ],
    ids=str,
)
def test_labels_to_sample_with(labels: Any, says: str, trained: EGAN) -> None:
    with pytest.raises(InputError, match="^labels: ") as error:
        trained.sample(np.zeros([2, LATENT]), labels)
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("make", [list, tuple, np.array, tf.constant, tf.Variable, np.float32, np.uint8])
def test_labels_of_any_kind_sample_the_same(make: Callable[[Any], Any], trained: EGAN) -> None:
    noise = np.random.default_rng(0).normal(size=[3, LATENT]).astype("float32")
    expected = trained.sample(noise, tf.constant([0, 3, 1], tf.int32))
    np.testing.assert_array_equal(trained.sample(noise, make([0, 3, 1])), expected)
    in_graph = tf.function(lambda labels: trained.sample(noise, labels), autograph=False)
    np.testing.assert_allclose(in_graph(tf.constant([0, 3, 1])), expected, rtol=1e-6)
    with pytest.raises(InputError, match="^labels: must be"):
        in_graph(tf.constant([0, 3]))


# -- how many classes networks know ------------------------------------------------------------------------------


def network(outputs: int, made_of: Callable[[Any], Any], shape: Any = (), dtype: str = "int32") -> keras.Model:
    """A network whose second input goes through a function to [batch, n]."""
    first, labels = keras.Input((LATENT if outputs == 2 else 2,)), keras.Input(shape, dtype=dtype)
    return keras.Model([first, labels], layers.Dense(outputs)(layers.Concatenate()([first, made_of(labels)])))


class Rows(keras.layers.Layer):
    """One-hot rows, which say nothing of their number."""

    def call(self, labels: Any) -> Any:
        return ops.one_hot(ops.cast(labels, "int32"), 5)


def nested(labels: Any) -> Any:
    inner = keras.Input((), dtype="int32")
    return keras.Model(inner, layers.Embedding(5, 2)(inner))(labels)


def nested_beside(labels: Any) -> Any:
    """The labels are the second input of a model in the model."""
    other, inner = keras.Input((2,)), keras.Input((), dtype="int32")
    joined = keras.Model([other, inner], layers.Add()([other, layers.Embedding(5, 2)(inner)]))
    return joined([layers.Embedding(9, 2)(labels), labels])


READ: dict[str, tuple[Callable[[Any], Any], Any, int | None]] = {
    "embedding": (lambda y: layers.Embedding(5, 2)(y), (), 5),
    "embedding of a row": (lambda y: layers.Flatten()(layers.Embedding(5, 2)(y)), (1,), 5),
    "reshaped": (lambda y: layers.Flatten()(layers.Embedding(5, 2)(layers.Reshape((1,))(y))), (), 5),
    "operations": (lambda y: ops.one_hot(ops.cast(ops.squeeze(ops.expand_dims(y, -1), -1), "int64"), 5), (), 5),
    "our one-hot": (lambda y: OneHot(5)(y), (), 5),
    "category encoding": (lambda y: layers.CategoryEncoding(5, output_mode="one_hot")(y), (1,), 5),
    "wrapped": (lambda y: layers.SpectralNormalization(layers.Embedding(5, 2))(y), (), 5),
    "sequential": (lambda y: keras.Sequential([layers.Embedding(5, 2), layers.Dense(3)])(y), (), 5),
    "nested": (nested, (), 5),
    "second of nested": (nested_beside, (), 5),
    "two of them": (lambda y: layers.Concatenate()([layers.Embedding(7, 2)(y), layers.Embedding(5, 2)(y)]), (), 5),
    "a layer of one's own": (lambda y: Rows()(y), (), None),
    "vectors": (lambda y: ops.cast(y, "float32"), (5,), None),
}


@pytest.mark.parametrize("name", READ)
def test_the_number_of_classes_is_read_off_the_network(name: str) -> None:
    made_of, shape, expected = READ[name]
    assert class_count(network(1, made_of, shape)) == expected


@pytest.mark.parametrize("name", ["mlp", "dcgan", "residual"])
def test_the_number_of_classes_of_our_networks(name: str) -> None:
    assert class_count(build_generator(name, (8, 8, 1), 4, 4, "batch", 3)) == 3
    assert class_count(build_discriminator(name, (8, 8, 1), 4, "none", 3)) == 3
    assert class_count(build_discriminator(name, (8, 8, 1), 4)) is None


def embedded(classes: int, shape: Any = ()) -> Callable[[int], keras.Model]:
    made_of = lambda y: layers.Flatten()(layers.Embedding(classes, 2)(layers.Reshape((1,))(y)))  # noqa: E731
    return lambda outputs: network(outputs, made_of, shape)


def rows(outputs: int, size: int = 3) -> keras.Model:
    return network(outputs, lambda y: y, (size,), "float32")


@pytest.mark.parametrize(
    ("made", "judged", "says"),
    [
        (embedded(3), embedded(4), "takes labels of 4 classes, but the generator takes 3"),
        (embedded(3), rows, "takes labels of shape (3,), but the generator takes ()"),
        (rows, embedded(3), "takes labels of shape (), but the generator takes (3,)"),
        (rows, lambda outputs: rows(outputs, 4), "takes labels of shape (4,), but the generator takes (3,)"),
    ],
    ids=["classes", "numbers and rows", "rows and numbers", "rows"],
)
def test_networks_whose_labels_differ_are_refused(made: Any, judged: Any, says: str) -> None:
    with pytest.raises(InputError) as error:
        EGAN(made(2), judged(1))
    assert str(error.value) == f"discriminator: {says}"


def fitted(made: keras.Model, judged: keras.Model, labels: Any) -> EGAN:
    egan = EGAN(made, judged, mutations=("heuristic",))
    egan.compile(jit_compile=False)
    egan.fit(samples(len(labels)), labels, batch_size=BATCH, verbose=0)
    return egan


@pytest.mark.parametrize(("one", "other"), [((), (1,)), ((1,), ())])
def test_an_axis_of_one_is_no_difference(one: Any, other: Any) -> None:
    labels = np.arange(TOTAL).reshape(TOTAL, *other) % 3
    egan = fitted(embedded(3, one)(2), embedded(3, other)(1), labels)
    noise = np.ones([3, LATENT])
    np.testing.assert_array_equal(egan.sample(noise, [0, 1, 2]), egan.sample(noise, np.reshape([0, 1, 2], [3, *other])))
    with pytest.raises(InputError, match="^y: holds the label 3, "):
        egan.fit(samples(TOTAL), labels + 1, batch_size=BATCH, verbose=0)


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_rows_for_labels_are_what_the_networks_take(dtype: str) -> None:
    egan = fitted(rows(2), rows(1), np.eye(3)[np.arange(TOTAL) % 3].astype(dtype))
    assert egan.sample(np.ones([3, LATENT]), np.eye(3)).shape == (3, *POINT)
    with pytest.raises(InputError, match=r"^labels: must be \[3, 3\], one for each row of noise, got \(3,\)"):
        egan.sample(np.ones([3, LATENT]), [0, 1, 2])


def test_rows_need_hold_no_single_one() -> None:
    fitted(rows(2), rows(1), np.full([TOTAL, 3], 0.3, "float32"))


def test_the_network_that_knows_the_classes_decides() -> None:
    labels = np.full(TOTAL, 5)
    with pytest.raises(InputError, match="^y: holds the label 5, but the networks take whole numbers from 0 to 4$"):
        fitted(network(2, lambda y: Rows()(y)), embedded(5)(1), labels)
    with pytest.raises(InputError, match="^y: holds the label 0.5, but the networks take whole numbers$"):
        fitted(network(2, lambda y: Rows()(y)), network(1, lambda y: Rows()(y)), labels / 10)
