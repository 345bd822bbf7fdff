"""Mixtures of equally likely isotropic Gaussians in the plane: the toy data of the E-GAN paper."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.base import Dataset, check_batch_arguments
from egan_tf.utils.checks import integer, number, one_of, require

if TYPE_CHECKING:
    import tensorflow as tf

DATA_STREAM = 0x64617461
"""Makes the points independent of noise with the same seed and step."""


class GaussianMixture(Dataset):
    """Points around `modes`, each mode equally likely, each coordinate with standard deviation `sigma`.

    Attributes:
        modes: float32 [K, 2], the means.
        sigma: the standard deviation of each coordinate around its mode.

    Besides, the attributes of `Dataset`.
    """

    in_graph: ClassVar[bool] = True

    def __init__(self, name: str, modes: np.ndarray | Sequence[Sequence[float]], sigma: float) -> None:
        """Raises `InputError` unless `modes` is [K, 2] of finite numbers, K at least 1, and `sigma` is above 0."""
        modes = np.array(modes, np.float32)
        planar = modes.ndim == 2 and len(modes) > 0 and modes.shape[1] == 2
        require(planar, "modes", f"must be [K, 2] with K of at least 1, got {modes.shape}")
        require(bool(np.isfinite(modes).all()), "modes", "must be finite numbers")
        modes.flags.writeable = False
        self.modes = modes
        self.sigma = number("sigma", sigma, 0.0, above=True)
        self.name = name
        self.split = "train"
        self.shape = (2,)
        self.value_range = None
        self.class_names = ()
        self.about = About(
            f"Mixture of {len(modes)} equally likely Gaussians in the plane, standard deviation {self.sigma:.5f}, "
            "drawn afresh for every batch.",
            license="none needed: computed",
            source="egan_tf, as in the authors' code",
            citation="C. Wang, C. Xu, X. Yao and D. Tao, Evolutionary generative adversarial networks, "
            "arXiv 1803.00657",
        )
        parameters = json.dumps([modes.astype(float).tolist(), self.sigma])
        self.fingerprint = hashlib.sha256(parameters.encode()).hexdigest()

    def batches(self, size: int, seed: int, start: int = 0) -> Callable[..., tf.Tensor]:
        """Returns `sample_fn(step, count=size)`, to be called inside a `tf.function`.

        It maps the absolute step (int64 scalar) and a Python integer to float32 [count, 2]; under `jit_compile` to the
        same values within 1e-6. `start` has no effect.

        Raises:
            InputError: as `Dataset.batches`.
        """
        size, seed, _ = check_batch_arguments(size, seed, start)

        def sample_fn(step: tf.Tensor | int, count: int = size) -> tf.Tensor:
            return _sample(self.modes, self.sigma, seed, step, count)

        return sample_fn

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Draws `count` points with numpy, float32 [count, 2]; they differ from those of `batches`."""
        random = np.random.default_rng([DATA_STREAM, integer("seed", seed, 0)])
        means = self.modes[random.integers(len(self.modes), size=integer("count", count))]
        return (means + self.sigma * random.standard_normal(means.shape)).astype(np.float32)


def load_ring8(argument: str = "", data_dir: Path | None = None, split: str = "train") -> GaussianMixture:
    """8 Gaussians on a circle of radius 2/1.414, standard deviation 0.02/1.414, as in the authors' code."""
    one_of("split", split, ("train",))
    angles = 2 * np.pi * np.arange(8) / 8
    return GaussianMixture("ring8", 2 / 1.414 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.02 / 1.414)


def load_grid25(argument: str = "", data_dir: Path | None = None, split: str = "train") -> GaussianMixture:
    """25 Gaussians on the grid 2·{-2..2}/2.828, standard deviation 0.05/2.828, as in the authors' code."""
    one_of("split", split, ("train",))
    axis = 2 * np.arange(-2, 3) / 2.828
    modes = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return GaussianMixture("grid25", modes, 0.05 / 2.828)


def _sample(modes: np.ndarray, sigma: float, seed: int, step: tf.Tensor | int, count: int) -> tf.Tensor:
    import tensorflow as tf

    from egan_tf.utils import randomness

    position = randomness.uniform([count], randomness.stream(seed ^ DATA_STREAM, step, 0), 0.0, 1.0)
    # The largest float below 1, times K, may round up to K.
    mode = tf.minimum(tf.cast(position * len(modes), tf.int32), len(modes) - 1)
    offset = randomness.normal([count, 2], randomness.stream(seed ^ DATA_STREAM, step, 1))
    return tf.gather(tf.constant(modes), mode) + sigma * offset
