"""A model that holds a tournament in some generations only is saved, and goes on as if it had not been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from tests.evolution.test_continuing import assert_same
from tests.evolution.test_plain_generations import MUTATIONS, adam, counted, evolve, made

RESUMED: dict[str, dict[str, Any]] = {
    "every": {"tournaments": "every:3", "population_size": 2},
    "backoff": {"tournaments": "auto:backoff", "ema_decay": 0.9},
    "angle": {"tournaments": "auto:angle"},
    "bandit": {"tournaments": "bandit", "population_size": 2},
    "slots": {"tournaments": "every:3", "slots": "objective", "population_size": 2},
}
REST = ("every", "angle", "bandit", "slots")


@pytest.mark.parametrize("name", ["backoff", *(pytest.param(n, marks=pytest.mark.slow) for n in REST)])
def test_a_loaded_model_continues(name: str, tmp_path: Path) -> None:
    whole, first = (made(mutations=MUTATIONS[:2], **RESUMED[name]) for _ in range(2))
    if name == "slots":  # whose schedule counts the steps of a line
        for egan in (whole, first):
            egan.compile(keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-2, 3, 0.5), 0.5), adam())
    evolve(whole, 9), evolve(first, 5)
    first.save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras")
    evolve(loaded, 4)
    assert_same(whole, loaded)
    assert counted(whole) == counted(loaded)
