"""Labels for networks that take none: said in one line, once, whatever brings them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evolution.kinds import BATCH, KINDS, TOTAL, arguments, model, samples


def test_labels_that_no_network_takes_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    egan = model()
    egan.fit(samples(TOTAL), np.zeros(TOTAL), batch_size=BATCH, epochs=2, verbose=0)
    assert capsys.readouterr().err.count("y: the labels are not used") == 1
    for _ in range(3):
        egan.train_on_batch(samples(TOTAL), np.zeros(TOTAL))
    assert capsys.readouterr().err.count("y: the labels are not used") == 1
    egan.fit(samples(TOTAL), batch_size=BATCH, verbose=0)
    assert "labels" not in capsys.readouterr().err


QUICK = ("array", "dataset of batches", "generator", "PyDataset", "PyDataset of lists", "function")


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]
)
def test_labels_that_no_network_takes_are_said_whatever_brings_them(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {"batch_size": BATCH, "epochs": 1 if kind.startswith("generator") else 2, "verbose": 0}
    model().fit(**arguments(kind, samples(2 * TOTAL), np.arange(2 * TOTAL) % 3), **words)
    assert capsys.readouterr().err.count("y: the labels are not used") == 1
