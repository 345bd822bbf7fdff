"""The file `study.json` in the folder of a study: what the study is, and where its trials are stored."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egan_tf.search.definition import Definition, from_json_object, read_json
from egan_tf.search.start import Start, start_of
from egan_tf.training import run_folder
from egan_tf.utils.checks import require

STUDY = "study.json"
HIDDEN = "hidden"
"""In place of an URL that may hold a password."""
_START = "start"


@dataclass(frozen=True)
class StudyFile:
    """The content of a `study.json`.

    Attributes:
        identity: of the folder, which tells its trials from those of other machines.
        storage: the URL of a storage outside the folder, `HIDDEN` if it is not written; empty for the folder's own.
        definition: of the study.
        start: of the study; None in those of older versions.
    """

    identity: str
    storage: str
    definition: Definition
    start: Start | None


def create_study_folder(definition: Definition, start: Start | None, studies_dir: Path, url: str = "") -> Path:
    """Makes the folder of a study, which holds its `study.json` from the start.

    Args:
        definition: of the study; its configuration has a name.
        start: of the study.
        studies_dir: the folder of all studies.
        url: of a storage outside the folder.

    Raises:
        InputError: the folder cannot be made.
    """
    storage = HIDDEN if may_hold_password(url) else url
    values = {"identity": secrets.token_hex(8), "storage": storage, **study_values(definition, start)}
    text = json.dumps(values, indent=2) + "\n"
    return run_folder.create_numbered_folder(studies_dir, definition.config.name, {STUDY: text}, "studies_dir")


def read_study_file(folder: Path) -> StudyFile:
    """The `study.json` in a folder.

    Raises:
        InputError: the folder is not that of a study.
    """
    where = str(folder / STUDY)
    values = read_json(folder / STUDY, "resume")
    definition, start = parse_study(values, where)
    identity, storage = values.get("identity"), values.get("storage")
    require(isinstance(identity, str) and bool(identity), where, "identity must be text")
    require(storage is None or isinstance(storage, str), where, "storage must be text")
    return StudyFile(str(identity), storage or "", definition, start)


def study_values(definition: Definition, start: Start | None) -> dict[str, Any]:
    """What a study is, as nested dictionaries that JSON can hold."""
    return {**definition.to_dict(), **({} if start is None else {_START: start.to_dict()})}


def parse_study(values: Any, where: str) -> tuple[Definition, Start | None]:
    """Reads what `study_values` gives from untrusted values.

    Raises:
        InputError: they are not those of a study of this version.
    """
    definition = from_json_object(values, where)
    assert isinstance(values, Mapping)
    return definition, start_of(values.get(_START), where)


def may_hold_password(url: str) -> bool:
    """Whether the URL of a storage has a password, or a query, in which drivers accept one."""
    from sqlalchemy.engine import make_url

    if not url:
        return False
    try:
        parsed = make_url(url)
    except Exception:  # also of a port that is no number
        return True
    return parsed.password is not None or bool(parsed.query)
