"""The model card: `card.json` for programs, and the parts of it that `readme` shows to people."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.export.staging import CARD, MARK
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.versions import versions

RESERVED = ("format", "created", "noise", "samples", "parameters", "verification", "preview", "versions", "files")
"""What the export itself says; the caller's part of the card has other keys (its `name` wins over the directory's)."""


def check_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the caller's part of the card as plain JSON values; raises `InputError` where it cannot be one."""
    require(isinstance(card, Mapping), "card", f"must be a dictionary, got {type(card).__name__}")
    taken = sorted(set(card) & set(RESERVED))
    require(not taken, "card", f"{', '.join(taken)}: the export says that itself; use another key")
    return plain(card)


def plain(value: Any) -> Any:
    """Turns dataclasses, paths, numpy scalars and arrays into JSON values; numbers that JSON lacks become text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Path):
        return value.as_posix()
    raise InputError("card", f"cannot hold a {type(value).__name__}: {value!r}")


def describe(
    name: str, recipe: SamplingSpec, parameters: int, verification: Mapping[str, Any], preview: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns what the export says itself, all but the files.

    Args:
        name: name of the export.
        recipe: noise and samples.
        parameters: how many numbers the generator holds.
        verification: for each format, how far it is from the generator.
        preview: how `samples.png` was made, or None.
    """
    return {
        "format": MARK,
        "name": name,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "noise": {"distribution": recipe.distribution, "size": recipe.latent_size, "dtype": "float32"},
        "samples": {"shape": plain(recipe.sample_shape), "value_range": plain(recipe.value_range), "dtype": "float32"},
        "parameters": parameters,
        "verification": dict(verification),
        "preview": preview,
        "versions": versions(),
    }


def file_table(directory: Path) -> dict[str, dict[str, Any]]:
    """Returns SHA-256 (hexadecimal) and size in bytes of every file in `directory`, by relative path, sorted."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): {"sha256": sha256_of(path), "bytes": path.stat().st_size}
        for path in paths
    }


def write(card: Mapping[str, Any], directory: Path) -> None:
    """Writes `directory/card.json`."""
    text = json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False)
    (directory / CARD).write_text(text + "\n", encoding="utf-8")
