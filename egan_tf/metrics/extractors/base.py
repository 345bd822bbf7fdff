"""What every extractor of features offers, and how images come to it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from egan_tf.utils.checks import require

BATCH = 256


class Activations(NamedTuple):
    """What an extractor makes of images: features float32 [n, d], and class probabilities [n, classes] or None."""

    features: np.ndarray
    probabilities: np.ndarray | None


class Extractor(ABC):
    """A function from images to features, in inference mode, whose parameters are known by their hash.

    Images are rounded to the 256 values of a byte first, as real images are bytes: otherwise a generator would be told
    from them by what nobody can see.

    Attributes:
        name: what stands in the names of distances, such as "fashion_mnist_cnn".
        hash: sha256 (hex) of the parameters.
        resize: how images are brought to the size that the network takes.
        size: d, the numbers in a row of features.
        classes: how many classes the probabilities are of; 0 if there are none.
        official: whether distances by it are called FID and KID, and scores Inception score.
        details: what else is known of it, as JSON can hold it.
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
        """Returns the activations of one batch, float32 [n, H, W, C] in [-1, 1], already rounded."""

    def activations(self, images: np.ndarray) -> Activations:
        """Returns the activations of images, computed batch by batch.

        Args:
            images: float32 [n, H, W, C] in [-1, 1], n at least 1.

        Raises:
            InputError: arrays of another kind, or images that the extractor does not take.
        """
        images = rounded(check_images(images))
        parts = [self.compute(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        features = np.concatenate([part.features for part in parts]).astype(np.float32)
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        return Activations(features, np.concatenate(probabilities).astype(np.float32) if probabilities else None)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Returns the features of images float32 [n, H, W, C] in [-1, 1], float32 [n, d]."""
        return self.activations(images).features

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Returns the class probabilities of images float32 [n, H, W, C] in [-1, 1], float32 [n, classes].

        Raises:
            InputError: the extractor is no classifier.
        """
        found = self.activations(images).probabilities
        require(found is not None, "extractor", f"{self.name} gives no class probabilities")
        assert found is not None
        return found


def check_images(images: np.ndarray) -> np.ndarray:
    """Returns `images` as float32 [n, H, W, C], refusing other shapes and numbers far outside of [-1, 1]."""
    images = np.asarray(images)
    require(np.issubdtype(images.dtype, np.floating), "images", f"must be floats in [-1, 1], got {images.dtype}")
    shaped = images.ndim == 4 and 0 not in images.shape
    require(shaped, "images", f"must be [n, H, W, C] without an empty axis, got {list(images.shape)}")
    require(bool(np.isfinite(images).all()), "images", "must be finite numbers")
    low, high = float(images.min()), float(images.max())
    require(low >= -1.01 and high <= 1.01, "images", f"must be in [-1, 1], got {low:g} to {high:g}")
    return images.astype(np.float32, copy=False)


def rounded(images: np.ndarray) -> np.ndarray:
    """Returns images in [-1, 1] rounded to the 256 values that bytes have there, float32."""
    return as_bytes(images) / np.float32(127.5) - np.float32(1.0)


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Returns images in [-1, 1] as the bytes nearest to them, uint8 0 to 255."""
    return np.clip(np.rint((images + np.float32(1.0)) * np.float32(127.5)), 0, 255).astype(np.uint8)


def as_colour(images: np.ndarray) -> np.ndarray:
    """Returns [n, H, W, 3]: grey images three times, colour images without their opacity."""
    return np.repeat(images, 3, axis=3) if images.shape[3] == 1 else images[..., :3]


def content_hash(*parts: str | np.ndarray) -> str:
    """Returns the sha256 (hex) of texts and arrays, shapes and types included."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        kind = "text" if isinstance(part, str) else f"{part.dtype.str}{part.shape}"
        digest.update(f"{kind}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
