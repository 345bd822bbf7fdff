"""The settings that changed when a run was resumed: with them it is another run than one that always had the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from egan_tf.report.neutral import is_neutral
from egan_tf.report.public_config import public_value
from egan_tf.report.run_record import RunRecord
from egan_tf.report.text import format_json

SECTION = "resumed"
"""Takes the place of the section in the settings of a run."""


class Change(NamedTuple):
    """A change of a setting, as text, at a generation."""

    before: str
    now: str
    generation: int


def changes_of(record: RunRecord) -> dict[tuple[str, str], str]:
    """What changed, by (`SECTION`, name), as text with the generation; without what changes no result.

    Several changes of a setting stand in the order in which they were made. A change is recorded before it applies: one
    that the next change, or the configuration, knows nothing of was prevented, by a kill or a full disk.
    """
    found: dict[tuple[str, str], list[Change]] = {}
    for generation, changes in record.changes:
        for key, pair in changes.items():
            section, _, name = key.partition(".")
            if not name or is_neutral(section, name) or not (isinstance(pair, list) and len(pair) == 2):
                continue
            before, now = (format_json(public_value(section, name, value)) for value in pair)
            if before != now:  # otherwise a data set that has moved; its content is the same
                found.setdefault((section, name), []).append(Change(before, now, generation))
    return {
        (SECTION, f"{name} changed"): ", ".join(
            f"{before} to {now} at generation {at:,}" for before, now, at in applied
        )
        for (section, name), changes in found.items()
        if (applied := _applied(changes, record, section, name))
    }


def _applied(changes: Sequence[Change], record: RunRecord, section: str, name: str) -> list[Change]:
    """The changes of a setting that lead, one after the other, to the value in the configuration."""
    values = record.config.get(section)
    known = changes[-1].now
    if isinstance(values, Mapping) and name in values:
        known = format_json(public_value(section, name, values[name]))
    applied = []
    for change in reversed(changes):
        if change.now == known:
            applied.append(change)
            known = change.before
    return applied[::-1]
