"""The model card `card.json`: entries that the export writes, and entries of the caller."""

from __future__ import annotations

import dataclasses
import errno
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.export.digest import DIGEST, card_text, digest_of
from egan_tf.export.folder_listing import UNLISTED, list_folder
from egan_tf.sampling.integrity import CARD_FILE, CARD_KIND, MAX_CARD_BYTES, read_card
from egan_tf.sampling.noise import NOISES
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import InputError, format_value, repeated, require
from egan_tf.utils.versions import versions

CARD_FORMATS = (f"{CARD_KIND}1", f"{CARD_KIND}2")
"""The entry `format`, by which the directory of an export is recognized. Cards of the first have no digest."""
CARD_FORMAT = CARD_FORMATS[-1]

RESERVED = (
    "class_names",
    *("format", "created", "noise", "samples", "parameters", "verification", "failed_formats", "preview", "versions"),
    *("sample_vectors", "files", DIGEST),
)
"""Keys that the export writes, and the caller cannot. The caller's `name` replaces the name of the directory."""


def check_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the caller's part of the card as JSON values.

    Raises:
        InputError: it is not a mapping, uses reserved keys, or holds values that JSON cannot, or a card must not.
    """
    require(isinstance(card, Mapping), "card", f"must be a dictionary, got {type(card).__name__}")
    try:
        entries: dict[str, Any] = to_json_value(card)
        size = len(card_text(entries))
    except InputError:
        raise
    except RecursionError as error:
        raise InputError("card", "is deeply nested, or holds itself") from error
    except ValueError as error:  # a lone surrogate, or a number of thousands of digits
        raise InputError("card", f"cannot be written as JSON: {error}") from error
    reserved = sorted(set(entries) & set(RESERVED))
    require(not reserved, "card", f"{', '.join(reserved)}: reserved for the export; use another key")
    named = isinstance(entries.get("name", ""), str)
    require(named, "card", f"name must be text, got {format_value(entries.get('name'))}")
    require(size <= MAX_CARD_BYTES, "card", f"takes {size:,} bytes, more than the {MAX_CARD_BYTES:,} of a whole card")
    return entries


def to_json_value(value: Any) -> Any:
    """Turns dataclasses, paths, numpy scalars and arrays into JSON values; numbers that are not finite become text.

    Keys of dictionaries become text, too.

    Raises:
        InputError: JSON has no such value, or two keys are the same text.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        twice = repeated(keys)
        require(twice is None, "card", f"has two keys that are {format_value(twice)} as text; use another for one")
        return dict(zip(keys, map(to_json_value, value.values()), strict=True))
    if isinstance(value, (list, tuple)):
        return [to_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        return value.as_posix()
    raise InputError("card", f"cannot hold a {type(value).__name__}: {value!r}")


def describe_export(
    name: str,
    spec: SamplingSpec,
    parameters: int,
    verification: Mapping[str, Any],
    preview: Mapping[str, Any] | None,
    failed_formats: Mapping[str, str],
    sample_vectors: Mapping[str, Any],
) -> dict[str, Any]:
    """The entries that the export writes, without the files.

    Args:
        name: of the export.
        spec: noise and samples.
        parameters: the number of weights of the generator.
        verification: per format, its largest difference from the generator.
        preview: how the preview was made, or None.
        failed_formats: the reasons why formats were not written, by name.
        sample_vectors: some numbers that the generator makes; see `egan_tf.export.sample_vectors`.
    """
    value_range = to_json_value(spec.value_range)
    return {
        "format": CARD_FORMAT,
        "name": name,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "noise": {
            "distribution": spec.distribution,
            "size": spec.latent_size,
            "dtype": "float32",
            "name": spec.noise,
            "version": NOISES[spec.noise].version,
            "test_vectors": spec.noise_vectors,
        },
        **({"class_names": list(spec.class_names)} if spec.classes else {}),
        "samples": {"shape": to_json_value(spec.sample_shape), "value_range": value_range, "dtype": "float32"},
        "parameters": parameters,
        "verification": dict(verification),
        "sample_vectors": dict(sample_vectors),
        **({"failed_formats": dict(failed_formats)} if failed_formats else {}),
        "preview": preview,
        "versions": versions(),
    }


def file_table(directory: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 (hexadecimal) and size in bytes of every file in `directory`, by relative path, sorted.

    Raises:
        OSError: a file or folder cannot be read.
    """
    listing = list_folder(directory)
    for path, reason in listing.unreadable.items():
        raise OSError(errno.EACCES, f"cannot read {path}: {reason}")
    paths = sorted(path for path in (directory / file for file in listing.files) if path.is_file())
    return {
        path.relative_to(directory).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        for path in paths
    }


def write_card(card: Mapping[str, Any], directory: Path) -> None:
    """Writes `directory/card.json`, with the digest of the card as its last entry.

    Raises:
        InputError: it is longer than a card that is read.
    """
    text = card_text({**card, DIGEST: digest_of(card)})
    problem = f"takes {len(text):,} bytes, more than the {MAX_CARD_BYTES:,} that are read; shorten it"
    require(len(text) <= MAX_CARD_BYTES, "card", problem)
    (directory / CARD_FILE).write_bytes(text)


def is_unchanged(directory: Path) -> bool:
    """True if every file in an export has the SHA-256 that its card lists, and there is no other file of a user."""
    try:
        card = read_card(directory)
        found = {path: entry for path, entry in file_table(directory).items() if path not in UNLISTED}
    except (InputError, OSError):
        return False
    return card is not None and card.get("format") in CARD_FORMATS and card.get("files") == found


def listed_files(directory: Path) -> set[str] | None:
    """The relative paths that the card in `directory` lists; None if it has no card of an export."""
    files = (export_card(directory) or {}).get("files")
    return set(files) if isinstance(files, dict) else None


def export_card(directory: Path) -> dict[str, Any] | None:
    """The card in `directory`; None if there is none of an export, or none that can be read."""
    try:
        card = read_card(directory)
    except InputError:
        return None
    return card if card is not None and card.get("format") in CARD_FORMATS else None
