"""The tables of the study of robustness as Markdown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.robustness_table import FOCUS, SINGLES, table
from benchmarks.robustness_text import main, methods_text, settings_text

VALUES = {FOCUS: [0.5, 0.5, None], **{name: [0.5, 30.0, 3.0] for name in SINGLES}}


def rows() -> list[dict[str, object]]:
    numbers = {"generations": 200, "tournaments": 3, "decided": 1}
    return [
        {"setting": setting, "method": method, "frechet_distance": value, **numbers}
        for method, values in VALUES.items()
        for setting, value in enumerate(values)
    ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_methods_stand_by_their_successes_with_the_difference_to_the_rule() -> None:
    lines = methods_text(table(rows())).splitlines()
    first, *others = (dict(zip(cells(lines[0]), cells(line), strict=True)) for line in lines[2:])
    assert first["method"] == FOCUS and first["success"] == "67 %" and first["tournaments"] == "2 %"
    assert first["decided"] == "0.5 %" and first["p"] == ""
    assert {other["method"] for other in others} == {*SINGLES, "mean_of_singles"}
    for other in others:
        assert other["success"] == "33 %" and other[f"{FOCUS} higher by"].startswith("+33 (")
    assert others[-1]["p"] and others[-1]["median"] == ""  # a mean has no median, and its p is that of the signs


def test_settings_stand_with_what_was_drawn_and_every_value() -> None:
    drawn = {"generator_learning_rate": 0.00012, "discriminator_learning_rate": 0.01, "structure": "16 none 5 0.1"}
    drawn |= {"generator_beta_1": 0.0, "discriminator_beta_1": 0.9}
    lines = settings_text(rows(), {str(number): drawn for number in range(3)}).splitlines()
    assert cells(lines[3]) == ["1", "16, none, 5, 0.1", "1.2e-04, 1.0e-02", "0, 0.9", "0.50", *["30"] * 3, "0.5 %"]
    assert cells(lines[4])[4] == "not finite"


def printed(folder: Path, focus: str, *reports: list[dict[str, object]]) -> None:
    drawn = {"generator_learning_rate": 0.001, "discriminator_learning_rate": 0.001, "structure": "16 none 1 0"}
    drawn |= {"generator_beta_1": 0.0, "discriminator_beta_1": 0.0}
    files = [folder / f"{number}.json" for number in range(len(reports))]
    for file, found in zip(files, reports, strict=True):
        file.write_text(json.dumps({"rows": found, "settings": {str(number): drawn for number in range(3)}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["robustness_text", *map(str, files), "--focus", focus])
        main()


def test_results_of_the_same_settings_are_compared_with_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule, singles = ([row for row in rows() if (row["method"] == FOCUS) is own] for own in (True, False))
    printed(tmp_path, SINGLES[0], rule, singles)
    lines = capsys.readouterr().out.splitlines()
    assert f"{SINGLES[0]} higher by" in cells(lines[0]) and cells(lines[2])[:2] == [FOCUS, "67 %"]
    for focus, others, said in (("egan", singles, "egan is not among"), (FOCUS, singles[1:], "different settings")):
        with pytest.raises(SystemExit):
            printed(tmp_path, focus, rule, others)
        assert said in capsys.readouterr().err
