"""A study goes on only with the definition that it was begun with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from egan_tf.search import engine
from egan_tf.search.definition import from_json_object
from egan_tf.search.study import Study, join_study, open_study
from egan_tf.search.unchanged import DEFINITION
from egan_tf.utils.checks import InputError
from tests.search.studies import RATE, definition, made, reopened, work

WIDTH = "width=int:8:16"

CHANGES: dict[str, tuple[str, Any]] = {
    "space.width": ("space.width", "choice:8|16"),
    "space.generator_learning_rate": ("space.generator_learning_rate", "log:0.0001:0.02"),
    "space.r1_weight": ("space.r1_weight", "choice:0|1"),
    "sampler": ("sampler", "random"),
    "pruning": ("pruning", "none"),
    "metrics.monitor": ("config.metrics.monitor", "precision"),
    "metrics.evaluate_every": ("config.metrics.evaluate_every", 5),
    "run.steps": ("config.run.steps", 60),
    "run.name": ("config.run.name", "other"),
    "evolution.seed": ("config.evolution.seed", 7),
    "data.dataset": ("config.data.dataset", "mnist"),
}
LEGITIMATE: dict[str, tuple[str, Any]] = {
    "the folder of the exports": ("config.run.models_dir", "elsewhere"),
    "the folder of the data": ("config.data.data_dir", "elsewhere"),
    "the devices of the machine": ("config.run.devices", ["GPU:0", "GPU:1"]),
    "the start, which counts once": ("start", {"trials": 9, "budget": 0, "seeds": []}),
}


def edit(study: Study, name: str, value: Any) -> None:
    path = study.folder / "study.json"
    values = json.loads(path.read_text())
    *groups, last = name.split(".")
    inner = values
    for group in groups:
        inner = inner[group]
    inner[last] = value
    path.write_text(json.dumps(values))


def storage(study: Study) -> Callable[[], bytes]:
    path = study.folder.parents[1] / "shared.db" if study.shared else study.folder / "trials.db"
    return path.read_bytes


def forget_definition(study: Study) -> None:
    """As studies of older versions were begun."""
    with closing(sqlite3.connect(study.folder / "trials.db")) as connection:
        assert connection.execute("DELETE FROM study_user_attributes WHERE key = 'definition'").rowcount == 1
        connection.commit()


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_another_definition_is_refused_before_anything_is_written(shared: bool, tmp_path: Path) -> None:
    study = made(tmp_path, RATE, WIDTH, trials=2, url=f"sqlite:///{tmp_path}/shared.db" if shared else "")
    work(study)
    before, file = storage(study)(), (study.folder / "study.json").read_text()
    for named, change in CHANGES.items():
        if shared and named == "run.name":
            continue  # the storage has no study of that name
        edit(study, *change)
        with pytest.raises(InputError) as refused:
            reopened(study)
        assert str(refused.value) == (
            f"{study.folder}/study.json: is not the one that this study was begun with, by {named}; "
            "restore it, or begin a new study"
        )
        assert storage(study)() == before
        (study.folder / "study.json").write_text(file)
    assert len(reopened(study).trials) == 2


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_belongs_to_a_machine_may_change(name: str, tmp_path: Path) -> None:
    study = made(tmp_path, RATE, WIDTH, trials=1)
    work(study)
    edit(study, *LEGITIMATE[name])
    assert reopened(study).limits == (1, 0)


def test_local_data_may_have_moved(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=1)
    edit(study, "config.data.dataset", "npz:/here/data.npz")
    with pytest.raises(InputError, match=r"by data\.dataset; "):
        reopened(study)
    values = json.loads((study.folder / "study.json").read_text())
    study.engine.set_user_attr(DEFINITION, values)
    edit(study, "config.data.dataset", "npz:/there/data.npz")
    reopened(study)


def test_the_order_of_the_space_is_part_of_it(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, WIDTH, trials=1)
    space = json.loads((study.folder / "study.json").read_text())["space"]
    edit(study, "space", dict(reversed(space.items())))
    with pytest.raises(InputError, match="by space; "):
        reopened(study)


@pytest.mark.parametrize("name", [name for name in CHANGES if name.startswith("space.")])
def test_a_study_of_an_older_version_is_compared_by_its_trials(name: str, tmp_path: Path) -> None:
    study = made(tmp_path, RATE, WIDTH, trials=2)
    work(study)
    forget_definition(study)
    for _ in range(2):
        assert len(reopened(study).trials) == 2
        assert DEFINITION not in reopened(study).engine.user_attrs, "nobody knows what it was begun with"
    before = storage(study)()
    edit(study, *CHANGES[name])
    with pytest.raises(InputError, match="by space; restore it"):
        reopened(study)
    assert storage(study)() == before


def test_a_sweep_of_an_older_version_is_no_search(tmp_path: Path) -> None:
    study = made(tmp_path, seeds=(0, 1), pruning="none")
    work(study)
    forget_definition(study)
    reopened(study)
    for name, value in {"sweep": False, "space": {"width": "int:8:16"}}.items():
        edit(study, name, value)
    with pytest.raises(InputError, match="by space; restore it"):
        reopened(study)


def test_a_trial_that_was_killed_before_it_had_all_its_settings_is_of_the_space(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, WIDTH, trials=0)
    with engine.quietly():
        study.engine.ask({RATE.partition("=")[0]: engine.distributions(study.definition)["generator_learning_rate"]})
    forget_definition(study)
    assert len(reopened(study).trials) == 1


def test_every_way_to_begin_stores_the_definition(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    own, shared = made(tmp_path / "own", RATE), made(tmp_path / "shared", RATE, url=url)
    joined = join_study("s", url, tmp_path / "joined")
    assert shared.definition == joined.definition == definition(RATE)
    for study in (own, shared, joined, open_study(own.folder)):
        assert from_json_object(study.engine.user_attrs[DEFINITION], "x") == definition(RATE)
