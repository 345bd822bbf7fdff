"""How to sample from an exported generator: noise, sample shape, value range; stored in the metadata of its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from egan_tf.sampling.noise import DISTRIBUTIONS, FIRST_NOISE, NOISE, NOISES, Rows
from egan_tf.sampling.noise_vectors import check_noise, noise_vectors
from egan_tf.utils.checks import InputError, format_value, integer, number, one_of, repeated, require

CHANNELS = (1, 3, 4)
"""Channels of an image: grey, RGB, or RGB with alpha."""

FORMATS = ("1", "2")
"""Of the metadata. The first has no labels and does not name the noise, which is `FIRST_NOISE`."""
MAX_CLASSES = 100_000
_PREFIX = "egan_tf."


@dataclass(frozen=True)
class SamplingSpec:
    """The noise that a generator takes and the samples that it makes.

    Attributes:
        latent_size: numbers in one row of noise.
        distribution: of the noise, one of `DISTRIBUTIONS`.
        sample_shape: shape of one sample, (H, W, C) of an image or (2,) of a point.
        value_range: lowest and highest value of a sample, or None if it is unbounded.
        classes: the number of labels of a class-conditional generator, whose second input is `labels`; 0 for none.
        class_names: one per label, no name twice; () if they have no names.
        noise: what a seed means, one of `NOISES`.

    `unique_names=False` allows several classes of one name, which files of earlier versions may have.
    """

    latent_size: int
    distribution: str
    sample_shape: tuple[int, ...]
    value_range: tuple[float, float] | None
    classes: int = 0
    class_names: tuple[str, ...] = ()
    noise: str = NOISE
    unique_names: InitVar[bool] = True

    def __post_init__(self, unique_names: bool) -> None:
        """Raises `InputError` for values that no generator can have."""
        integer("latent_size", self.latent_size)
        one_of("distribution", self.distribution, DISTRIBUTIONS)
        one_of("noise", self.noise, NOISES)
        require(len(self.sample_shape) > 0, "sample_shape", "must have at least one dimension")
        for size in self.sample_shape:
            integer("sample_shape", size)
        if self.value_range is not None:
            found = format_value(self.value_range)
            require(len(self.value_range) == 2, "value_range", f"must be two numbers, got {found}")
            low, high = (number("value_range", bound) for bound in self.value_range)
            require(low < high, "value_range", f"must go from low to high, got {found}")
        integer("classes", self.classes, 0, MAX_CLASSES)
        texts = all(isinstance(name, str) and name.isprintable() and name for name in self.class_names)
        require(texts, "class_names", f"must be printable text, got {format_value(self.class_names)}")
        named = len(self.class_names) in (0, self.classes)
        require(named, "class_names", f"must be one for each of {self.classes} classes, got {len(self.class_names)}")
        twice = repeated(self.class_names) if unique_names else None
        require(twice is None, "class_names", f"must be another for each class; {format_value(twice)} names two")

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

    def rows(self, seed: int, start: int = 0) -> Rows:
        """The rows of noise of a seed, each of `latent_size` numbers, from row `start` on."""
        return NOISES[self.noise].rows(self.distribution, seed, start, self.latent_size)

    @property
    def noise_vectors(self) -> list[dict[str, Any]]:
        """Test vectors of the noise, as JSON values; [] for the noise that has none."""
        return noise_vectors(self.noise, self.distribution) if NOISES[self.noise].has_vectors else []

    def to_metadata(self) -> dict[str, str]:
        """The metadata entries that `from_metadata` reads."""
        return {
            f"{_PREFIX}format": FORMATS[-1],
            f"{_PREFIX}latent_size": json.dumps(self.latent_size),
            f"{_PREFIX}distribution": self.distribution,
            f"{_PREFIX}sample_shape": json.dumps(self.sample_shape),
            f"{_PREFIX}value_range": json.dumps(self.value_range),
            f"{_PREFIX}classes": json.dumps(self.classes),
            f"{_PREFIX}class_names": json.dumps(self.class_names),
            f"{_PREFIX}noise": self.noise,
            f"{_PREFIX}noise_version": json.dumps(NOISES[self.noise].version),
            **({f"{_PREFIX}noise_vectors": json.dumps(self.noise_vectors)} if NOISES[self.noise].has_vectors else {}),
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
        require(entries["format"] in FORMATS, "metadata", problem)
        try:
            first = entries["format"] == FORMATS[0]
            others = {"noise": FIRST_NOISE} if first else _labels_and_noise(entries)
            bounds = json.loads(entries["value_range"])
            return cls(
                latent_size=json.loads(entries["latent_size"]),
                distribution=entries["distribution"],
                sample_shape=tuple(json.loads(entries["sample_shape"])),
                value_range=None if bounds is None else tuple(bounds),
                **others,
                unique_names=False,
            )
        except InputError as error:
            raise InputError("metadata", f"damaged: {error}") from error
        except KeyError as error:
            raise InputError("metadata", f"damaged: {error.args[0]} is missing; export again") from error
        except RecursionError as error:
            raise InputError("metadata", "damaged: deeply nested; export again") from error
        except (ValueError, TypeError) as error:
            raise InputError("metadata", f"damaged: {error}; export again") from error


def _labels_and_noise(entries: Mapping[str, str]) -> dict[str, Any]:
    """The entries that the first format lacks.

    Raises:
        InputError: the noise is another one, or its test vectors differ.
    """
    noise, version = entries["noise"], json.loads(entries["noise_version"])
    has_vectors = noise in NOISES and NOISES[noise].has_vectors
    vectors = json.loads(entries["noise_vectors"]) if has_vectors else None
    check_noise(noise, version, vectors, entries["distribution"])
    names = json.loads(entries["class_names"])
    require(isinstance(names, list), "class_names", f"must be a list, got {format_value(names)}")
    return {"classes": json.loads(entries["classes"]), "class_names": tuple(names), "noise": noise}
