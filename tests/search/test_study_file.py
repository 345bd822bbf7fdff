"""What a study's folder holds from the start: no password, and all that the study begins with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from egan_tf.search import engine, study
from egan_tf.search.start import Start, start_of
from egan_tf.search.study import Study, create_study, join_study, open_study
from egan_tf.search.study_file import HIDDEN, create_study_folder, may_hold_password, read_study_file
from egan_tf.search.table import rows
from egan_tf.search.unchanged import DEFINITION
from egan_tf.utils.checks import InputError
from tests.search.studies import RATE, definition, reopened, work

SECRET = "postgresql://me:{}@host/db"
SECRETS = [
    *(SECRET.format(password) for password in ("secret", "sec/ret", "sec#ret", "sec?ret", "sec%2Fret", "s@cret", "")),
    "postgresql://host/db?user=me&password=secret",
    "mysql+pymysql://host/db?ssl_key=secret",
    "postgresql://me:secret@host:port/db",
    "no URL of SQLAlchemy, secret",
]
PUBLIC = ["", "sqlite:////home/me/trials.db", "postgresql://me@host:5432/db", "postgresql://host/a:b@c"]


@pytest.mark.parametrize("url", SECRETS)
def test_a_password_is_not_written(url: str, tmp_path: Path) -> None:
    assert may_hold_password(url)
    folder = create_study_folder(definition(RATE), Start(), tmp_path, url)
    text = (folder / "study.json").read_text()
    assert read_study_file(folder).storage == HIDDEN and url not in text
    for part in ("secret", "sec/ret", "sec#ret", "sec?ret", "s@cret"):
        assert part not in text
    with pytest.raises(InputError, match="storage: may hold a password, so that it is not written to files; give it"):
        open_study(folder)


@pytest.mark.parametrize("url", PUBLIC)
def test_an_url_without_a_password_is_kept(url: str, tmp_path: Path) -> None:
    folder = create_study_folder(definition(RATE), None, tmp_path, url)
    assert read_study_file(folder).storage == url


STARTS = {
    "a search": Start(trials=7),
    "a budget": Start(budget=900),
    "a sweep": Start(seeds=(0, 1, 5)),
}


def begun(study: Study) -> tuple[tuple[int, int], list[dict]]:
    return study.limits, [row["settings"] for row in rows(study)]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind", STARTS)
def test_a_study_that_was_killed_while_it_was_made_begins_as_it_should(
    kind: str, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each write to its folder or its storage in turn, until one attempt comes through."""
    start, sweep = STARTS[kind], bool(STARTS[kind].seeds)
    url = f"sqlite:///{tmp_path}/shared.db" if shared else ""
    made = definition(*([] if sweep else [RATE]), sweep=sweep)
    whole = create_study(made, tmp_path / "whole", f"{url}.whole" if shared else "", start)
    assert begun(whole)[0] == (start.trials, start.budget) and whole.trials

    for survived in range(20):
        where = tmp_path / f"killed-{survived}"
        where.mkdir()
        here = f"sqlite:///{where}/shared.db" if shared else ""
        if not killed_after(
            survived, lambda where=where, here=here: create_study(made, where, here, start), monkeypatch
        ):
            break
        folders = list(where.glob("001-*"))
        if folders:
            found = open_study(folders[0], here if read_study_file(folders[0]).storage == HIDDEN else "")
        elif shared and known(here):
            found = join_study(made.config.name, here, where)
        else:
            found = create_study(made, where, here, start)
        assert begun(found) == begun(whole)
        assert begun(reopened(found)) == begun(whole), "nothing is queued twice"
    assert 2 < survived < 19


class KilledError(BaseException):
    pass


def known(url: str) -> bool:
    return any(DEFINITION in one.user_attrs for one in engine.shared_storage(url).get_all_studies())


def killed_after(writes: int, create, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Makes a study, and ends after so many writes; whether it came to that."""
    left = [writes]

    def counting(function):
        def counted(*arguments, **options):
            if left[0] == 0:
                raise KilledError
            left[0] -= 1
            return function(*arguments, **options)

        return counted

    with monkeypatch.context() as patch:
        patch.setattr(study, "create_study_folder", counting(study.create_study_folder))
        for name in ("set_user_attr", "enqueue_trial"):
            patch.setattr(engine.optuna.Study, name, counting(getattr(engine.optuna.Study, name)))
        try:
            create()
        except KilledError:
            return True
    return False


def test_a_study_of_an_older_version_is_opened_as_it_is(tmp_path: Path) -> None:
    found = create_study(definition(RATE), tmp_path)
    assert "start" not in json.loads((found.folder / "study.json").read_text())
    assert begun(found) == ((0, 0), [])
    found.limit(2, None)
    found.enqueue([])
    assert len(work(reopened(found))) == 2


def test_limits_that_were_raised_are_not_set_back(tmp_path: Path) -> None:
    found = create_study(definition(RATE), tmp_path, start=Start(trials=2))
    found.limit(5, 450)
    assert reopened(found).limits == (5, 450)


@pytest.mark.parametrize("start", [3, {}, {"trials": -1, "budget": 0, "seeds": []}, {"trials": 1, "budget": 0}])
def test_a_start_may_be_anything(start: object, tmp_path: Path) -> None:
    folder = create_study_folder(definition(RATE), Start(), tmp_path)
    values = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**values, "start": start}))
    with pytest.raises(InputError, match="study.json: "):
        read_study_file(folder)
    shutil.rmtree(folder)
    assert start_of(None, "x") is None
