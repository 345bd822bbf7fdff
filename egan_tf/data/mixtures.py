"""Mixtures of equally likely round Gaussians in the plane: the toys of the E-GAN paper."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from egan_tf.data.base import Dataset, check_order
from egan_tf.utils.checks import integer, number, one_of, require

if TYPE_CHECKING:
    import tensorflow as tf

# Keeps the data's random numbers apart from noise that somebody else draws from the same (seed, step).
STREAM = 0x64617461


class GaussianMixture(Dataset):
    """Points around `modes`, each mode equally likely, each coordinate with standard deviation `sigma`.

    Attributes, besides those of `Dataset`:
        modes: float32 [K, 2], the means.
        sigma: the standard deviation of each coordinate around its mode.
    """

    in_graph: ClassVar[bool] = True

    def __init__(self, name: str, modes: np.ndarray | Sequence[Sequence[float]], sigma: float) -> None:
        """Raises InputError unless `modes` is [K, 2] of finite numbers, K at least 1, and `sigma` is above 0."""
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
        self.description = (
            f"Mixture of {len(modes)} equally likely Gaussians in the plane, standard deviation {self.sigma:.5f}, "
            "drawn afresh for every batch (as in the toy experiments of E-GAN, arXiv 1803.00657)."
        )
        parameters = json.dumps([modes.astype(float).tolist(), self.sigma])
        self.fingerprint = hashlib.sha256(parameters.encode()).hexdigest()

    def batches(self, size: int, seed: int, start: int = 0) -> Callable[..., tf.Tensor]:
        """Returns `draw(step, count=size)`, to be called inside a `tf.function`.

        `draw` takes the absolute step (int64 scalar; `start` is checked and otherwise of no consequence) and a Python
        integer, and returns float32 [count, 2]. With `jit_compile` it returns the same values within 1e-6.
        """
        size, seed, _ = check_order(size, seed, start)

        def draw(step: tf.Tensor | int, count: int = size) -> tf.Tensor:
            return _draw(self.modes, self.sigma, seed, step, count)

        return draw

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Returns `count` points, float32 [count, 2], by numpy alone; not the points that `batches` draws."""
        random = np.random.default_rng([STREAM, integer("seed", seed, 0)])
        centre = self.modes[random.integers(len(self.modes), size=integer("count", count))]
        return (centre + self.sigma * random.standard_normal(centre.shape)).astype(np.float32)


def load_ring8(data_dir: Path | None = None, split: str = "train") -> GaussianMixture:
    """8 Gaussians on a circle of radius 2/1.414, standard deviation 0.02/1.414, as in the authors' toy."""
    one_of("split", split, ("train",))
    angles = 2 * np.pi * np.arange(8) / 8
    return GaussianMixture("ring8", 2 / 1.414 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.02 / 1.414)


def load_grid25(data_dir: Path | None = None, split: str = "train") -> GaussianMixture:
    """25 Gaussians on the grid 2·{-2..2}/2.828, standard deviation 0.05/2.828, as in the authors' toy."""
    one_of("split", split, ("train",))
    axis = 2 * np.arange(-2, 3) / 2.828
    modes = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return GaussianMixture("grid25", modes, 0.05 / 2.828)


def _draw(modes: np.ndarray, sigma: float, seed: int, step: tf.Tensor | int, count: int) -> tf.Tensor:
    import tensorflow as tf

    from egan_tf.utils import randomness

    which = randomness.uniform([count], randomness.stream(seed ^ STREAM, step, 0), 0.0, 1.0)
    # The largest number below 1 may round up to one mode too many.
    mode = tf.minimum(tf.cast(which * len(modes), tf.int32), len(modes) - 1)
    offset = randomness.normal([count, 2], randomness.stream(seed ^ STREAM, step, 1))
    return tf.gather(tf.constant(modes), mode) + sigma * offset
