"""How to sample from an exported generator: noise, sample shape, value range; stored in the metadata of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from egan_tf.sampling.noise import DISTRIBUTIONS, draw_noise
from egan_tf.utils.checks import InputError, format_value, integer, number, one_of, require

CHANNELS = (1, 3, 4)
"""Channels of an image: grey, RGB, or RGB with alpha."""

_FORMAT = "1"
_PREFIX = "egan_tf."


@dataclass(frozen=True)
class SamplingSpec:
    """The noise that a generator takes and the samples that it makes.

    Attributes:
        latent_size: numbers in one row of noise.
        distribution: of the noise, one of `DISTRIBUTIONS`.
        sample_shape: shape of one sample, (H, W, C) of an image or (2,) of a point.
        value_range: lowest and highest value of a sample, or None if it is unbounded.
    """

    latent_size: int
    distribution: str
    sample_shape: tuple[int, ...]
    value_range: tuple[float, float] | None

    def __post_init__(self) -> None:
        """Raises `InputError` for values that no generator can have."""
        integer("latent_size", self.latent_size)
        one_of("distribution", self.distribution, DISTRIBUTIONS)
        require(len(self.sample_shape) > 0, "sample_shape", "must have at least one dimension")
        for size in self.sample_shape:
            integer("sample_shape", size)
        if self.value_range is not None:
            found = format_value(self.value_range)
            require(len(self.value_range) == 2, "value_range", f"must be two numbers, got {found}")
            low, high = (number("value_range", bound) for bound in self.value_range)
            require(low < high, "value_range", f"must go from low to high, got {found}")

    @property
    def is_image(self) -> bool:
        """True if a sample is an image [H, W, C]: grey, RGB, or RGB with alpha."""
        return len(self.sample_shape) == 3 and self.sample_shape[2] in CHANNELS

    @property
    def is_drawable(self) -> bool:
        """True if there are pictures of the samples."""
        return self.is_image or self.is_point

    @property
    def is_point(self) -> bool:
        """True if a sample is a point in the plane."""
        return self.sample_shape == (2,)

    def draw_noise(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draws the next `count` rows of noise from a Philox generator, float32 [count, latent_size]."""
        return draw_noise(generator, self.distribution, count, self.latent_size)

    def to_metadata(self) -> dict[str, str]:
        """The metadata entries that `from_metadata` reads."""
        return {
            f"{_PREFIX}format": _FORMAT,
            f"{_PREFIX}latent_size": json.dumps(self.latent_size),
            f"{_PREFIX}distribution": self.distribution,
            f"{_PREFIX}sample_shape": json.dumps(self.sample_shape),
            f"{_PREFIX}value_range": json.dumps(self.value_range),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> SamplingSpec:
        """Reads the specification from the metadata of an ONNX file.

        Raises:
            InputError: the entries of egan_tf are absent, incomplete, damaged or of an unknown format.
        """
        require(f"{_PREFIX}format" in metadata, "metadata", "none of egan_tf in it; export the generator with egan_tf")
        entries = {key[len(_PREFIX) :]: value for key, value in metadata.items() if key.startswith(_PREFIX)}
        problem = f"format {format_value(entries['format'])} unknown; upgrade egan_tf"
        require(entries["format"] == _FORMAT, "metadata", problem)
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
        except RecursionError as error:
            raise InputError("metadata", "damaged: deeply nested; export again") from error
        except (ValueError, TypeError) as error:
            raise InputError("metadata", f"damaged: {error}; export again") from error
