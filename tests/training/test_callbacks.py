"""The files that callbacks write, from small runs and from invented records."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from egan_tf import EGAN, InputError
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.training.callbacks.sample_grid import SampleGrid
from egan_tf.training.mutations_plot import draw_mutations_plot, selection_shares
from egan_tf.training.run_folder import create_run_folder
from egan_tf.utils.json_lines import JsonLinesWriter, read_records
from tests.evolution.networks import images, points

POINTS = np.random.default_rng(0).normal(size=(180, 2)).astype("float32")


def test_run_folders_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert create_run_folder(tmp_path, "a", "{}").name == "001-a"
    assert create_run_folder(tmp_path, "b", "{}").name == "002-b"
    (tmp_path / "041-c").mkdir()
    assert create_run_folder(tmp_path, "a", "{}").name == "042-a"


def test_runs_that_start_at_once_get_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: create_run_folder(tmp_path, "same", "{}"), range(24)))
    assert len(set(folders)) == 24


def test_a_runs_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="^runs_dir: "):
        create_run_folder(tmp_path / "file", "a", "{}")


def metrics_log(path: Path, every: int) -> MetricsLog:
    return MetricsLog(JsonLinesWriter(path), JsonLinesWriter(path.with_name("timings.jsonl")), every)


def evolved(pair: object, callbacks: list[object], steps_per_execution: int = 1) -> EGAN:
    settings = {"mutations": ("heuristic", "minimax"), "evaluation_size": 8, "population_size": 2}
    egan = EGAN(*pair(), discriminator_steps=2, **settings)  # type: ignore[operator]
    egan.compile(steps_per_execution=steps_per_execution)
    data = POINTS if pair is points else np.tanh(np.random.default_rng(0).normal(size=(180, 8, 8, 1))).astype("f4")
    egan.fit(data, batch_size=10, callbacks=callbacks, verbose=0)
    return egan


@pytest.mark.parametrize("steps_per_execution", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_metrics(tmp_path: Path, steps_per_execution: int) -> None:
    path = tmp_path / "metrics.jsonl"
    egan = evolved(points, [metrics_log(path, 4)], steps_per_execution)
    records = read_records(path)
    assert [record["generation"] for record in records] == [4, 8, 10]
    last = records[-1]
    assert sum(last["selection_counts"].values()) == 2 * 10
    assert last["selection_counts"] == dict(
        zip(egan.operator_names, egan.population.selection_counts.numpy().tolist(), strict=True)
    )
    assert last["decided_counts"] == dict(
        zip(egan.operator_names, egan.population.decided_counts.numpy().tolist(), strict=True)
    )
    assert (last["tournaments"], last["tournament"]) == (10, 1.0)
    assert last["decided_tournaments"] == int(egan.population.tournaments.decided_tournaments)
    assert last["fitness"] == max(last["children"]["fitness"])
    assert last["operator"] in egan.operator_names
    assert last["rejected_children"] == last["stagnant_generations"] == last["skipped_discriminator_steps"] == 0
    timings = read_records(tmp_path / "timings.jsonl")
    assert [timing["generation"] for timing in timings] == [4, 8, 10]
    assert 0 < timings[0]["seconds"] <= timings[-1]["seconds"]


class Reports(PeriodicCallback):
    """Lists the generations that are reported, and stops training at one of them."""

    def __init__(self, every: int, stop: int = -1) -> None:
        super().__init__(every)
        self.generations: list[int] = []
        self.stop = stop

    def report(self, generation: int, logs: dict[str, object]) -> None:
        assert generation == int(self.model.generation.numpy())
        self.generations.append(generation)

    def on_train_batch_end(self, batch: int, logs: dict[str, object] | None = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.model.stop_training |= int(self.model.generation.numpy()) == self.stop


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (10, [4, 8]),
        *(pytest.param(stop, [4, 8, 12, 16, 20, 22], marks=pytest.mark.slow) for stop in (-1, 22)),
    ],
)
def test_reports_count_generations_over_epochs(stop: int, expected: list[int]) -> None:
    """Two epochs of eleven; what stops before the last generation may go on, and is not reported at its end."""
    egan = EGAN(*points(), mutations=("heuristic",), evaluation_size=8)
    egan.compile()
    reports = Reports(4, stop)
    egan.fit(POINTS, batch_size=10, epochs=2, steps_per_epoch=11, callbacks=[reports], verbose=0)
    assert reports.generations == expected


@pytest.mark.slow
def test_before_the_first_tournament_no_child_has_a_score_or_an_operator(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    egan = EGAN(*points(), evaluation_size=8, tournaments="every:12")
    egan.compile()
    egan.fit(POINTS, batch_size=10, callbacks=[metrics_log(path, 5)], verbose=0)
    before, after = (record for record in read_records(path) if record["generation"] in (10, 15))
    assert before["children"]["fitness"] == before["children"]["operator"] == [None] * 3
    assert before["operator"] == "minimax", "the first objective"
    assert (before["fitness"], before["tournaments"], after["tournaments"]) == (None, 0, 1)
    assert after["children"]["operator"] == list(egan.operator_names)


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    egan = EGAN(*points(), evaluation_size=8, fitness=lambda evaluation, gamma: evaluation.quality * np.nan)
    egan.compile()
    egan.fit(POINTS, batch_size=10, callbacks=[metrics_log(path, 10)], verbose=0)
    record = read_records(path)[-1]
    assert record["children"]["fitness"] == [None] * 3
    assert record["operator"] is None, "no child has ever survived"
    assert record["stagnant_generations"] == record["generation"]
    assert record["rejected_children"] == 3 * record["generation"]


def test_a_line_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"generation": 1}\n{"generation": 2, "fit')
    assert read_records(path) == [{"generation": 1}]


def records_of(counts: list[tuple[int, int]]) -> list[dict[str, object]]:
    return [{"generation": 10 * (i + 1), "selection_counts": {"a": a, "b": b}} for i, (a, b) in enumerate(counts)]


def test_shares_are_of_each_interval() -> None:
    generations, shares, names = selection_shares(records_of([(10, 0), (15, 5), (15, 15)]))
    assert generations.tolist() == [10, 20, 30]
    assert names == ("a", "b")
    np.testing.assert_allclose(shares, [[1, 0], [0.5, 0.5], [0, 1]])


def test_wins_by_less_than_rounding_do_not_count() -> None:
    records = [
        {**record, "decided_counts": {"a": 0, "b": n}} for n, record in enumerate(records_of([(10, 0), (15, 5)]))
    ]
    _, shares, names = selection_shares(records)
    assert names == ("a", "b")
    # One decided win among the ten survivors of the second interval is a tenth of it, not all.
    np.testing.assert_allclose(shares, [[0, 0], [0, 0.1]])


def test_where_no_child_survived_no_mutation_has_a_share() -> None:
    _, shares, _ = selection_shares(records_of([(10, 0), (10, 0)]))
    np.testing.assert_array_equal(shares, [[1, 0], [0, 0]])


def test_many_records_are_drawn_in_few_intervals_and_none_is_lost() -> None:
    records = records_of([(3 * i, 7 * i) for i in range(1, 1235)])
    generations, shares, _ = selection_shares(records)
    assert len(generations) <= 101
    assert generations[-1] == 12340
    np.testing.assert_allclose(shares, [[0.3, 0.7]] * len(generations))


def test_plot_is_a_picture(tmp_path: Path) -> None:
    draw_mutations_plot(records_of([(10, 0), (15, 5)]), tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > 500
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


@pytest.mark.parametrize(
    ("pair", "value_range"), [pytest.param(points, None, marks=pytest.mark.slow), (images, (-1.0, 1.0))]
)
def test_sample_grids(tmp_path: Path, pair: object, value_range: tuple[float, float] | None) -> None:
    folder = tmp_path / "samples"
    evolved(pair, [SampleGrid(folder, 4, value_range)])
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["00000004.png", "00000008.png", "00000010.png"]
    with Image.open(folder / names[0]) as first, Image.open(folder / names[-1]) as last:
        assert first.size == last.size
        assert first.tobytes() != last.tobytes()


def test_metrics_are_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    evolved(points, [metrics_log(path, 5)])
    for line in path.read_text().splitlines():
        assert isinstance(json.loads(line), dict)
