"""What it takes to sample from an exported generator, and how an ONNX file's metadata carry it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from egan_tf.utils.checks import InputError, integer, number, one_of, require

DISTRIBUTIONS = ("normal", "uniform")
"""The noise that a generator takes: N(0, 1), or uniform in [-1, 1)."""

_FORMAT = "1"
_PREFIX = "egan_tf."


@dataclass(frozen=True)
class SamplingSpec:
    """What it takes to sample from an exported generator; travels as metadata in its ONNX file.

    Attributes:
        latent_size: numbers in one row of noise.
        distribution: one of `DISTRIBUTIONS`.
        sample_shape: shape of one sample, (H, W, C) of an image or (2,) of a point.
        value_range: lowest and highest value of a sample, or None where it has no bounds.
    """

    latent_size: int
    distribution: str
    sample_shape: tuple[int, ...]
    value_range: tuple[float, float] | None

    def __post_init__(self) -> None:
        """Refuses values that no generator can have, with `InputError`."""
        integer("latent_size", self.latent_size)
        one_of("distribution", self.distribution, DISTRIBUTIONS)
        require(len(self.sample_shape) > 0, "sample_shape", "must have at least one dimension")
        for size in self.sample_shape:
            integer("sample_shape", size)
        if self.value_range is not None:
            require(len(self.value_range) == 2, "value_range", f"must be two numbers, got {self.value_range!r}")
            low, high = (number("value_range", bound) for bound in self.value_range)
            require(low < high, "value_range", f"must go from low to high, got {self.value_range!r}")

    @property
    def is_image(self) -> bool:
        """Whether a sample is an image [H, W, C] with one or three channels."""
        return len(self.sample_shape) == 3 and self.sample_shape[2] in (1, 3)

    @property
    def is_point(self) -> bool:
        """Whether a sample is a point in the plane."""
        return self.sample_shape == (2,)

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draws the next `count` rows of noise, float32 [count, latent_size]."""
        shape = (count, self.latent_size)
        if self.distribution == "normal":
            return generator.standard_normal(shape, dtype=np.float32)
        return 2 * generator.random(shape, dtype=np.float32) - 1

    def to_metadata(self) -> dict[str, str]:
        """Returns the entries that `from_metadata` reads."""
        return {
            f"{_PREFIX}format": _FORMAT,
            f"{_PREFIX}latent_size": json.dumps(self.latent_size),
            f"{_PREFIX}distribution": self.distribution,
            f"{_PREFIX}sample_shape": json.dumps(self.sample_shape),
            f"{_PREFIX}value_range": json.dumps(self.value_range),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> SamplingSpec:
        """Reads a recipe from an ONNX file's metadata; raises `InputError` where it is absent or damaged."""
        require(f"{_PREFIX}format" in metadata, "metadata", "none of egan_tf in it; export the generator with egan_tf")
        entries = {key[len(_PREFIX) :]: value for key, value in metadata.items() if key.startswith(_PREFIX)}
        require(entries["format"] == _FORMAT, "metadata", f"format {entries['format']!r} unknown; upgrade egan_tf")
        try:
            bounds = json.loads(entries["value_range"])
            return cls(
                latent_size=json.loads(entries["latent_size"]),
                distribution=entries["distribution"],
                sample_shape=tuple(json.loads(entries["sample_shape"])),
                value_range=None if bounds is None else tuple(bounds),
            )
        except InputError as error:
            raise InputError("metadata", f"damaged: {error}") from error
        except KeyError as error:
            raise InputError("metadata", f"damaged: {error.args[0]} is missing; export again") from error
        except (ValueError, TypeError) as error:
            raise InputError("metadata", f"damaged: {error}; export again") from error
