"""The settings that changed when a run was resumed: with them it is another run than one that always had the last."""

from __future__ import annotations

from egan_tf.report.neutral import is_neutral
from egan_tf.report.public_config import public_value
from egan_tf.report.run_record import RunRecord
from egan_tf.report.text import format_json

SECTION = "resumed"
"""Takes the place of the section in the settings of a run."""


def changes_of(record: RunRecord) -> dict[tuple[str, str], str]:
    """What changed, by (`SECTION`, name), as text with the generation; without what changes no result.

    Several changes of a setting stand in the order in which they were made.
    """
    found: dict[tuple[str, str], str] = {}
    for generation, changes in record.changes:
        for key, pair in changes.items():
            section, _, name = key.partition(".")
            if not name or is_neutral(section, name) or not (isinstance(pair, list) and len(pair) == 2):
                continue
            before, now = (format_json(public_value(section, name, value)) for value in pair)
            if before == now:  # a data set that has moved; its content is the same
                continue
            change = f"{before} to {now} at generation {generation:,}"
            known = found.get((SECTION, f"{name} changed"))
            found[SECTION, f"{name} changed"] = change if known is None else f"{known}, {change}"
    return found
