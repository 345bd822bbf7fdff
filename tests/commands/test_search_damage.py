"""A study whose storage is damaged or does not answer: one line, never a traceback."""

from __future__ import annotations

import contextlib
import random
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from egan_tf.commands import search
from egan_tf.search import engine
from egan_tf.search.study import Study, create_study, join_study, open_study
from egan_tf.utils.checks import InputError, RunError
from tests.search.studies import RATE, definition, made, work

PAGE = 4096
JUNK: dict[str, Callable[[int], bytes]] = {
    "zeros": lambda page: bytes(PAGE),
    "ones": lambda page: b"\xff" * PAGE,
    "text": lambda page: b"damaged " * (PAGE // 8),
    "noise": lambda page: random.Random(page).randbytes(PAGE),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = made(tmp_path_factory.mktemp("study"), RATE, trials=2)
    work(study)
    return study


@contextlib.contextmanager
def storage_of(study: Study):
    """The storage, which is as it was afterwards."""
    path = study.folder / "trials.db"
    content = path.read_bytes()
    try:
        yield path
    finally:
        path.write_bytes(content)


def said_by(*arguments: str) -> str:
    """The line of a refusal; empty for none."""
    try:
        assert search.main(arguments) == 0
    except (InputError, RunError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("junk", JUNK)
def test_damage_of_any_page_ends_in_one_line(junk: str, whole: Study) -> None:
    with storage_of(whole) as path:
        content = path.read_bytes()
        refused = 0
        for page in range(len(content) // PAGE):
            path.write_bytes(content[: page * PAGE] + JUNK[junk](page) + content[(page + 1) * PAGE :])
            said = said_by("--resume", str(whole.folder), "--list")
            assert said == "" or said.startswith(f"storage: {path} cannot be "), page
            assert said == "" or "malformed" in said or "is not a database" in said, page
            refused += bool(said)
        assert refused > 15


@pytest.mark.usefixtures("_faked")
def test_damage_of_any_page_ends_the_work_in_one_line(whole: Study) -> None:
    with storage_of(whole) as path:
        content = path.read_bytes()
        for page in range(len(content) // PAGE):
            path.write_bytes(content[: page * PAGE] + JUNK["ones"](page) + content[(page + 1) * PAGE :])
            said = said_by("--resume", str(whole.folder), "--trials", "3")
            reached = said.startswith("nothing was trained") or said.endswith("; its trials are kept")
            assert reached or said.startswith(f"storage: {path} cannot be "), (page, said)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trial_user_attributes SET value_json = '{'",
        "UPDATE trial_params SET distribution_json = '[]'",
        "UPDATE trial_values SET value_type = 'x'",
        "UPDATE trials SET state = 'x'",
        "UPDATE study_user_attributes SET value_json = 'x'",
        "DROP TABLE studies",
    ],
)
def test_content_that_is_damaged_ends_in_one_line(statement: str, whole: Study) -> None:
    with storage_of(whole) as path:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()
        assert said_by("--resume", str(whole.folder), "--list").startswith("storage: ")


METHODS = ("get_all_studies", "get_all_trials", "create_new_study", "get_study_id_from_name", "get_study_user_attrs")
FAULTS = [
    StorageInternalError("An exception is raised during the commit."),
    OperationalError("SELECT 1", {}, Exception("the server has closed the connection")),
    OSError("connection reset"),
    TypeError("anything"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_storage_that_does_not_answer_is_refused_in_one_line(
    fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it fails while a study is made, opened or joined."""
    url = f"sqlite:///{tmp_path}/shared.db"
    shared, own = made(tmp_path / "shared", RATE, url=url), made(tmp_path / "own", RATE)
    ways: list[Callable[[], object]] = [
        lambda: open_study(own.folder),
        lambda: open_study(shared.folder),
        lambda: join_study("s", url, tmp_path / "joined"),
        lambda: create_study(definition(RATE), tmp_path / "made", f"{url}.made"),
        lambda: create_study(definition(RATE), tmp_path / "made"),
    ]
    refused = 0
    for name in METHODS:
        for way in ways:
            with monkeypatch.context() as patch:
                patch.setattr(engine.RDBStorage, name, failing(fault))
                try:
                    way()
                except InputError as error:
                    refused += 1
                    again = "name: the storage has a study s; " in str(error)
                    assert again or re.match("storage: .*cannot be read: ", str(error)), (name, error)
    assert refused > 10


def failing(fault: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise fault

    return fail
