"""Jobs in processes: results in order, none done twice, and a failure that says which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.job_processes import Processes, restore

MODULE = "tests.benchmarks.doubling"


def jobs(folder: Path, *numbers: int) -> list[tuple[Path, dict[str, Any]]]:
    return [(folder / "results" / f"{number}.json", {"number": number}) for number in numbers]


def test_results_come_in_order_and_none_is_made_twice(tmp_path: Path) -> None:
    processes = Processes(MODULE, jobs_each=2)
    found = processes.results(jobs(tmp_path, 5, 3, 9, 2, 7), 2)
    assert [result["double"] for result in found] == [10, 6, 18, 4, 14]
    assert 3 <= len({result["process"] for result in found}) <= 4, "a process does two jobs"
    assert Processes(MODULE).results(jobs(tmp_path, 5, 3, 9, 2, 7), 1) == found


def test_a_failure_names_the_file_and_the_other_jobs_are_done(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"results/0\.json: (.|\n)*ZeroDivisionError"):
        Processes(MODULE).results(jobs(tmp_path, 4, 0, 6), 1)
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == ["4.json", "6.json"]


def test_a_process_that_died_is_replaced(tmp_path: Path) -> None:
    wanted = jobs(tmp_path, 13, 5)
    wanted[0][1]["dies_once"] = str(tmp_path / "marker")
    found = Processes(MODULE).results(wanted, 1)
    assert [result["double"] for result in found] == [26, 10] and (tmp_path / "marker").exists()


def test_what_was_published_is_not_made_again(tmp_path: Path) -> None:
    (made,) = Processes(MODULE).results(jobs(tmp_path, 8), 1)
    row, report = {"number": 4, "double": -1, "process": 0}, tmp_path / "report.json"
    report.write_text(
        json.dumps(
            {"rule": "of today", "costs": {"one kind": {"plain": 0.5}}, "rows": [row, {"number": 8, "double": -1}]}
        )
    )
    costs = tmp_path / "costs"
    with pytest.raises(SystemExit, match="is of the rule of today, and today's is another"):
        restore(str(report), "another", lambda job: tmp_path, Path)
    restore(str(report), "of today", lambda job: jobs(tmp_path, job["number"])[0][0], lambda name: costs / name)
    assert Processes(MODULE).results(jobs(tmp_path, 4, 8), 1) == [row, made], "a file that is there stays"
    assert json.loads((costs / "one kind").read_text()) == {"plain": 0.5}
