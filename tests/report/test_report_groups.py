"""Which runs form a group, and what it is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.report import compare_runs
from egan_tf.report.comparison import Comparison
from egan_tf.report.neutral import NEUTRAL
from egan_tf.training.config import Config
from egan_tf.utils.settings import Setting, sections_of, settings_of
from tests.report.page import report_of
from tests.report.runs import Record, config_of, evaluation, make_run, record, write_lines

SETTINGS = {
    f"{section}.{name}": (section, declared)
    for section, group in sections_of(Config).items()
    for name, declared in settings_of(group).items()
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "comparing.md"


def compared(where: Path, *configs: Record) -> Comparison:
    folders = [make_run(where / f"{i:03d}", generations=(10,), config=config) for i, config in enumerate(configs, 1)]
    return compare_runs(folders)


def names(comparison: Comparison) -> list[str]:
    return [group.name for group in comparison.groups]


def other(declared: Setting, value: Any) -> Any:
    """Another value of the setting."""
    if declared.kind is tuple:
        return [*value, "another"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return next((choice for choice in declared.choices if choice != value), 8 if value is None else f"{value}x")


def is_neutral(section: str, declared: Setting) -> bool:
    return declared.folder or declared.name == "seed" or declared.name in NEUTRAL.get(section, ())


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_forms_groups_unless_it_changes_no_result(tmp_path: Path, name: str) -> None:
    section, declared = SETTINGS[name]
    config = config_of()
    changed = config_of(**{section: {declared.name: other(declared, config[section][declared.name])}})
    assert changed != config
    found = compared(tmp_path, config, changed)
    if is_neutral(section, declared):
        assert names(found) == ["digits"]
    else:
        first, second = names(found)
        assert (first, second.split("=")[0]) == ("digits", declared.name)


def test_the_document_lists_the_settings_that_change_no_result() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    listed = text.partition("<!-- neutral settings -->")[2].partition("<!-- end -->")[0]
    wanted = {name for names in NEUTRAL.values() for name in names}
    wanted |= {declared.name for section, declared in SETTINGS.values() if declared.folder}
    assert set(listed.replace("`", " ").replace(",", " ").replace(".", " ").split()) == wanted
    assert {f"{section}.{name}" for section, found in NEUTRAL.items() for name in found} <= SETTINGS.keys()


def test_seeds_names_and_folders_form_no_groups(tmp_path: Path) -> None:
    configs = [config_of(evolution={"seed": seed}, run={"name": f"n{seed}", "runs_dir": "x" * seed}) for seed in (0, 3)]
    (group,) = compared(tmp_path, *configs).groups
    assert ([run.name for run in group.runs], group.seeds) == (["001", "002"], ["0", "3"])


def resumed(where: Path, *changes: tuple[int, dict[str, list[Any]]]) -> Path:
    """A run of 30 generations that was resumed with these changes."""
    run = make_run(where, config=config_of(run={"steps": 30}))
    lines = [{"event": "resumed", "generation": generation, "changes": found} for generation, found in changes]
    write_lines(run / "events.jsonl", [{"event": "started"}, *lines])
    return run


def test_a_run_whose_settings_changed_is_of_another_group(tmp_path: Path) -> None:
    longer, rate = {"run.steps": [20, 30]}, {"optimizer.generator_learning_rate": [0.001, 0.1]}
    runs = [
        resumed(tmp_path / "whole"),
        resumed(tmp_path / "stopped", (10, {}), (15, {"replicas": [1, 2]})),
        resumed(tmp_path / "kept", (10, {"run.keep_checkpoints": [3, 9], "data.dataset": ["npz:/a/x", "npz:/b/x"]})),
        resumed(tmp_path / "longer", (20, longer)),
        resumed(tmp_path / "longer_too", (20, longer)),
        resumed(tmp_path / "later", (25, longer)),
        resumed(tmp_path / "twice", (10, rate), (20, {"optimizer.generator_learning_rate": [0.1, 0.001]})),
        # Killed after it had recorded the change, and before the configuration had it.
        resumed(tmp_path / "longer_again", (20, longer), (20, longer)),
        resumed(tmp_path / "prevented", (20, {"run.steps": [30, 40]})),
        resumed(tmp_path / "odd", (10, {"run.steps": 3, "x": [1, 2], "run.": [1, 2]})),  # type: ignore[dict-item]
    ]
    groups = {group.name: [run.name for run in group.runs] for group in compare_runs(runs).groups}
    assert groups == {
        "digits": ["whole", "stopped", "kept", "prevented", "odd"],
        "steps changed=20 to 30 at generation 20": ["longer", "longer_too", "longer_again"],
        "steps changed=20 to 30 at generation 25": ["later"],
        "generator_learning_rate changed=0.001 to 0.1 at generation 10, 0.1 to 0.…": ["twice"],
    }
    pages = {name: report_of(tmp_path / name).text for name in ("whole", "longer")}
    assert "This command repeats the run." in pages["whole"]
    assert "No one command repeats the run" in pages["longer"] and "steps changed 20 to 30" in pages["longer"]


def test_names_are_the_settings_in_which_groups_differ(tmp_path: Path) -> None:
    one = config_of(evolution={"mutations": ["heuristic"], "r1_weight": 0.1})
    other = config_of(evolution={"mutations": ["heuristic", "minimax"]}, optimizer={"beta_2": 0.5})
    assert names(compared(tmp_path / "a", config_of(), one, other)) == [
        "digits",
        "mutations=heuristic, r1_weight=0.1",
        "mutations=heuristic minimax, beta_2=0.5",
    ]
    # What they share does not name them.
    shared = [config_of(run={"steps": 7}, evolution={"gamma": gamma}) for gamma in (0.01, 0.5)]
    assert names(compared(tmp_path / "b", *shared)) == ["digits", "gamma=0.5"]
    presets = [config_of("ring8"), config_of("grid25", evolution={"gamma": 0.5}), config_of()]
    assert names(compared(tmp_path / "c", *presets)) == ["ring8", "grid25, gamma=0.5", "digits"]


def test_names_are_short_and_differ_and_show_no_folders(tmp_path: Path) -> None:
    data = [config_of(data={"dataset": f"folder:/home/me/{place}/cats"}) for place in ("a", "b")]
    long = [config_of(evolution={"fitness": "f" * 500 + end}) for end in "xy"]
    found = names(compared(tmp_path, *data, *long))
    assert found[:2] == ["dataset=folder:cats", "dataset=folder:cats (2)"]
    assert len(set(found)) == 4 and max(map(len, found)) < 60


def test_old_and_unreadable_configurations(tmp_path: Path) -> None:
    old = config_of()
    del old["evolution"]["lecam_weight"], old["run"]["stagnation_limit"]
    old["evolution"]["r1"] = old["evolution"].pop("r1_weight")
    old["run"]["seed"] = old["evolution"].pop("seed") + 5
    odd = {"run": 3, "evolution": {"mutations": {"x": [[[]]]}, "population_size": -1}, "more": [1]}
    folders = [
        make_run(tmp_path / name, generations=(10,), config=config)
        for name, config in (("a", config_of()), ("b", old), ("c", odd), ("d", config_of()), ("e", config_of()))
    ]
    (folders[3] / "config.json").write_text("{")
    (folders[4] / "config.json").unlink()
    comparison = compare_runs(folders)
    assert [[run.name for run in group.runs] for group in comparison.groups] == [["a", "b"], ["c"], ["d"], ["e"]]
    assert comparison.groups[0].seeds == ["0", "5"]
    assert [group.name for group in comparison.groups[2:]] == ["d (settings unknown)", "e (settings unknown)"]
    assert comparison.groups[2].seeds == ["(d)"]
    json.dumps(comparison.to_dict(), allow_nan=False)
    # A whole number is the same setting as the equal fraction.
    assert len(compared(tmp_path / "f", config_of(), config_of(evolution={"r1_weight": 1})).groups) == 1


UPDATES = [
    ({}, 3.0),
    ({"mutations": ["heuristic"]}, 1.0),
    ({"population_size": 4, "mutation_steps": 2}, 24.0),
    ({"mutations": {"a": "heuristic", "b": "minimax"}}, 2.0),
    ({"mutations": [{"a": "heuristic", "b": "minimax"}, "hinge"]}, 3.0),
    ({"operators": ["mutation", "crossover"], "crossover_steps": 5}, 8.0),
    ({"operators": ["mine:operator"]}, None),
    ({"population_size": "many"}, None),
    ({"mutations": 3}, None),
    ({"tournaments": "every:10"}, 1.2),
    ({"tournaments": "every:11"}, 1.0),
    ({"tournaments": "every:1"}, 3.0),
    ({"tournaments": "every:4", "population_size": 3, "mutation_steps": 2}, 6 * (2 * 3 + 8) / 10),
    ({"tournaments": "bandit", "population_size": 4, "mutation_steps": 2}, 8.0),
    ({"tournaments": "auto"}, None),  # the records do not count tournaments
    ({"tournaments": "sometimes"}, None),
    ({"tournaments": ["every:10"]}, None),
]


@pytest.mark.parametrize(("changes", "expected"), UPDATES, ids=str)
def test_updates_of_generators(tmp_path: Path, changes: dict[str, Any], expected: float | None) -> None:
    config = config_of(evolution={"tournaments": "always", **changes})
    (run,) = compared(tmp_path, config).to_dict()["runs"]
    assert run["generator_updates"] == (None if expected is None else pytest.approx(10 * expected))


@pytest.mark.parametrize("rule", ["auto", "auto:angle", "auto:backoff"])
def test_updates_of_generators_follow_the_counted_tournaments(rule: str, tmp_path: Path) -> None:
    records = [record(generation, tournaments=held) for generation, held in ((10, 10), (20, 14), (40, 14))]
    changes = {"tournaments": rule, "population_size": 2, "mutations": ["minimax", "heuristic", "least_squares"]}
    run = make_run(tmp_path / "run", records, (10, 20, 40), config_of(evolution=changes))
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in (10, 15, 20, 30, 40)])
    comparison = compare_runs([run])
    (series,) = comparison.runs[0].series.values()
    tournaments, generations = np.array([10, 12, 14, 14, 14]), np.array([10, 15, 20, 30, 40])
    assert series.x["updates"].tolist() == (2 * (3 * tournaments + generations - tournaments)).tolist()
    assert comparison.to_dict()["runs"][0]["generator_updates"] == 2 * (3 * 14 + 26)


CROSSOVER = {"operators": ["mutation", "crossover"], "mutation_steps": 1}
CHANGE = "evolution.crossover_steps"
PERIODS = {
    "once": ([(20, {CHANGE: [1, 5]})], 20 * 4 + 10 * 8),
    "twice": ([(10, {CHANGE: [1, 2]}), (20, {CHANGE: [2, 5]})], 10 * 4 + 10 * 5 + 10 * 8),
    "there and back": ([(10, {CHANGE: [5, 1]}), (20, {CHANGE: [1, 5]})], 10 * 8 + 10 * 4 + 10 * 8),
    "before anything was trained": ([(0, {CHANGE: [1, 5]})], 30 * 8),
    "prevented": ([(20, {CHANGE: [5, 9]})], 30 * 8),
    "beside another": ([(10, {"evolution.gamma": [0.1, 0.2]}), (20, {CHANGE: [1, 5]})], 20 * 4 + 10 * 8),
    "from an earlier checkpoint later": ([(20, {CHANGE: [1, 5]}), (10, {})], 10 * 4 + 20 * 8),
    "with a roll-back later": ([(20, {CHANGE: [1, 5]}), ("to", 5)], 5 * 4 + 25 * 8),
}


@pytest.mark.parametrize("case", PERIODS)
def test_updates_of_generators_follow_the_settings_of_their_time(case: str, tmp_path: Path) -> None:
    resumptions, expected = PERIODS[case]
    config = config_of(run={"steps": 30}, evolution={"tournaments": "always", **CROSSOVER, "crossover_steps": 5})
    run = make_run(tmp_path / "run", config=config)
    events = [
        {"event": "rolled back", "generation": 29, "to": changes}
        if generation == "to"
        else {"event": "resumed", "generation": generation, "changes": changes}
        for generation, changes in resumptions
    ]
    write_lines(run / "events.jsonl", [{"event": "started"}, *events])
    assert compare_runs([run]).to_dict()["runs"][0]["generator_updates"] == expected


@pytest.mark.parametrize(
    ("rule", "held"),
    [("always", [10, 15, 25, 30]), ("every:4", [2, 3, 6, 7]), ("auto", [8, 9, 11, 12]), ("bandit", [0, 0, 0, 0])],
)
def test_charts_place_values_at_the_updates_of_their_time(rule: str, held: list[int], tmp_path: Path) -> None:
    records = [record(generation, tournaments=count) for generation, count in ((10, 8), (20, 10), (30, 12))]
    config = config_of(run={"steps": 30}, evolution={"tournaments": rule, **CROSSOVER, "crossover_steps": 5})
    run = make_run(tmp_path / "run", records, config=config)
    # The other change costs nothing, and comes before the first record, where tournaments are not counted.
    changes = [(5, {"evolution.gamma": [0.1, 0.01]}), (20, {CHANGE: [1, 5]})]
    write_lines(
        run / "events.jsonl", [{"event": "resumed", "generation": at, "changes": found} for at, found in changes]
    )
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in (10, 15, 25, 30)])
    (series,) = compare_runs([run]).runs[0].series.values()
    at_20 = {"always": 20, "every:4": 5, "auto": 10, "bandit": 0}[rule]
    expected = [
        min(h, at_20) * 4 + max(h - at_20, 0) * 8 + (g - h) for g, h in zip((10, 15, 25, 30), held, strict=True)
    ]
    assert series.x["updates"].tolist() == expected
