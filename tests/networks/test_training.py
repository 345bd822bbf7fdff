"""Every network in E-GAN: it trains, exports and agrees, in each precision, with XLA and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from egan_tf import EGAN
from egan_tf.export import export_generator
from egan_tf.export.formats import FORMATS
from egan_tf.networks import NETWORKS, build_discriminator, build_generator
from tests.evolution.plain_loop import train_plainly
from tests.evolution.test_keras_optimizers import assert_same_weights

SIDE, LATENT, BATCH = 8, 4, 8
SHAPE = (SIDE, SIDE, 1)


@pytest.fixture
def policy(request: pytest.FixtureRequest) -> Iterator[str]:
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


in_float64 = pytest.mark.parametrize("policy", ["float64"], indirect=True)


def images(count: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.tanh(np.random.default_rng(0).normal(size=(count, *shape))).astype("float32")


def networks(
    name: str, width: int = 4, normalizations: tuple[str, str] = ("auto", "auto")
) -> tuple[keras.Model, keras.Model]:
    keras.utils.set_random_seed(1)
    return (
        build_generator(name, SHAPE, LATENT, width, normalizations[0]),
        build_discriminator(name, SHAPE, width, normalizations[1]),
    )


def trained(name: str, steps: int = 2, jit: bool = False, width: int = 4, **settings: object) -> EGAN:
    egan = EGAN(*networks(name, width), **settings)
    egan.compile(jit_compile=jit)
    data = images(steps * egan.samples_per_generation(BATCH))
    history = egan.fit(data, batch_size=BATCH, epochs=1, verbose=0).history
    assert history and all(np.isfinite(values).all() for values in history.values())
    assert int(egan.generation.numpy()) == steps
    assert all(np.isfinite(weight.numpy()).all() for weight in egan.generator.weights + egan.discriminator.weights)
    return egan


# `tests/test_registries.py` runs each network through training and export among the fast tests.
@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_trains_and_exports(name: str, policy: str, jit: bool, tmp_path: Path) -> None:
    egan = trained(name, jit=jit)
    directory = export_generator(
        egan.best_generator,
        tmp_path / "it",
        latent=egan.latent,
        value_range=(-1, 1),
        card={},
        formats=["onnx", "saved_model"],
    )
    noise = np.random.default_rng(0).standard_normal((5, LATENT), dtype=np.float32)
    samples = [FORMATS[kind].load(directory)(noise) for kind in ("onnx", "saved_model")]
    np.testing.assert_allclose(*samples, rtol=0, atol=1e-5)
    # The export is in float32; a generator in bfloat16 differs by its rounding.
    tolerance = 1e-5 if policy == "float32" else 0.1
    np.testing.assert_allclose(samples[0], egan.best_generator(noise, training=False), rtol=0, atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"], indirect=True)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_stays_finite_in_a_population_with_penalty(name: str, policy: str) -> None:
    """The penalty needs the gradient of a gradient of each layer."""
    trained(name, steps=20, width=8, population_size=2, r1_weight=1.0)


@in_float64
@pytest.mark.parametrize("reuse", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("name", "normalizations"),
    [
        ("mlp", ("spectral", "spectral")),
        pytest.param("dcgan", ("spectral", "spectral"), marks=pytest.mark.slow),
        pytest.param("residual", ("auto", "auto"), marks=pytest.mark.slow),
        pytest.param("residual", ("spectral", "batch"), marks=pytest.mark.slow),
        pytest.param("modern", ("auto", "auto"), marks=pytest.mark.slow),
    ],
)
def test_trains_as_in_a_plain_loop(name: str, normalizations: tuple[str, str], reuse: bool, policy: str) -> None:
    """Weights, BatchNorm's statistics and the vectors of spectral normalization."""
    width = 16 if name == "mlp" else 4
    ours, theirs = networks(name, width, normalizations), networks(name, width, normalizations)
    for one, other in zip(ours, theirs, strict=True):
        other.set_weights(one.get_weights())
    egan = EGAN(*ours, mutations=["heuristic"], reuse_evaluation_batch=reuse)
    egan.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05), jit_compile=False)
    data = images(3 * egan.samples_per_generation(BATCH))
    egan.fit(data, batch_size=BATCH, shuffle=False, verbose=0)
    optimizers = keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05)
    train_plainly(egan, *theirs, optimizers, data, 3, BATCH)
    assert_same_weights(egan.generator, theirs[0])
    assert_same_weights(egan.discriminator, theirs[1])


@in_float64
@pytest.mark.parametrize("steps", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_scoring_does_not_move_the_vectors(steps: int, policy: str) -> None:
    """They take one iteration for the real and one for the generated batch of each step of the discriminator.

    Neither three mutations, nor the evaluation of six children, nor samples add to that.
    """
    egan = EGAN(*networks("mlp", 4, ("none", "spectral")), population_size=2, discriminator_steps=steps)
    # With a rate of zero the kernels stay, so that the vectors tell how often they have moved.
    egan.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.0), jit_compile=False)
    expected = [
        (layer.u.numpy(), layer.as_matrix(layer.kernel.numpy()).numpy())
        for layer in egan.discriminator.layers
        if hasattr(layer, "u")
    ]
    egan.fit(images(2 * egan.samples_per_generation(BATCH)), batch_size=BATCH, shuffle=False, verbose=0)
    egan.best_generator(np.zeros((2, LATENT), "float32"))
    found = [layer.u.numpy() for layer in egan.discriminator.layers if hasattr(layer, "u")]
    assert len(found) == len(expected) == 4
    for u, (start, kernel) in zip(found, expected, strict=True):
        for _ in range(2 * 2 * steps):
            start = start @ kernel.T @ kernel
            start /= np.linalg.norm(start)
        np.testing.assert_allclose(u, start, rtol=1e-6, atol=1e-9)
