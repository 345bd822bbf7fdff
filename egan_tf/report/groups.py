"""Groups of runs: equal settings, but for the seed and for what changes no result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from egan_tf.report.neutral import is_neutral
from egan_tf.report.public_config import public_value
from egan_tf.report.run_summary import Flat, RunSummary
from egan_tf.report.text import format_json
from egan_tf.training.config import Config
from egan_tf.training.presets import PRESETS
from egan_tf.training.reproduce import settings

MAX_VALUE = 40


class Group(NamedTuple):
    """Runs with equal settings.

    Attributes:
        name: the settings in which it differs from its preset and others do not, or the preset's name.
        runs: in the order given.
        settings: those that can change results; empty if unknown, in a group of one run.
    """

    name: str
    runs: Sequence[RunSummary]
    settings: Flat

    @property
    def seeds(self) -> list[str]:
        """The seeds of its runs, each once; a run whose seed is unknown counts by its name."""
        return list(dict.fromkeys(run.unit for run in self.runs))


def group_runs(runs: Sequence[RunSummary]) -> list[Group]:
    """The groups, in the order of their first runs, each with a name of its own."""
    found: dict[Any, list[RunSummary]] = {}
    for run in runs:
        own = {key: _text(value) for key, value in run.settings.items() if not is_neutral(*key)}
        found.setdefault(frozenset(own.items()) if own else run.name, []).append(run)
    groups = [
        Group("", same, {key: value for key, value in same[0].settings.items() if not is_neutral(*key)})
        for same in found.values()
    ]
    varying, taken = differing(groups), set[str]()
    several_presets = len({group.runs[0].preset for group in groups if group.settings}) > 1
    for place, group in enumerate(groups):
        # Values that are cut off may look the same.
        name = first = _name(group, varying, several_presets)
        while name in taken:
            name = f"{first} ({place + 1})"
            first += "…"
        taken.add(name)
        groups[place] = group._replace(name=name)
    return groups


def differing(groups: Sequence[Group]) -> list[tuple[str, str]]:
    """Section and name of the settings that are not the same in all groups whose settings are known."""
    known = [group.settings for group in groups if group.settings]
    keys = dict.fromkeys(key for values in known for key in values)
    return [key for key in keys if len({_text(values.get(key)) for values in known}) > 1]


def shared_changes(groups: Sequence[Group]) -> list[str]:
    """The settings that all groups share and at least one has not from its preset, as `name=value`."""
    known = [group for group in groups if group.settings]
    varying = set(differing(groups))
    changed = dict.fromkeys(key for group in known for key in _changed(group) if key not in varying)
    return [_assignment(key, known[0].settings.get(key)) for key in changed]


def _name(group: Group, varying: Sequence[tuple[str, str]], with_preset: bool) -> str:
    if not group.settings:
        return f"{group.runs[0].name} (settings unknown)"
    own = [_assignment(key, group.settings.get(key)) for key in _changed(group) if key in varying]
    preset = group.runs[0].preset or "no preset"
    return ", ".join([*([preset] if with_preset or not own else []), *own])


def _changed(group: Group) -> list[tuple[str, str]]:
    """The settings that differ from those of the group's preset."""
    base = settings(PRESETS.get(group.runs[0].preset, Config()).to_dict())
    keys = dict.fromkeys([*group.settings, *(key for key in base if not is_neutral(*key))])
    return [key for key in keys if _text(group.settings.get(key)) != _text(base.get(key))]


def _assignment(key: tuple[str, str], value: Any) -> str:
    return f"{key[1] or key[0]}={format_setting(key, value)}"


def format_setting(key: tuple[str, str], value: Any) -> str:
    """A value as on the command line, cut to `MAX_VALUE` characters; of a local data set no folders."""
    value = public_value(*key, value)
    text = " ".join(map(format_json, value)) if isinstance(value, list | tuple) else format_json(value)
    return f"{text[:MAX_VALUE]}…" if len(text) > MAX_VALUE else text or "none"


def _text(value: Any) -> str:
    """A JSON value as text that equal values share; 1 and 1.0 are equal."""
    try:
        if isinstance(value, int) and not isinstance(value, bool) and float(value) == value:
            value = float(value)
        return json.dumps(value, sort_keys=True)
    except (OverflowError, ValueError, RecursionError):
        return format_json(value)
