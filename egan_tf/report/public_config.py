"""The configuration of a run as pages show it: of local paths only the last part, as on cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from egan_tf.data.names import public_name

_PATHS = {("data", "dataset"): public_name, ("metrics", "extractor_path"): lambda text: PurePath(text).name}
"""Section and name of the settings that may hold a path, beside folders, which are not shown at all."""


def public_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """An untrusted configuration without the folders of local paths."""
    shown = dict(config)
    for section, name in _PATHS:
        values = config.get(section)
        if isinstance(values, Mapping) and name in values:
            shown[section] = {**shown[section], name: public_value(section, name, values[name])}
    return shown


def public_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changed settings, `section.name` to [before, now], without the folders of local paths."""
    return {key: _public_pair(key, values) for key, values in changes.items()}


def public_value(section: str, name: str, value: Any) -> Any:
    """A value of a setting without the folders of a local path."""
    shorten = _PATHS.get((section, name))
    return shorten(value) if shorten is not None and isinstance(value, str) else value


def _public_pair(key: str, values: Any) -> Any:
    section, _, name = key.partition(".")
    return [public_value(section, name, value) for value in values] if isinstance(values, list) else values
