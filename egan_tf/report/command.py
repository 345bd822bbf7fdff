"""The command that repeats a run: the flags in which its configuration differs from its preset."""

from __future__ import annotations

import shlex
from typing import Any

from egan_tf.training.config import Config
from egan_tf.training.presets import PRESETS
from egan_tf.utils.settings import sections_of, settings_of

PROGRAM = "python train_tf.py"
FOLDERS = frozenset(
    declared.name
    for group in sections_of(Config).values()
    for declared in settings_of(group).values()
    if declared.folder
)
"""Where things lie is the machine's business, and no part of what the run computed."""


def command_of(config: Config) -> str | None:
    """The command line that gives this configuration, folders aside; None if its preset is unknown.

    Args:
        config: of the run.
    """
    base = PRESETS.get(config.run.preset)
    if base is None:
        return None
    parts = [PROGRAM]
    # A data set's name stands for its preset, unless the preset is named.
    if config.run.preset != Config().run.preset or config.data.dataset != base.data.dataset:
        parts.append(_flag("preset", config.run.preset))
    for section, group in sections_of(Config).items():
        values, defaults = getattr(config, section), getattr(base, section)
        for name in settings_of(group):
            value = getattr(values, name)
            if name not in FOLDERS and value != getattr(defaults, name):
                parts.append(_flag(name, value))
    return " ".join(parts)


def changed(config: Config) -> frozenset[tuple[str, str]]:
    """Section and name of each value in which a configuration differs from its preset."""
    base = PRESETS.get(config.run.preset, Config()).to_dict()
    return frozenset(
        (section, name)
        for section, values in config.to_dict().items()
        for name, value in values.items()
        if value != base.get(section, {}).get(name)
    )


def _flag(name: str, value: Any) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    if isinstance(value, tuple):
        return shlex.join([f"--{flag}", *map(str, value)])
    text = shlex.quote(str(value))
    return f"--{flag}={text}" if text.startswith("-") else f"--{flag} {text}"
