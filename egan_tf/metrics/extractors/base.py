"""The interface of a feature extractor, and the conversions of images for it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from egan_tf.utils.checks import require

BATCH = 256
LARGEST = 1.01
"""The largest size of a value of an image: 1, and what half precision may add."""
GREY, RGBA = 1, 4
"""Channels of images that are not RGB."""


class Activations(NamedTuple):
    """Features float32 [n, d] of images, and class probabilities float32 [n, classes] or None."""

    features: np.ndarray
    probabilities: np.ndarray | None


class Extractor(ABC):
    """A network in inference mode that maps images to features.

    Images are first rounded to the 256 values of a byte. Real images are bytes, and invisible differences from them
    should not raise a distance.

    Attributes:
        name: in the reported names of metrics, such as "fashion_mnist_cnn".
        hash: SHA-256 (hex) of the parameters.
        resize: how images are resized, in words.
        size: d, the width of the features.
        classes: the number of classes of the probabilities; 0 if there are none.
        official: True if metrics are called FID, KID and Inception score with it.
        details: further facts, as JSON values.
    """

    name: str
    hash: str
    resize: str
    size: int
    classes: int = 0
    official: bool = False
    details: Mapping[str, Any] = {}

    @abstractmethod
    def compute(self, images: np.ndarray) -> Activations:
        """The activations of one batch, float32 [n, H, W, C] in [-1, 1], already rounded."""

    def activations(self, images: np.ndarray) -> Activations:
        """The activations of images, computed batch by batch.

        Args:
            images: float32 [n, H, W, C] in [-1, 1], n at least 1.

        Raises:
            InputError: another type or shape, values outside [-1, 1], or images that the extractor does not take.
        """
        images = round_to_bytes(check_images(images))
        parts = [self.compute(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        features = np.concatenate([part.features for part in parts]).astype(np.float32)
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        return Activations(features, np.concatenate(probabilities).astype(np.float32) if probabilities else None)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The features of images float32 [n, H, W, C] in [-1, 1], float32 [n, d]."""
        return self.activations(images).features

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The class probabilities of images float32 [n, H, W, C] in [-1, 1], float32 [n, classes].

        Raises:
            InputError: the extractor gives no probabilities.
        """
        probabilities = self.activations(images).probabilities
        require(probabilities is not None, "extractor", f"{self.name} gives no class probabilities")
        assert probabilities is not None
        return probabilities


def check_images(images: np.ndarray) -> np.ndarray:
    """Returns `images` as float32 [n, H, W, C]; raises `InputError` for other shapes and values outside [-1, 1]."""
    images = np.asarray(images)
    require(np.issubdtype(images.dtype, np.floating), "images", f"must be floats in [-1, 1], got {images.dtype}")
    valid = images.ndim == 4 and 0 not in images.shape
    require(valid, "images", f"must be [n, H, W, C] without an empty axis, got {list(images.shape)}")
    require(bool(np.isfinite(images).all()), "images", "must be finite numbers")
    low, high = float(images.min()), float(images.max())
    require(max(-low, high) <= LARGEST, "images", f"must be in [-1, 1], got {low:g} to {high:g}")
    return images.astype(np.float32, copy=False)


def round_to_bytes(images: np.ndarray) -> np.ndarray:
    """Rounds images in [-1, 1] to the 256 values of a byte, float32 in [-1, 1]."""
    return to_bytes(images) / np.float32(127.5) - np.float32(1.0)


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Maps images in [-1, 1] to the nearest bytes, uint8 0 to 255."""
    return np.clip(np.rint((images + np.float32(1.0)) * np.float32(127.5)), 0, 255).astype(np.uint8)


def to_rgb(images: np.ndarray) -> np.ndarray:
    """Images in [-1, 1] as [n, H, W, 3]: grey is repeated, RGB with alpha is laid on white.

    Dropping alpha would compare colours that nobody sees.
    """
    if images.shape[3] == GREY:
        return np.repeat(images, 3, axis=3)
    colours = images[..., :3]
    if images.shape[3] == RGBA:
        opacity = (images[..., 3:] + np.float32(1.0)) / np.float32(2.0)
        return opacity * colours + (np.float32(1.0) - opacity)
    return colours


def content_hash(*parts: str | np.ndarray) -> str:
    """SHA-256 (hex) of texts and arrays, including shapes and types."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        kind = "text" if isinstance(part, str) else f"{part.dtype.str}{part.shape}"
        digest.update(f"{kind}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
