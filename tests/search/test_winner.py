"""The export of a study: made once, replaced if the study made it, also if it could not record that."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from egan_tf.search import winner
from egan_tf.search.study import Study
from egan_tf.search.table import best_trial
from egan_tf.search.winner import EXPORT, export_winner, recorded_export
from egan_tf.utils.checks import RunError
from tests.search.studies import RATE, made, reopened, work

EXPORTER = [sys.executable, str(Path(__file__).with_name("fake_exporter.py"))]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Of three trials, the first of which is the best; it exports to `models/s`."""
    found = made(tmp_path, RATE, trials=3, pruning="none", models_dir=str(tmp_path / "models"))
    work(found)
    assert best_trial(found).number == 0  # type: ignore[union-attr]
    return found


def record(study: Study, export: Any) -> None:
    (study.folder / "results.json").write_text(json.dumps({EXPORT: export}))


def exports(model: Path) -> int:
    """How often a model was exported."""
    return int((model / "count.txt").read_text())


def test_a_winner_is_exported_once_and_replaced_by_a_better_one(study: Study, tmp_path: Path) -> None:
    model = tmp_path / "models" / "s"
    first = export_winner(study, EXPORTER)
    assert (first["trial"], first["generation"], first["model"]) == (0, 90, str(model))
    record(study, first)
    assert export_winner(study, EXPORTER) == first and exports(model) == 1
    record(study, {**first, "generation": 80})
    assert export_winner(study, EXPORTER)["generation"] == 90 and exports(model) == 2


def test_an_export_without_a_record_is_known_by_its_card(study: Study, tmp_path: Path) -> None:
    """The study was killed between the export and its record, or an older version lost the record."""
    model = tmp_path / "models" / "s"
    first = export_winner(study, EXPORTER)
    assert recorded_export(study) is None
    assert export_winner(reopened(study), EXPORTER) == first and exports(model) == 1
    # By then another trial is the best one.
    best = study.trials[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winner, "best_trial", lambda _: best)
        assert export_winner(study, EXPORTER)["trial"] == 1
    assert exports(model) == 2


@pytest.mark.parametrize("foreign", ["edited", "of another configuration", "of another generation"])
def test_the_export_of_somebody_else_is_kept(foreign: str, study: Study, tmp_path: Path) -> None:
    model = tmp_path / "models" / "s"
    export_winner(study, EXPORTER)
    card = json.loads((model / "card.json").read_text())
    if foreign == "edited":
        (model / "count.txt").write_text("1 ")
    elif foreign == "of another configuration":
        card["config"]["network"]["width"] += 1
    else:
        card["steps"] -= 10
    (model / "card.json").write_text(json.dumps(card))
    before = {path: path.read_bytes() for path in model.iterdir()}
    with pytest.raises(RunError, match="was not exported: name: .*s exists; --overwrite replaces it"):
        export_winner(study, EXPORTER)
    assert before == {path: path.read_bytes() for path in model.iterdir()}
    other = export_winner(study, EXPORTER, name="other")
    assert Path(other["model"]) == tmp_path / "models" / "other" and exports(tmp_path / "models" / "other") == 1
    record(study, other)
    assert export_winner(study, EXPORTER) == other, "the name that was chosen stays"
    assert export_winner(study, EXPORTER, name="s", overwrite=True)["model"] == str(model)
    assert exports(model) == 2


def test_what_is_recorded_is_the_generation_that_was_exported(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint of the best generation, 90, could not be written, as on a full disk; the run went on."""
    model = tmp_path / "models" / "s"
    for generation, score in ((70, -1.3), (80, -1.2)):
        folder = study.run_of(0) / "checkpoints" / f"{generation:08d}"
        folder.mkdir(parents=True)
        manifest = {"generation": generation, "score": score, "measurement": {"metric": "frechet_distance"}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    first = export_winner(study, EXPORTER)
    assert (first["trial"], first["generation"]) == (0, 80)
    said = "trial 0 was best at generation 90, but has no checkpoint of it; exported is 80"
    assert capsys.readouterr().err.count(said) == 1
    assert export_winner(reopened(study), EXPORTER) == first and exports(model) == 1, "known by its card"
    record(study, first)
    assert export_winner(study, EXPORTER) == first and exports(model) == 1


ENDS = {
    "raise ValueError('no card')": "ValueError: no card",
    "import os; print('x', file=sys.stderr, flush=True); os.kill(os.getpid(), 9)": "ended by signal 9",
    "sys.exit(3)": "exit status 3, and no reason was printed",
    "print('egan-export: error: run: is gone', file=sys.stderr); sys.exit(2)": "run: is gone",
}


@pytest.mark.parametrize("program", ENDS)
def test_an_export_that_fails_says_why(program: str, study: Study) -> None:
    with pytest.raises(RunError) as error:
        export_winner(study, [sys.executable, "-c", f"import sys; {program}"])
    assert str(error.value) == f"the winner, {study.run_of(0)}, was not exported: {ENDS[program]}"
