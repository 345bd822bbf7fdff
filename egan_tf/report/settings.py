"""The configuration of a run: the command that repeats it, and every value."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from egan_tf.report.command import FOLDERS, changed, command_of
from egan_tf.report.markup import Html, element, join, table
from egan_tf.report.page import Section
from egan_tf.report.record import RunRecord
from egan_tf.report.values import plain

MAX_VALUES = 500


def settings_section(record: RunRecord) -> Section:
    """The command that repeats the run, and its resolved configuration."""
    if record.raw_config is None:
        return Section("settings", "Settings", element("p", "The configuration is not known.", class_="lede"))
    return Section("settings", "Settings", join([_command(record), _tables(record)]))


def flat(config: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """The first values of a configuration by section and name, without folders of the machine that it ran on."""
    found = (
        ((section, name), value)
        for section, values in config.items()
        for name, value in (values.items() if isinstance(values, Mapping) else [("", values)])
        if name not in FOLDERS
    )
    return dict(itertools.islice(found, MAX_VALUES))


def _command(record: RunRecord) -> Html:
    command = command_of(record.config) if record.config else None
    if command is None:
        said = "No command can be given: the configuration, or its preset, is not one of this version of egan_tf."
        return element("p", said, class_="lede")
    said = "This repeats the run. Folders are left out; a model that is there already asks for another --name, or for "
    return join(
        [
            element("p", said, element("code", "--overwrite"), ".", class_="lede"),
            element("pre", element("code", command), tabindex=0),
        ]
    )


def _tables(record: RunRecord) -> Html:
    values = flat(record.config.to_dict() if record.config else record.raw_config or {})
    differing = changed(record.config) if record.config else frozenset()
    sections = dict.fromkeys(section for section, _ in values)
    tables = [
        element("div", element("h3", section.capitalize()), _table(section, values, differing)) for section in sections
    ]
    note = element("p", "Bold values differ from the preset's.", class_="note") if differing else Html()
    return join([note, element("div", *tables, class_="settings")])


def _table(section: str, values: Mapping[tuple[str, str], Any], differing: frozenset[tuple[str, str]]) -> Html:
    rows: Sequence[tuple[str, Html]] = [
        (
            name.replace("_", " "),
            element("mark" if (of, name) in differing else "span", plain(value) or "–"),
        )
        for (of, name), value in values.items()
        if of == section
    ]
    return table(("setting", "value"), rows, f"Settings: {section}")
