"""Reads configurations from files: of a run, of a card, or written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from egan_tf.training import run_folder
from egan_tf.training.config import Config, from_dict, from_json
from egan_tf.utils.checks import InputError, require

MAX_BYTES = 1 << 20


def read_config(folder: Path) -> Config:
    """The configuration of a run.

    Raises:
        InputError: if the folder is not that of a run.
    """
    file = folder / run_folder.CONFIG
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError("run", f"{folder} is not the folder of a run: {file.name} cannot be read") from error
    return from_json(text, where=str(file))


def read_config_file(path: Path) -> Config:
    """The configuration in a file: a run's `config.json`, what `--dry-run` prints, or a card (`card.json`).

    Nothing that it names is imported.

    Raises:
        InputError: if the file cannot be read or holds no configuration.
    """
    try:
        # Reading a device or pipe might never end.
        require(path.is_file(), "config", f"no file {path}")
        require(path.stat().st_size <= MAX_BYTES, "config", f"{path} is too large for a configuration")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InputError("config", f"{path} cannot be read: {reason}") from error
    try:
        values: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("config", f"{path} is not JSON: {error}") from error
    if isinstance(values, dict) and "config" in values:
        values = values["config"]
    return from_dict(values, where=str(path))
