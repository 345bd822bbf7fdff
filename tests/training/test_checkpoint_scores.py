"""The best checkpoint is the best of those whose scores were measured alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest

from egan_tf import EGAN
from egan_tf.training.checkpoint_scores import Score, comparable_scores, scores
from egan_tf.training.checkpoints import Checkpoints
from tests.evolution.networks import points

ONE = {"metric": "fd_cnn_2k", "n_fake": 2000, "extractor_hash": "a" * 64}
OTHERS = {
    "metric": {**ONE, "metric": "precision_cnn_2k"},
    "samples": {**ONE, "metric": "fd_cnn_100", "n_fake": 100},
    "extractor": {**ONE, "extractor_hash": "b" * 64},
    "unknown": None,
}


def made() -> EGAN:
    egan = EGAN(*points())
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    return egan


def saved(folder: Path, *rows: tuple[int, Score | None], kept: int = 1) -> Checkpoints:
    egan = made()
    checkpoints = Checkpoints(folder / "checkpoints", egan, kept=kept)
    for generation, score in rows:
        egan.generation.assign(generation)
        checkpoints.save("", {}, score)
    return checkpoints


def kept(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in (folder / "checkpoints").iterdir())


@pytest.mark.parametrize("other", OTHERS)
def test_scores_that_were_measured_in_another_way_are_not_compared(other: str, tmp_path: Path) -> None:
    now = OTHERS[other]
    before = [(1, Score(0.5, ONE)), (2, Score(0.9, ONE)), (3, None)]
    checkpoints = saved(tmp_path, *before)
    assert kept(tmp_path) == [2, 3], "the best so far stays until something else is measured"
    assert checkpoints.is_best(Score(0.1, now)) and not checkpoints.is_best(Score(0.9, ONE))
    checkpoints = saved(tmp_path, (4, Score(0.2, now)), (5, Score(0.1, now)), (6, None))
    assert kept(tmp_path) == [4, 6]
    assert not checkpoints.is_best(Score(0.2, now)) and checkpoints.is_best(Score(0.3, now))


def test_the_best_by_the_last_measurement_is_restored_and_the_others_are_named(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, (1, Score(0.9, ONE)), (2, Score(-2.0, OTHERS["metric"])), (3, None), kept=9)
    manifest, sentences = checkpoints.restore_best()
    assert (manifest.generation, manifest.measurement) == (2, OTHERS["metric"])
    assert len(sentences) == 1 and sentences[0].startswith("checkpoint 00000001 has a value of another metric")
    checkpoints = saved(tmp_path, (4, Score(-1.0, OTHERS["metric"])), kept=9)
    assert checkpoints.restore_best()[0].generation == 4
    assert list(comparable_scores(tmp_path / "checkpoints").values()) == [-2.0, -1.0]


def aged(folder: Path, *records: dict[str, Any]) -> dict[int, Score]:
    """The scores, after the checkpoints lost what older versions did not write."""
    for path in (folder / "checkpoints").glob("*/manifest.json"):
        values = json.loads(path.read_text())
        del values["measurement"]
        path.write_text(json.dumps(values))
    (folder / "evaluations.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return {int(path.name): score for path, score in scores(folder / "checkpoints").items()}


def test_how_a_score_of_an_older_version_was_measured_is_in_the_records(tmp_path: Path) -> None:
    saved(tmp_path, (1, Score(-4.0)), (2, Score(-3.0)), (3, Score(0.5)), kept=9)
    records = [
        {"kind": "precision", "metric": "precision_cnn_2k", "value": 4.0, "step": 1, "n_fake": 2000},
        {"kind": "frechet_distance", "value": 4.0, "step": 1, **ONE},
        {"kind": "frechet_distance", "value": 7.0, "step": 2, **ONE},
        {"kind": "share_within_3_sigma", "metric": "share_within_3_sigma", "value": 0.5, "step": 3},
        {"value": 0.5, "step": 3},
    ]
    expected = {1: Score(-4.0, ONE), 2: Score(-3.0), 3: Score(0.5, {"metric": "high_quality_share"})}
    assert aged(tmp_path, *records) == expected
    assert Checkpoints(tmp_path / "checkpoints", made()).restore()[0] is not None, "an old checkpoint is still read"


def test_a_damaged_best_checkpoint_does_not_stay_the_best(tmp_path: Path) -> None:
    """Newer than the one that is restored, which the run makes again with the same score; or older."""
    rows = [(1, Score(0.8, ONE)), (2, Score(0.2, ONE)), (3, Score(0.5, ONE)), (4, Score(0.9, ONE))]
    checkpoints = saved(tmp_path, *rows, kept=9)
    folder = tmp_path / "checkpoints"
    for generation in (1, 4):
        (folder / f"{generation:08d}" / "state.index").write_bytes(b"")
    manifest, skipped = checkpoints.restore()
    assert manifest is not None and (manifest.generation, len(skipped)) == (3, 1)
    (sentence,) = checkpoints.set_aside_damaged(manifest)
    assert sentence.startswith("checkpoint 00000001, the best, is damaged (state.index has another SHA-256")
    assert sorted(path.name for path in folder.iterdir()) == [
        *("00000001.damaged", "00000002", "00000003", "00000004.damaged")
    ]
    assert checkpoints.restore_best()[0].generation == 3
    assert checkpoints.is_best(Score(0.9, ONE)) and not checkpoints.is_best(Score(0.5, ONE))
    assert checkpoints.set_aside_damaged(manifest) == []
