"""Metrics during training."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from egan_tf import EGAN, InputError
from egan_tf.data import ImageDataset, load
from egan_tf.metrics.evaluate import evaluate
from egan_tf.metrics.extractors.pixels import Pixels
from egan_tf.metrics.sources import from_model
from egan_tf.training.callbacks.evaluation import Best, Evaluations
from egan_tf.utils.json_lines import JsonLinesWriter, read_records
from tests.evolution.networks import images, points

POINTS = np.random.default_rng(0).normal(size=(180, 2)).astype("float32")
RING = load("ring8", "unused")
NAMES = ["high_quality_share", "mode_divergence", "mixture_mmd"]


def made(pair: object = points) -> EGAN:
    keras.utils.set_random_seed(5)
    egan = EGAN(*pair(), mutations=("heuristic",), evaluation_size=8, discriminator_steps=2, seed=2)  # type: ignore[operator]
    egan.compile(jit_compile=False)
    return egan


def weights(egan: EGAN) -> list[np.ndarray]:
    return [variable.numpy() for variable in egan.variables]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_records_are_lines_of_what_evaluate_gives(tmp_path: Path) -> None:
    path, egan = tmp_path / "evaluations.jsonl", made()
    callback = Evaluations(JsonLinesWriter(path), 4, RING, NAMES, count=200, seed=3)
    egan.fit(POINTS, batch_size=10, callbacks=[callback], verbose=0)
    records = lines(path)
    assert [(record["step"], record["kind"]) for record in records] == [(s, name) for s in (4, 8, 10) for name in NAMES]
    # At the end of training the model is still the one that was evaluated last.
    again = evaluate(from_model(egan), RING, NAMES, count=200, seed=3, step=10)
    assert records[-3:] == again
    assert callback.latest == records[-3]["value"]


def test_evaluation_does_not_change_training(tmp_path: Path) -> None:
    watched, alone = made(images), made(images)
    real = np.tanh(np.random.default_rng(0).normal(size=(120, 8, 8, 1))).astype("float32")
    dataset = ImageDataset("made", np.uint8(127.5 * real + 127.5))
    callback = Evaluations(
        JsonLinesWriter(tmp_path / "e.jsonl"), 1, dataset, ["frechet_distance"], extractor=Pixels((8, 8, 1)), count=40
    )
    before = weights(alone)
    watched.fit(real, batch_size=10, callbacks=[callback], verbose=0)
    alone.fit(real, batch_size=10, verbose=0)
    assert len(lines(tmp_path / "e.jsonl")) == int(alone.generation.numpy())
    assert any(not np.array_equal(old, new) for old, new in zip(before, weights(alone), strict=True))
    for mine, other in zip(weights(watched), weights(alone), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [
        ("high_quality_share", [0.2, 0.5, 0.5, 0.4], [Best(1, 0.2), Best(2, 0.5)]),
        ("mode_divergence", [0.2, None, 0.5, 0.1], [Best(1, 0.2), Best(4, 0.1)]),
    ],
)
def test_best_so_far(tmp_path: Path, monkeypatch, monitor: str, values: list, best: list) -> None:
    found: list[Best] = []
    callback = Evaluations(JsonLinesWriter(tmp_path / "e.jsonl"), 1, RING, NAMES, monitor=monitor)
    callback.set_model(made())
    callback.on_train_begin()
    assert callback.best is None and callback.latest is None
    for generation, value in enumerate(values, start=1):
        records = [{"kind": name, "value": value if name == monitor else 9.0, "step": generation} for name in NAMES]
        monkeypatch.setattr("egan_tf.training.callbacks.evaluation.evaluate", lambda *_, made=records, **__: made)
        callback.report(generation, {})
        assert callback.latest == value
        if callback.best is not None and callback.best not in found:
            found.append(callback.best)
    assert found == best


def test_a_resumed_run_knows_the_best_before_its_checkpoint_and_nothing_after_it(tmp_path: Path) -> None:
    path, egan = tmp_path / "e.jsonl", made()
    rows = [(2, 0.3), (4, 0.2), (6, 0.9)]
    path.write_text(
        "".join(json.dumps({"kind": NAMES[0], "value": value, "step": step}) + "\n" for step, value in rows)
        + json.dumps({"kind": NAMES[1], "value": 5.0, "step": 1})
        + "\n"
    )
    egan.generation.assign(4)
    callback = Evaluations(JsonLinesWriter(path), 2, RING, NAMES, count=50)
    callback.set_model(egan)
    callback.on_train_begin()
    assert callback.best == Best(2, 0.3) and callback.latest == 0.2
    callback.report(5, {})
    assert [record["step"] for record in read_records(path)] == [2, 4, 6, 1, 5, 5, 5]


def test_records_that_were_measured_in_another_way_are_not_compared(tmp_path: Path) -> None:
    """Of a run that was resumed with other settings of its metrics, or other seeds of the noise."""
    path, egan = tmp_path / "e.jsonl", made()
    egan.generation.assign(9)
    for step, settings in enumerate([{}, {"count": 60}, {"seed": 1}, {"real_count": 70}, {}], start=1):
        callback = Evaluations(JsonLinesWriter(path), 2, RING, ["mixture_mmd"], **{"count": 50, **settings})
        callback.set_model(egan)
        callback.report(step, {})
        assert {name: lines(path)[-1][name] for name in callback.measurement} == callback.measurement
    callback.on_train_begin()
    assert callback.best == Best(1, lines(path)[0]["value"])
    assert (callback.evaluated, callback.latest) == (5, lines(path)[4]["value"])
    score = callback.score(5)
    assert score is not None and score == (-lines(path)[4]["value"], callback.measurement)
    older = [{name: value for name, value in line.items() if name in ("kind", "value", "step")} for line in lines(path)]
    path.write_text("".join(json.dumps(line) + "\n" for line in older))
    callback.on_train_begin()
    assert callback.best is not None and callback.best.value == min(line["value"] for line in older)


def test_samples_that_are_not_finite_are_null_and_never_best(tmp_path: Path) -> None:
    path, egan = tmp_path / "e.jsonl", made()
    egan.generator.set_weights([weight * np.nan for weight in egan.generator.get_weights()])
    callback = Evaluations(JsonLinesWriter(path), 1, RING, NAMES, count=50)
    callback.set_model(egan)
    callback.on_train_begin()
    callback.report(1, {})
    assert [record["value"] for record in lines(path)] == [None] * 3
    assert callback.best is None


def test_impossible_metrics_are_refused_before_training(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    with pytest.raises(InputError, match="^metrics: "):
        Evaluations(JsonLinesWriter(path), 1, RING, ["precision"])
    with pytest.raises(InputError, match="^monitor: "):
        Evaluations(JsonLinesWriter(path), 1, RING, NAMES, monitor="modes_covered")
    with pytest.raises(InputError, match="^count: "):
        Evaluations(JsonLinesWriter(path), 1, RING, NAMES, count=0)
    with pytest.raises(InputError, match="^every: "):
        Evaluations(JsonLinesWriter(path), 0, RING, NAMES)
