from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.data import ImageDataset
from egan_tf.evolution.latent import Latent
from egan_tf.metrics.sources import from_model, from_noise, from_sample_fn
from egan_tf.utils.checks import InputError
from tests.evolution.networks import points


def test_samples_from_noise_do_not_depend_on_the_count():
    latent = Latent(3)
    few, many, other = (
        np.concatenate(list(from_noise(lambda noise: 2 * noise, latent, batch=16)(count, seed)))
        for count, seed in ((20, 1), (70, 1), (70, 2))
    )
    assert few.shape == (20, 3) and many.shape == (70, 3)
    np.testing.assert_array_equal(few, many[:20])
    assert not np.isclose(many, other).any()
    assert len(np.unique(many)) == 210


def test_a_function_of_noise_is_traced_once():
    traces = []

    @tf.function
    def generate(noise):
        traces.append(noise.shape)
        return noise

    list(from_noise(generate, Latent(3), batch=16)(70, 0))
    assert traces == [(16, 3)]


def test_every_batch_of_a_sample_fn_has_another_seed():
    blocks = from_sample_fn(lambda count, seed: np.random.default_rng(seed).normal(size=(count, 2)), batch=16)
    (few, again, other) = (np.concatenate(list(blocks(40, seed))) for seed in (0, 0, 1))
    np.testing.assert_array_equal(few, again)
    assert len(np.unique(np.concatenate([few, other]))) == 160


def test_a_model_samples_from_the_averaged_weights_of_the_fittest():
    egan = EGAN(*points(), evaluation_size=8, ema_decay=0.9, seed=4)
    egan.compile(jit_compile=False)
    egan.fit(np.random.default_rng(0).normal(size=(80, 2)).astype("f4"), batch_size=8, epochs=1, verbose=0)
    samples = np.concatenate(list(from_model(egan, batch=32)(50, 9)))
    noise = np.concatenate(list(from_noise(lambda noise: noise, egan.latent, batch=32)(50, 9)))
    np.testing.assert_allclose(samples, egan.individual(0, averaged=True)(noise, training=False), atol=1e-5)
    assert not np.allclose(samples, egan.individual(0, averaged=False)(noise, training=False), atol=1e-5)


class Conditional:
    """Returns its labels as samples."""

    conditional = True
    latent = Latent(2)

    def sample(self, noise, labels):
        assert noise.shape == (16, 2)
        return np.asarray(labels, "float32")[:, None]


def test_a_conditional_model_gets_labels_with_the_frequencies_of_the_data():
    labels = np.repeat([0, 1, 2], [10, 20, 70])
    dataset = ImageDataset("x", np.zeros((100, 2, 2, 1), np.uint8), labels, "abc")
    drawn = np.concatenate(list(from_model(Conditional(), dataset, batch=16)(3000, 0))).ravel()
    assert np.bincount(drawn.astype(int)) / 3000 == pytest.approx([0.1, 0.2, 0.7], abs=0.04)
    with pytest.raises(InputError, match="^dataset: must have labels"):
        from_model(Conditional(), ImageDataset("x", np.zeros((9, 2, 2, 1), np.uint8)))
