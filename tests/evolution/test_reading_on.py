"""Python generators and other iterators: a call of `fit` takes what it trains on, and the next reads on from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from egan_tf import EGAN
from tests.evolution.kinds import BATCH, TOTAL, model, samples

CALLS = 3


class Counting:
    """Batches without end, counted; no generator."""

    def __init__(self, batch: np.ndarray) -> None:
        self.batch, self.read = batch, 0

    def __iter__(self) -> Counting:
        return self

    def __next__(self) -> np.ndarray:
        self.read += 1
        return self.batch


def endless(batch: np.ndarray, read: list[int]) -> Iterator[np.ndarray]:
    while True:
        read.append(1)
        yield batch


def fit(egan: EGAN, data: Any, **words: Any) -> None:
    egan.fit(data, batch_size=BATCH, verbose=0, **words)


@pytest.mark.parametrize("words", [{"steps_per_epoch": 3}, {"steps_per_epoch": 2, "epochs": 2}], ids=str)
def test_a_call_reads_no_further_than_it_trains(words: dict[str, int]) -> None:
    wanted = words["steps_per_epoch"] * words.get("epochs", 1)
    iterator, read = Counting(samples(TOTAL)), []
    generator = endless(samples(TOTAL), read)
    one, other = model(), model()
    for call in range(1, CALLS + 1):
        fit(one, iterator, **words)
        fit(other, generator, **words)
        assert int(one.generation.numpy()) == int(other.generation.numpy()) == call * wanted
        assert iterator.read == len(read) == call * wanted


def test_two_calls_see_what_one_call_sees() -> None:
    data = samples(6 * TOTAL)
    parts = [data[start : start + TOTAL] for start in range(0, len(data), TOTAL)]
    one, two = model(), model()
    fit(one, iter(parts), steps_per_epoch=6)
    generator = iter(parts)
    for _ in range(3):
        fit(two, generator, steps_per_epoch=2)
    for ours, theirs in zip(two.generator.get_weights(), one.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
