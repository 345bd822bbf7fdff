"""The settings that changed when a run was resumed: with them it is another run than one that always had the last."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from egan_tf.report.generator_updates import Flat, Period
from egan_tf.report.neutral import is_neutral
from egan_tf.report.public_config import public_value
from egan_tf.report.run_record import RunRecord
from egan_tf.report.text import format_json

SECTION = "resumed"
"""Takes the place of the section in the settings of a run."""


class Change(NamedTuple):
    """A change of a setting.

    Attributes:
        before: its value.
        now: its value afterwards.
        generation: at which the run was resumed with it.
        since: the first generation that was trained with it, of those that count: a later resumption or roll-back may
            have gone back further.
    """

    before: Any
    now: Any
    generation: int
    since: int


def changes_of(record: RunRecord) -> dict[tuple[str, str], str]:
    """What changed, by (`SECTION`, name), as text with the generation; without what changes no result.

    Several changes of a setting stand in the order in which they were made. A change is recorded before it applies: one
    that the next change, or the configuration, knows nothing of was prevented, by a kill or a full disk.
    """
    return {
        (SECTION, f"{name} changed"): ", ".join(
            f"{_text(section, name, one.before)} to {_text(section, name, one.now)} at generation {one.generation:,}"
            for one in applied
        )
        for (section, name), applied in _applied(record).items()
    }


def periods(record: RunRecord, values: Flat) -> list[Period]:
    """The settings of a run from generation 0 on, and after each change.

    Args:
        record: of the run.
        values: the settings at its end.
    """
    changes = _applied(record)
    starts = sorted({0, *(one.since for applied in changes.values() for one in applied)})
    return [
        Period(start, {**values, **{key: one.before for key, one in _next(changes, start).items()}}) for start in starts
    ]


def _next(changes: Mapping[tuple[str, str], Sequence[Change]], generation: int) -> dict[tuple[str, str], Change]:
    """The first change of each setting after a generation."""
    later = {key: next((one for one in applied if one.since > generation), None) for key, applied in changes.items()}
    return {key: one for key, one in later.items() if one is not None}


def _applied(record: RunRecord) -> dict[tuple[str, str], list[Change]]:
    """The changes of each setting that lead, one after the other, to the value in the configuration."""
    applied = {}
    for (section, name), changes in _recorded(record).items():
        values = record.config.get(section)
        known = _text(section, name, changes[-1].now)
        if isinstance(values, Mapping) and name in values:
            known = _text(section, name, values[name])
        found = []
        for change in reversed(changes):
            if _text(section, name, change.now) == known:
                found.append(change)
                known = _text(section, name, change.before)
        if found:
            applied[section, name] = found[::-1]
    return applied


def _recorded(record: RunRecord) -> dict[tuple[str, str], list[Change]]:
    """The changes of each setting that the run has recorded."""
    since = list(itertools.accumulate((generation for generation, _ in reversed(record.changes)), min))[::-1]
    found: dict[tuple[str, str], list[Change]] = {}
    for first, (generation, changes) in zip(since, record.changes, strict=True):
        for key, pair in changes.items():
            section, _, name = key.partition(".")
            if not name or is_neutral(section, name) or not (isinstance(pair, list) and len(pair) == 2):
                continue
            before, now = pair
            if _text(section, name, before) != _text(section, name, now):  # otherwise data that has moved
                found.setdefault((section, name), []).append(Change(before, now, generation, first))
    return found


def _text(section: str, name: str, value: Any) -> str:
    return format_json(public_value(section, name, value))
