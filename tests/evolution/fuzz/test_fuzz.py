"""Every training of the grammar equals the plain loop, or is refused in one line before it changes a weight."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from egan_tf.evolution.egan import EGAN
from egan_tf.utils.checks import InputError
from tests.evolution.fuzz.coverage import coverage
from tests.evolution.fuzz.grammar import BATCH, FAST, GENERATIONS, SIZES, SLOW, Case, draw
from tests.evolution.plain_loop import train_plainly


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    """Rounding stays far below the tolerance."""
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy("float32")


def trained(case: Case, networks: list[Any]) -> tuple[EGAN, np.ndarray]:
    """The trained model and the samples that it saw."""
    egan = EGAN(*networks, **case.settings())
    egan.compile(*(case.optimizer(side) for side in SIZES), **case.compile_words())
    samples = case.samples(GENERATIONS * egan.samples_per_generation(BATCH))
    egan.fit(**{**case.data(samples), **case.fit_words()})
    return egan, samples


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [*FAST, *(pytest.param(number, marks=pytest.mark.slow) for number in SLOW)])
def test_equals_the_plain_loop_or_is_refused(number: int) -> None:
    case = draw(number)
    keras.utils.set_random_seed(number)
    networks = [case.network(side) for side in SIZES]
    if case.bad:
        known = [network for network in networks if isinstance(network, keras.Model) and network.built]
        before = [network.get_weights() for network in known]
        with pytest.raises(InputError) as error:
            trained(case, networks)
        assert "\n" not in str(error.value)
        for network, weights in zip(known, before, strict=True):
            for one, other in zip(network.get_weights(), weights, strict=True):
                np.testing.assert_array_equal(one, other)
        return
    plain = [case.network(side) for side in SIZES]
    for ours, theirs in zip(networks, plain, strict=True):
        theirs.set_weights(ours.get_weights())
    egan, samples = trained(case, networks)
    assert int(egan.generation.numpy()) == GENERATIONS
    optimizers = [case.optimizer(side) for side in SIZES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train_plainly(egan, *plain, tuple(optimizers), samples.astype("float32"), GENERATIONS, BATCH)
    for ours, theirs in zip(networks, plain, strict=True):
        for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


def test_the_cases_cover_every_member() -> None:
    counts = coverage()
    missed = [f"{group}: {name}" for group, members in counts.items() for name, count in members.items() if not count]
    assert not missed
    recorded = json.loads(Path(__file__).with_name("coverage.json").read_text())
    assert recorded == counts, "run python -m tests.evolution.fuzz.coverage"
