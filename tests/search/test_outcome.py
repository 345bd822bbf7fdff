"""What is read of the records of a trial's run, whatever they hold."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from egan_tf.search import worker
from egan_tf.search.outcome import values_of
from egan_tf.training.config import Config
from tests.search.studies import RATE, made, work

HUGE = 10**400
"""No float can hold it."""


def short(value: object) -> str:
    return str(value)[:8]


def recorded(run: Path, *records: object) -> None:
    run.mkdir(parents=True, exist_ok=True)
    (run / "evaluations.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    "value", [HUGE, -HUGE, 10**200, 1e300, math.inf, math.nan, None, True, "1", [1], {}], ids=short
)
def test_a_value_that_is_no_number_in_range_is_not_finite(value: object, tmp_path: Path) -> None:
    recorded(tmp_path, {"kind": "m", "step": 1, "value": value}, {"kind": "m", "step": 2, "value": 3})
    (first, second) = values_of(tmp_path, "m")
    assert first[0] == 1 and math.isnan(first[1])
    assert second == (2, 3.0)


@pytest.mark.parametrize("step", [HUGE, 2**31, -1, True, 1.0, None, "1"], ids=short)
def test_a_record_of_no_generation_is_left_out(step: object, tmp_path: Path) -> None:
    recorded(tmp_path, {"kind": "m", "step": step, "value": 1}, {"kind": "m", "step": 2, "value": 3})
    assert values_of(tmp_path, "m") == [(2, 3.0)]


def test_a_trial_of_huge_values_ends_and_the_study_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, make = made(tmp_path, RATE, trials=2), worker._make_run

    def made_with_records(run: Path, config: Config) -> None:
        make(run, config)
        if run == study.run_of(0):
            recorded(run, *({"kind": "frechet_distance", "step": step, "value": HUGE} for step in (10, 20)))

    monkeypatch.setattr(worker, "_make_run", made_with_records)
    lines = work(study)
    assert lines[0].startswith("trial 0: diverged: the metric is not finite at generation 10; ")
    assert len(lines) == 2
