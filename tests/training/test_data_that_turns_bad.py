"""Data that is sound at first: the run ends in one line, and no checkpoint or export holds what bad samples did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError, RunError, data
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.training import train as training
from tests.training.short import folder_of, newest, short


class TurningMixture(GaussianMixture):
    """Gives a sample that is not finite in one generation."""

    def __init__(self, bad: int) -> None:
        super().__init__("ring8", np.eye(2), 0.1)
        self.bad = bad

    def batches(self, size: int, seed: int, start: int = 0) -> Any:
        sound = super().batches(size, seed, start)
        return lambda step, count: sound(step, count) * tf.where(step == self.bad, np.nan, 1.0)


def turning(monkeypatch: pytest.MonkeyPatch, bad: int) -> None:
    mixture = TurningMixture(bad)
    monkeypatch.setitem(data.DATASETS, "ring8", data.Kind(lambda argument, data_dir, split: mixture))


def test_a_run_stops_before_its_next_checkpoint_and_so_does_a_resumed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning(monkeypatch, 9)
    with pytest.raises(RunError, match=r"^generation 12: the data holds \d+ samples that are not finite") as error:
        training.train(short(tmp_path))
    said = str(error.value)
    assert "the first in generation 10;" in said and f"checkpoints stay in {folder_of(tmp_path)}" in said
    assert "\n" not in said
    with pytest.raises(RunError, match="^generation 12: the data holds"):
        training.resume(folder_of(tmp_path))
    assert newest(tmp_path).name == "00000008"
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
def test_without_a_checkpoint_due_the_end_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turning(monkeypatch, 9)
    with pytest.raises(RunError, match="^generation 14: the data holds"):
        training.train(short(tmp_path, steps=14, checkpoint_every=1000))
    assert newest(tmp_path).name == "00000008", "the best so far"
    assert not (tmp_path / "models").exists()


def test_what_is_refused_before_the_first_generation_stays_an_error_of_the_input(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        training.train(short(tmp_path, steps_per_execution=7))
