"""Nearest neighbours of images among other images: exact, with bounded memory. Arrays in, indices and distances out.

Images are bytes, and pixels with alpha are laid on white first, because nobody sees the colours below. The distance is
the Euclidean one over all values of an image (0 to 255). Its square |a|^2 + |b|^2 - 2 a.b comes from products of
matrices, and is exact: with 128 subtracted, which changes no distance, a product of two values is a whole number of at
most 2**14, so that float32 holds every sum of `EXACT_TERMS` of them in whatever order the library adds, and float64
the sum of those sums. Therefore nothing has to be computed again, a copy has distance 0, and ties are ties.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from egan_tf.sampling.pictures import on_white
from egan_tf.utils.checks import integer, require

BLOCK_BYTES = 32 << 20
"""Blocks of images take about this much memory as float32, and blocks of distances at most as much."""

EXACT_TERMS = 1024
"""2**24, the largest whole number up to which float32 holds all, divided by 2**14."""

Progress = Callable[[int, int], None]
"""Is called with the number of images compared so far, and of all images."""


class Neighbours(NamedTuple):
    """The k nearest images of each of m images.

    Attributes:
        indices: int64 [m, k], the nearest first; of images at the same distance that of the lower index.
        distances: float64 [m, k], Euclidean, over values from 0 to 255.
    """

    indices: np.ndarray
    distances: np.ndarray


def nearest_images(
    queries: np.ndarray,
    images: np.ndarray,
    k: int,
    progress: Progress | None = None,
    block_bytes: int = BLOCK_BYTES,
    *,
    flip: bool = False,
) -> Neighbours:
    """Finds the k nearest images of each query.

    Args:
        queries: uint8 [m, H, W, C].
        images: uint8 [n, H, W, C], also a memory map, which is read block by block, once.
        k: the number of neighbours, at most n.
        progress: is told how far the search is.
        block_bytes: memory of a block.
        flip: whether every image counts mirrored, too: the search is among 2 n images, of which n + i is image i
            mirrored.

    Raises:
        InputError: `k` is below 1 or above n, or the shapes differ. `field` is "neighbours" or "nearest".
    """
    _check_shapes(queries, images)
    if flip:
        both = nearest_images(np.concatenate([queries, mirrored(queries)]), images, k, progress, block_bytes)
        return _merged(both, len(images))
    k = integer("neighbours", k)
    require(k <= len(images), "neighbours", f"the data set has only {len(images):,} images, got {k:,}")
    squared = np.full((len(queries), k), np.inf)
    indices = np.zeros((len(queries), k), np.int64)
    for start, rows, distances in _distances(queries, images, progress, block_bytes):
        # Later images of an equal distance rank behind earlier ones.
        better = np.flatnonzero((distances < squared[rows, -1:]).any(axis=1))
        candidates = np.concatenate([squared[rows][better], distances[better]], axis=1)
        order = np.argsort(candidates, axis=1, kind="stable")[:, :k]
        ranked = np.broadcast_to(start + np.arange(distances.shape[1]), (len(better), distances.shape[1]))
        known = np.concatenate([indices[rows][better], ranked], axis=1)
        squared[rows.start + better] = np.take_along_axis(candidates, order, axis=1)
        indices[rows.start + better] = np.take_along_axis(known, order, axis=1)
    return Neighbours(indices, np.sqrt(squared))


def distances_to_others(
    images: np.ndarray,
    members: np.ndarray,
    progress: Progress | None = None,
    block_bytes: int = BLOCK_BYTES,
    *,
    flip: bool = False,
) -> np.ndarray:
    """The distance of some of the images to the nearest other one (leave one out), float64 [m].

    A duplicate is another image: its distance is 0. An image's own mirror image is not.

    Args:
        images: uint8 [n, H, W, C], n at least 2, also a memory map.
        members: int64 [m], indices of images.
        progress: is told how far the search is.
        block_bytes: memory of a block.
        flip: whether the other images count mirrored, too.

    Raises:
        InputError: there are fewer than two images. `field` is "nearest".
    """
    require(len(images) > 1, "nearest", "the data set has one image only, which has no neighbours")
    queries, number = np.asarray(images[members]), len(members)
    if flip:
        # A mirrored image is as far from another as the image from the other mirrored.
        queries, members = np.concatenate([queries, mirrored(queries)]), np.concatenate([members, members])
    smallest = np.full(len(members), np.inf)
    for start, rows, distances in _distances(queries, images, progress, block_bytes):
        place = members[rows] - start
        itself = np.flatnonzero((place >= 0) & (place < distances.shape[1]))
        distances[itself, place[itself]] = np.inf
        smallest[rows] = np.minimum(smallest[rows], distances.min(axis=1))
    return np.sqrt(smallest.reshape(-1, number).min(axis=0))


def mirrored(images: np.ndarray) -> np.ndarray:
    """Images [n, H, W, C] with left and right exchanged."""
    return images[:, :, ::-1]


def _merged(both: Neighbours, total: int) -> Neighbours:
    """The nearest of the neighbours of m queries and of the same m queries mirrored."""
    direct, turned = np.split(both.indices, 2)
    indices = np.concatenate([direct, turned + total], axis=1)
    distances = np.concatenate(np.split(both.distances, 2), axis=1)
    order = np.argsort(distances, axis=1, kind="stable")[:, : indices.shape[1] // 2]
    return Neighbours(np.take_along_axis(indices, order, axis=1), np.take_along_axis(distances, order, axis=1))


def _check_shapes(queries: np.ndarray, images: np.ndarray) -> None:
    for array in (queries, images):
        require(array.dtype == np.uint8 and array.ndim == 4, "nearest", "must be images, uint8 [n, H, W, C]")
    expected, found = (list(array.shape[1:]) for array in (queries, images))
    require(expected == found, "nearest", f"must hold images of shape {expected}, like the samples; these have {found}")


def _distances(
    queries: np.ndarray, images: np.ndarray, progress: Progress | None, block_bytes: int
) -> Iterator[tuple[int, slice, np.ndarray]]:
    """Yields the index of the first image of a block, a range of queries, and their squared distances to the block."""
    row_bytes = 4 * math.prod(images.shape[1:])
    rows = max(1, min(block_bytes // row_bytes, math.isqrt(block_bytes // 8)))
    for start in range(0, len(images), rows):
        block = _vectors(images[start : start + rows])
        block_squares = _squares(block)
        for first in range(0, len(queries), rows):
            part = _vectors(queries[first : first + rows])
            distances = _squares(part)[:, None] + block_squares
            for terms in _terms(block):
                # In this order, which is the faster one for few queries.
                distances -= 2 * (block[:, terms] @ part[:, terms].T).T
            yield start, slice(first, first + len(part)), distances
        if progress is not None:
            progress(min(start + rows, len(images)), len(images))


def _vectors(images: np.ndarray) -> np.ndarray:
    """Images as rows of whole numbers from -128 to 127, float32."""
    vectors = on_white(np.asarray(images)).reshape(len(images), -1).astype(np.float32)
    vectors -= np.float32(128)
    return vectors


def _squares(vectors: np.ndarray) -> np.ndarray:
    """The sum of squares of each row, float64, exact."""
    total = np.zeros(len(vectors))
    for terms in _terms(vectors):
        total += np.einsum("ij,ij->i", vectors[:, terms], vectors[:, terms])
    return total


def _terms(vectors: np.ndarray) -> list[slice]:
    """The columns in groups whose products add up without rounding."""
    return [slice(start, start + EXACT_TERMS) for start in range(0, vectors.shape[1], EXACT_TERMS)]
