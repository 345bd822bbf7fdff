"""What a card must hold so that an export can be verified by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from egan_tf.export.card import CARD_FORMATS
from egan_tf.export.sample_vectors import read_vectors
from egan_tf.sampling.integrity import check_sha256
from egan_tf.sampling.noise import FIRST_NOISE
from egan_tf.sampling.noise_vectors import check_noise
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, integer, require

_OBJECTS = ("noise", "samples", "verification", "versions", "files")


def check_schema(card: Mapping[str, Any]) -> SamplingSpec:
    """The noise and the samples that a card states, after its entries were checked.

    Raises:
        InputError: an entry is missing or of another kind; `field` names it.
    """
    found = card.get("format")
    known = isinstance(found, str) and found in CARD_FORMATS
    require(known, "format", f"is {format_value(found)}, known are {', '.join(CARD_FORMATS)}; upgrade egan_tf")
    for key in _OBJECTS:
        require(isinstance(card.get(key), dict), key, f"must be an object, got {format_value(card.get(key))}")
    for key in ("name", "created"):
        require(isinstance(card.get(key), str), key, f"must be text, got {format_value(card.get(key))}")
    integer("parameters", card.get("parameters"), 0)
    for path, entry in card["files"].items():
        _check_file(path, entry)
    for name, entry in card["verification"].items():
        require(isinstance(entry, dict), "verification", f"{name} must be an object, got {format_value(entry)}")
        files = entry.get("files", [])
        listed = isinstance(files, list) and all(isinstance(file, str) and _is_name(file) for file in files)
        require(listed, "verification", f"{name}: its files must be a list of names, got {format_value(files)}")
    spec = _spec_of(card)
    if "sample_vectors" in card:
        try:
            read_vectors(card["sample_vectors"], spec)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise InputError("sample_vectors", f"cannot be read: {error}") from error
    return spec


def _is_name(file: str) -> bool:
    """Whether it is the name of a file or folder in the directory of the export."""
    return file not in ("", "..") and PurePosixPath(file).name == file


def _check_file(path: str, entry: Any) -> None:
    parts = PurePosixPath(path).parts
    inside = bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path and "\0" not in path
    require(inside and str(PurePosixPath(path)) == path, "files", f"{format_value(path)} is no path inside the export")
    require(isinstance(entry, dict), "files", f"{path} must be an object, got {format_value(entry)}")
    check_sha256("files", entry.get("sha256"))
    integer("files", entry.get("bytes"), 0)


def _spec_of(card: Mapping[str, Any]) -> SamplingSpec:
    noise, samples, names = card["noise"], card["samples"], card.get("class_names", [])
    try:
        bounds, meant = samples["value_range"], noise.get("name", FIRST_NOISE)
        check_noise(meant, noise.get("version", 1), noise.get("test_vectors"), noise["distribution"])
        return SamplingSpec(
            noise["size"],
            noise["distribution"],
            tuple(samples["shape"]),
            None if bounds is None else tuple(bounds),
            len(names),
            tuple(names),
            meant,
            unique_names=False,
        )
    except (KeyError, TypeError) as error:
        raise InputError("card", f"does not describe noise and samples: {error!r}") from error
