"""The order of arrays is a function of seed and generation, over all calls of `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from egan_tf import EGAN
from egan_tf.evolution import fitting
from egan_tf.evolution.batches import sizes_for
from egan_tf.evolution.real_data import source_of
from tests.evolution.kinds import (
    BATCH,
    TOTAL,
    flat,
    generations,
    model,
    samples,
)

LAST = 2**40


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is, as its data is refused before training."""
    return model()


def equal(one: EGAN, other: EGAN) -> bool:
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(one.variables, other.variables, strict=True))


@pytest.mark.parametrize(
    ("words", "conditional"), [({}, True), ({"shuffle": False, "steps_per_epoch": 9}, False)], ids=str
)
def test_calls_of_fit_go_on_where_the_last_one_stopped(words: dict[str, Any], conditional: bool) -> None:
    x, y = samples(110), np.arange(110) % 4
    once, often = model(conditional=conditional), model(conditional=conditional)
    once.fit(x, y, batch_size=BATCH, epochs=3, verbose=0, **words)
    for _ in range(3):
        often.fit(x, y, batch_size=BATCH, verbose=0, **words)
    assert once.generation.numpy() == 3 * words.get("steps_per_epoch", 110 // TOTAL)
    assert equal(once, often)


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_is_shown_once_in_a_pass(shuffle: bool, untrained: EGAN) -> None:
    count = 110
    values = np.arange(2 * count, dtype="float32").reshape(count, 2)
    seen = []
    try:
        for _ in range(4):
            for batches in generations(untrained, {"x": values, "shuffle": shuffle}):
                seen.append(flat(batches))
                untrained.generation.assign_add(1)
    finally:
        untrained.generation.assign(0)
    rows = np.concatenate(seen)
    assert len(rows) == 4 * (count // TOTAL) * TOTAL
    order = (rows[:, 0] / 2).astype(int)
    passes = order[: len(order) // count * count].reshape(-1, count)
    assert (np.sort(passes, axis=1) == np.arange(count)).all()
    assert (np.diff(order[:count]) == 1).all() == (not shuffle)
    assert (passes[0] == passes[1]).all() == (not shuffle)


def test_the_order_depends_on_the_seed_and_an_epoch_has_as_many_generations_as_fit(untrained: EGAN) -> None:
    values = samples(110)
    asked = []
    original = fitting.source_of

    def noting(x: Any, y: Any, expected: Any, batch_size: Any, seed: int, *rest: Any) -> Any:
        asked.append(seed)
        return original(x, y, expected, batch_size, seed, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "source_of", noting)
        model(seed=7).fit(values, batch_size=BATCH, verbose=0)
    assert asked == [7]
    assert len(generations(untrained, {"x": values}, batch_size=36)) == 1
    assert len(generations(untrained, {"x": values}, batch_size=4)) == 13
    expected = untrained.expected
    sizes = sizes_for(untrained.settings, BATCH)

    def first(seed: int, generation: int) -> bytes:
        source = source_of(values, None, expected, BATCH, seed, None, lambda: generation)
        return flat(next(iter(source.epoch(sizes, None).dataset))).tobytes()

    assert first(0, 3) == first(0, 3)
    assert len({first(0, 3), first(1, 3), first(0, 4), first(2**62, LAST)}) == 4


@pytest.mark.parametrize("steps_per_execution", [4, 50])
def test_an_epoch_of_an_array_is_as_long_however_it_is_called(steps_per_execution: int) -> None:
    egan = model()
    egan.compile(steps_per_execution=steps_per_execution, jit_compile=False)
    egan.fit(samples(110), batch_size=BATCH, epochs=2, verbose=0)
    assert egan.generation.numpy() == 2 * (110 // TOTAL)
