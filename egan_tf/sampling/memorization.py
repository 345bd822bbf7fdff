"""Has the generator memorized training images? Samples beside their nearest neighbours in the training set.

A distance says little by itself. Its measure is the distance of training images to the nearest other one (leave one
out): a generator that draws from the same distribution comes about as near to the training set as its members come to
each other, and one that copies comes much nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.nearest import Neighbours, Progress, distances_to_others, mirrored, nearest_images
from egan_tf.sampling.pictures import enlarge, sheet, to_image, to_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

    from egan_tf.sampling.sampler import AnySampler

MAX_PRODUCTS = 2 * 10**11
"""Multiplications for the distances among training images, some tens of seconds; then fewer of them are compared."""

MIN_MEMBERS = 100


@dataclass(frozen=True)
class Comparison:
    """Samples and their nearest training images.

    Attributes:
        samples: uint8 [m, H, W, C].
        neighbours: of the samples, k each.
        matches: uint8 [m, k, H, W, C], the neighbours themselves.
        members: int64 [r], the training images that were compared with all others: all, or evenly spread ones.
        member_distances: float64 [r], of these to the nearest other training image.
        total: the number of training images.
    """

    samples: np.ndarray
    neighbours: Neighbours
    matches: np.ndarray
    members: np.ndarray
    member_distances: np.ndarray
    total: int

    @property
    def median(self) -> float:
        """Of the distances among training images."""
        return float(np.median(self.member_distances))

    @property
    def summary(self) -> str:
        """What the distances say, in one sentence without a full stop."""
        nearest, compared = self.neighbours.distances[:, 0], f"{self.total:,} images"
        if len(self.members) < self.total:
            compared = f"{len(self.members):,} of {compared}"
        return (
            f"{int(np.sum(nearest < self.median))} of {len(nearest)} samples are nearer to a training image than half "
            f"of the training images are to another one (median distance {self.median:.1f}, of {compared}); "
            f"exact copies: {int(np.sum(nearest == 0))}"
        )

    def picture(self) -> Image:
        """A row for each sample: the sample, a gap, its neighbours from the nearest on."""
        cells = np.concatenate([self.samples[:, None], self.matches], axis=1)
        side = max(cells.shape[2:4])
        return enlarge(to_image(sheet(cells, first_gap=max(3, side // 4))), side)


def compare(
    sampler: AnySampler,
    images: np.ndarray,
    count: int,
    seed: int,
    k: int,
    truncation: float = 1.0,
    progress: Progress | None = None,
    *,
    flip: bool = False,
) -> Comparison:
    """Compares samples, as bytes, with all training images in pixel space; see `egan_tf.sampling.nearest`.

    Args:
        sampler: an exported generator of images.
        images: uint8 [n, H, W, C], the training set, n at least 2, perhaps a memory map.
        count: the number of samples.
        seed: of the noise.
        k: neighbours of each sample, at most n.
        truncation: factor of the noise.
        progress: is told how far each of the two searches is.
        flip: whether the generator was trained on mirrored images, too; then image n + i is image i mirrored.

    Raises:
        InputError: an argument is invalid, or the samples have another shape than the images.
    """
    batches = sampler.batches(count, seed, truncation=truncation)
    samples = np.concatenate([to_pixels(batch, sampler.spec) for batch in batches])
    neighbours = nearest_images(samples, images, k, progress, flip=flip)
    # A memory map is read once for each image.
    found, places = np.unique(neighbours.indices % len(images), return_inverse=True)
    matches = np.asarray(images[found])[places.reshape(neighbours.indices.shape)]
    turned = neighbours.indices >= len(images)
    matches[turned] = mirrored(matches[turned])
    members = spread_members(len(images), math.prod(images.shape[1:]))
    return Comparison(
        samples, neighbours, matches, members, distances_to_others(images, members, progress, flip=flip), len(images)
    )


def spread_members(total: int, size: int) -> np.ndarray:
    """Indices of training images to compare with all others: all, or as many as `MAX_PRODUCTS` allows.

    Args:
        total: the number of training images.
        size: numbers in an image.
    """
    number = min(total, max(MIN_MEMBERS, MAX_PRODUCTS // (total * size)))
    return np.unique(np.linspace(0, total - 1, number).round().astype(np.int64))
