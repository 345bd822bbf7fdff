"""Class-conditional networks: closed forms, training with matched labels, and exports that sample by label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, Sampler
from egan_tf.export import export_generator
from egan_tf.networks import NETWORKS, build_discriminator, build_generator
from egan_tf.networks.conditional import InnerProduct, Labels, OneHot, conditional_batch_norm

SHAPE, LATENT, WIDTH, CLASSES, BATCH = (8, 8, 1), 4, 4, 3, 6
NAMES = ("shirt", "shoe", "hat")


def networks(name: str, normalization: str = "auto") -> tuple[keras.Model, keras.Model]:
    keras.utils.set_random_seed(1)
    generator = build_generator(name, SHAPE, LATENT, WIDTH, normalization, CLASSES)
    return generator, build_discriminator(name, SHAPE, WIDTH, normalization, CLASSES)


@pytest.mark.parametrize("name", NETWORKS)
def test_labels_change_samples_and_logits(name: str) -> None:
    generator, discriminator = networks(name)
    noise, labels = tf.random.stateless_normal([CLASSES, LATENT], [1, 1]), tf.range(CLASSES)
    same = tf.repeat(noise[:1], CLASSES, axis=0)
    samples = generator([same, labels]).numpy()
    assert samples.shape == (CLASSES, *SHAPE) and len({sample.tobytes() for sample in samples}) == CLASSES
    logits = discriminator([tf.repeat(samples[:1], CLASSES, axis=0), labels]).numpy()
    assert logits.shape == (CLASSES, 1) and len(set(logits[:, 0])) == CLASSES


@pytest.mark.parametrize("name", NETWORKS)
def test_without_classes_nothing_changes(name: str) -> None:
    keras.utils.set_random_seed(1)
    plain = build_generator(name, SHAPE, LATENT, WIDTH), build_discriminator(name, SHAPE, WIDTH)
    keras.utils.set_random_seed(1)
    zero = build_generator(name, SHAPE, LATENT, WIDTH, "auto", 0), build_discriminator(name, SHAPE, WIDTH, "auto", 0)
    for one, other in zip(plain, zero, strict=True):
        assert len(one.inputs) == len(other.inputs) == 1
        for weight, same in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, same)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_logit_is_the_plain_one_plus_a_projection(name: str) -> None:
    """The embedding of a class is the difference of its logit from that of an embedding of zero, over the features."""
    discriminator = networks(name, "none")[1]
    (embedding,) = (layer for layer in discriminator.layers if isinstance(layer, InnerProduct))
    rows, features = embedding.input
    parts = keras.Model(discriminator.inputs, [rows, features, discriminator.output])
    samples, labels = tf.random.stateless_normal([5, *SHAPE], [2, 1]), tf.constant([0, 1, 2, 1, 0])
    found_rows, found_features, logits = parts([samples, labels])
    (table,) = (
        layer.kernel
        for layer in discriminator.layers
        if isinstance(layer, keras.layers.Dense) and tuple(layer.kernel.shape) == (CLASSES, features.shape[-1])
    )
    np.testing.assert_allclose(found_rows, np.asarray(table)[labels.numpy()], rtol=1e-6)
    table.assign(tf.zeros_like(table))
    plain = discriminator([samples, labels])
    product = np.sum(np.asarray(found_rows) * np.asarray(found_features), axis=1, keepdims=True)
    np.testing.assert_allclose(logits, plain + product, rtol=1e-5, atol=1e-6)


def test_batch_norm_has_a_scale_and_an_offset_for_each_class() -> None:
    x, label = keras.Input((2, 2, 3)), keras.Input((), dtype="int32")
    model = keras.Model([x, label], conditional_batch_norm(x, Labels(label, CLASSES)))
    scale, offset = (layer for layer in model.layers if isinstance(layer, keras.layers.Embedding))
    random = np.random.default_rng(0)
    scale.embeddings.assign(random.normal(size=(CLASSES, 3)))
    offset.embeddings.assign(random.normal(size=(CLASSES, 3)))
    images, labels = random.normal(size=(7, 2, 2, 3)).astype("float32"), np.arange(7) % CLASSES
    mean, variance = images.mean(axis=(0, 1, 2)), images.var(axis=(0, 1, 2))
    normal = (images - mean) / np.sqrt(variance + 1e-5)
    factors, offsets = (np.asarray(one.embeddings)[labels][:, None, None] for one in (scale, offset))
    np.testing.assert_allclose(model([images, labels], training=True), normal * factors + offsets, rtol=1e-4, atol=1e-5)


def test_the_layers_are_saved(tmp_path: Path) -> None:
    generator, discriminator = networks("residual")
    for network in (generator, discriminator):
        network.save(tmp_path / "it.keras")
        loaded = keras.models.load_model(tmp_path / "it.keras")
        first = tf.random.stateless_normal([3, *network.inputs[0].shape[1:]], [1, 1])
        np.testing.assert_array_equal(loaded([first, tf.range(3)]), network([first, tf.range(3)]))
    np.testing.assert_array_equal(OneHot(3)(tf.constant([2, 0])), [[0, 0, 1], [1, 0, 0]])


def trained(name: str, jit: bool = False, labels: np.ndarray | None = None, **settings: Any) -> EGAN:
    egan = EGAN(*networks(name), **{"mutations": ("heuristic", "minimax"), "r1_weight": 0.1, **settings})
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=jit)
    random = np.random.default_rng(0)
    given = np.arange(2 * BATCH) % CLASSES if labels is None else labels
    images = np.tanh(random.normal(size=(2 * BATCH, *SHAPE)) + given[:, None, None, None]).astype("float32")
    egan.fit(images, given.astype("int32"), batch_size=BATCH, shuffle=False, verbose=0)
    assert egan.conditional and np.isfinite(egan.population.scores.fitness).all()
    return egan


HEAVY = ("residual", "modern")
RUNS = [
    pytest.param(name, jit, marks=pytest.mark.slow if jit or name in HEAVY else [])
    for name in NETWORKS
    for jit in (False, True)
]


@pytest.mark.parametrize(("name", "jit"), RUNS)
def test_every_network_trains_and_exports_by_label(name: str, jit: bool, tmp_path: Path) -> None:
    egan = trained(name, jit)
    settings: dict[str, Any] = {"latent": egan.latent, "value_range": (-1, 1), "card": {}, "class_names": NAMES}
    sampler = Sampler(export_generator(egan.best_generator, tmp_path / "it", **settings))
    noise = sampler.noise(5)
    for label, class_name in enumerate(NAMES):
        expected = egan.sample(noise, tf.fill([5], label))
        np.testing.assert_allclose(sampler.sample(5, labels=class_name), expected, rtol=0, atol=1e-5)


def test_a_shuffle_of_the_labels_breaks_the_match() -> None:
    """The same images with other labels lead to other networks; the labels reach generator and discriminator."""
    labels = np.arange(2 * BATCH) % CLASSES
    right, wrong = trained("mlp", labels=labels), trained("mlp", labels=np.roll(labels, 1))
    again = trained("mlp", labels=labels)
    for network in ("generator", "discriminator"):
        ours, other, same = (getattr(egan, network).get_weights() for egan in (right, wrong, again))
        assert any(not np.array_equal(a, b) for a, b in zip(ours, other, strict=True))
        assert all(np.array_equal(a, b) for a, b in zip(ours, same, strict=True))
