"""The studies of tournaments on the toys: what they compare, and what a budget does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest

from benchmarks.cost_model import Budget
from benchmarks.methods import METHODS
from benchmarks.tournament_toys import STUDIES, convert_new
from benchmarks.tournament_toys_table import main, table


def test_every_method_is_a_known_one() -> None:
    assert all(set(study.methods) <= set(METHODS) for study in STUDIES.values())


def test_prices_that_a_published_result_lacks_are_in_the_seconds_of_its_machine(tmp_path: Path) -> None:
    """Its machine takes 4 s for a tournament of E-GAN, ours 2 s; what is known is not measured again."""
    found = {"egan": {"tournament": 2.0, "plain": 1.0}, "slots": {"tournament": 3.0, "plain": 1.5}}

    def file_of(name: str) -> Path:
        return tmp_path / f"{name}.json"

    def measure(jobs: list[tuple[Path, dict[str, str]]]) -> list[dict[str, float]]:
        assert [(job["dataset"], job["method"]) for _, job in jobs] == [("ring8", "egan"), ("ring8", "slots")]
        return [found[job["method"]] for _, job in jobs]

    file_of("ring8 egan").write_text('{"tournament": 4.0, "plain": 1.0}')
    file_of("grid25 egan").write_text("{}")
    file_of("grid25 slots").write_text('{"tournament": 7.0}')
    convert_new([(name, method) for name in ("ring8", "grid25") for method in found], file_of, measure)
    assert json.loads(file_of("ring8 slots").read_text()) == {"tournament": 6.0, "plain": 3.0}
    assert json.loads(file_of("ring8 egan").read_text()) == {"tournament": 4.0, "plain": 1.0}
    assert json.loads(file_of("grid25 slots").read_text()) == {"tournament": 7.0}


def test_without_a_published_result_nothing_is_converted(tmp_path: Path) -> None:
    asked: list[Any] = []
    priced = [("ring8", "egan"), ("ring8", "slots")]
    convert_new(priced, lambda name: tmp_path / name, lambda jobs: asked.extend(jobs) or [])
    assert not asked and not list(tmp_path.iterdir())


def test_a_budget_ends_training_and_rates_fall_in_its_second_half() -> None:
    class Model:
        generator_optimizer = keras.optimizers.Adam(1.0)
        discriminator_optimizer = keras.optimizers.Adam(0.5)
        stop_training, progress = False, 0.0

    model = Model()
    budget = Budget(lambda model: model.progress, final_fraction=0.2)
    budget.set_model(model)
    budget.on_train_begin()
    for progress, rate, ended in ((0.4, 1.0, False), (0.75, 0.6, False), (1.01, 0.2, True)):
        model.progress = progress
        budget.on_train_batch_end(0)
        assert float(model.generator_optimizer.learning_rate) == pytest.approx(rate)
        assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(rate / 2)
        assert model.stop_training is ended


def test_differences_are_paired_by_seed() -> None:
    def row(method: str, seed: int, share: float, modes: float) -> dict[str, object]:
        words = {"generations": 100, "tournaments": 25, "mode_divergence": 0.0}
        return {"method": method, "seed": seed, "high_quality_share": share, "modes_covered": modes, **words}

    rows = [row("egan", 0, 0.5, 7), row("egan", 1, 0.7, 8)]
    rows += [row("never_heuristic", seed, share, 8) for seed, share in ((1, 0.8), (0, 0.7))]
    lines = table(rows).splitlines()
    assert lines[2].startswith("| egan | 100 | 0.250 | 0.6000 ± ")
    assert "| -0.1500 ± 0.6350, p " in lines[2] and lines[2].endswith("|  |")
    # 1 and 0 modes more: a mean of 0.5, and a half-width of 12.7 · 0.5.
    assert lines[3].endswith("|  | 0.5 ± 6.3, p 0.5 |")


def test_what_is_not_finite_or_has_no_spread_is_said() -> None:
    def row(method: str, seed: int, modes: float | None, divergence: float | None) -> dict[str, object]:
        words = {"generations": 100, "tournaments": 25, "high_quality_share": None if divergence is None else 0.5}
        return {"method": method, "seed": seed, "modes_covered": modes, "mode_divergence": divergence, **words}

    rows = [row("egan", seed, *((None, None) if seed == 2 else (8, 0.25))) for seed in range(3)]
    rows += [row("random", seed, 7 if seed < 2 else -1, 0.25) for seed in range(3)]
    egan, other = table(rows).splitlines()[2:]
    assert "| 0.2500 ± 0.0000 (2 of 3 runs) |" in egan and "nan" not in egan
    assert other.endswith("| -1.0 ± 0.0, no p |")


def test_a_table_of_the_first_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"dataset": "ring8", "budget": "cost", "r1_weight": 0.0, "generations": 100, "tournaments": 0}
    words |= {"method": "egan", "high_quality_share": 0.5, "modes_covered": 8.0, "mode_divergence": 0.0}
    (tmp_path / "it.json").write_text(json.dumps({"rows": [{**words, "seed": seed} for seed in range(4)]}))
    monkeypatch.setattr("sys.argv", ["it", str(tmp_path / "it.json"), "--seeds", "3"])
    main()
    assert capsys.readouterr().out.startswith("**ring8, R1 0, equal cost, 3 seeds**\n")
