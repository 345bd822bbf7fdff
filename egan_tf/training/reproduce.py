"""The command that repeats a run: the flags in which its configuration differs from its preset."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Mapping
from typing import Any

from egan_tf.training import run_folder
from egan_tf.training.config import Config, from_dict
from egan_tf.training.presets import AUTO, preset
from egan_tf.training.suggest import ADAPTED
from egan_tf.utils.settings import sections_of, settings_of

PROGRAM = "python train_tf.py"
_SETTINGS = (declared for section in sections_of(Config).values() for declared in settings_of(section).values())
FOLDERS = frozenset(declared.name for declared in _SETTINGS if declared.folder)
"""Local folders do not affect the results of a run, and are not shown."""
MAX_VALUES = 500
PERMISSION = ("run", "overwrite")
"""Whoever repeats a run gives it anew: a copied command replaces nothing."""


def reproduce(config: Mapping[str, Any]) -> tuple[str, set[tuple[str, str]]]:
    """The command line that gives this configuration, folders and `overwrite` aside, and what differs from its preset.

    What differs is given by section and name.

    Raises:
        InputError: this version of the package does not accept the configuration, or has no such preset.
    """
    checked = from_dict(config, run_folder.CONFIG)
    base = preset(checked.run.preset)
    values, defaults = (settings(json.loads(each.to_json())) for each in (checked, base))
    # No flag sets `user_code`, which the defaults lack.
    changed = {key: value for key, value in values.items() if key in defaults and value != defaults[key]}
    # What the preset adapts to the data is given, so that the command fits other data of that name as well.
    adapted = ADAPTED if checked.run.preset == AUTO else ()
    flags_of = {key: value for key, value in values.items() if (key in changed or key in adapted) and key != PERMISSION}
    # The data set's name selects its preset unless a preset is named.
    preset_implied = checked.run.preset == Config().run.preset and ("data", "dataset") not in changed
    flags = [] if preset_implied else arguments_of("preset", checked.run.preset)
    for (_, name), value in flags_of.items():
        flags += arguments_of(name, value)
    return f"{PROGRAM} {shlex.join(flags)}".rstrip(), set(changed)


def settings(config: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """The first `MAX_VALUES` values of a configuration by section and name, without `FOLDERS`."""
    found = (
        ((section, name), value)
        for section, values in config.items()
        for name, value in (values.items() if isinstance(values, Mapping) else [("", values)])
        if name not in FOLDERS
    )
    return dict(itertools.islice(found, MAX_VALUES))


def arguments_of(name: str, value: Any) -> list[str]:
    """The arguments of `egan-train` that give a setting a value."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if isinstance(value, list | tuple):
        return [f"--{flag}", *map(str, value)]
    text = str(value)
    return [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]
