"""Prices of generations: medians over turns, of windows that lie past the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import prices
from benchmarks.equal_time import STUDIES, generations

SLOW_START = 7.0


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The variants that were trained, in order; `a` takes 0.1 s a generation, `b` 0.2 s, each third run twice that."""
    made: list[str] = []

    def train(flags: list[str], folder: Path, *more: str) -> Path:
        name = flags[0]
        made.append(name)
        price = {"a": 0.1, "b": 0.2}[name] * (2 if made.count(name) % 3 == 0 else 1)
        steps, every = (int(more[more.index(flag) + 1]) for flag in ("--steps", "--log-every"))
        records = [{"generation": n, "seconds": SLOW_START + n * price} for n in range(every, steps + 1, every)]
        (folder / "timings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
        return folder

    monkeypatch.setattr(prices, "train", train)
    return made


def test_variants_take_turns_and_a_slow_run_does_not_count(calls: list[str], tmp_path: Path) -> None:
    variants = {"one": ["a"], "two": ["b", "--tournaments", "auto"]}
    found = prices.prices(variants, tmp_path / "work")
    assert found == {"one": pytest.approx(0.1), "two": pytest.approx(0.2)}
    assert calls == ["a", "b"] * (1 + prices.TURNS), "the first turn finds the windows"


def test_what_was_measured_is_not_measured_again(calls: list[str], tmp_path: Path) -> None:
    first = prices.measured({"one": ["a"]}, tmp_path)
    assert prices.measured({"one": ["a"]}, tmp_path) == first and len(first["one"]) == prices.TURNS
    assert len(calls) == 1 + prices.TURNS
    prices.measured({"one": ["a"], "two": ["b"]}, tmp_path)
    assert len(calls) == 3 * (1 + prices.TURNS), "prices of other turns do not compare"


@pytest.mark.parametrize("study", STUDIES)
def test_the_last_rule_among_the_flags_counts(study: str) -> None:
    for name, flags in STUDIES[study].items():
        assert prices.is_auto(flags) is (name in ("ours", "ours_slots")), name


def test_how_many_generations_fit() -> None:
    assert generations(60.0, 0.0105) == 5700
    assert generations(1.0, 1.0) == 100
