"""What the methods of the studies do, where a name alone could mislead."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.methods import METHODS, MUTATIONS, random_fitness
from benchmarks.tournament_models import hashed
from tests.evolution.networks import points

SHAPES = {"points": (64, 2), "digits": (64, 8, 8, 1), "clothes": (64, 28, 28, 1)}


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_random_choice_takes_each_child_equally_often(shape: tuple[int, ...], jit_compile: bool) -> None:
    """Also among siblings that differ in their last bits, far from zero as pictures on black are."""
    random = np.random.default_rng(0)
    choose = tf.function(hashed, jit_compile=jit_compile)
    chosen, numbers = [], []
    for _ in range(600):
        parent = np.clip(random.normal(-0.8, 0.2, shape), -1, 1)
        siblings = np.float32(parent + 1e-6 * random.normal(size=(3, *shape)))
        found = choose(siblings).numpy()
        chosen.append(int(found.argmax()))
        numbers += found.tolist()
    # 200 ± 4 standard deviations of 11.5.
    assert all(abs(chosen.count(child) - 200) < 46 for child in range(3)), [chosen.count(child) for child in range(3)]
    assert 0.0 <= min(numbers) < 0.01 and 0.99 < max(numbers) < 1.0 and abs(np.mean(numbers) - 0.5) < 0.03
    one = SimpleNamespace(fake=tf.constant(siblings[0]))
    assert random_fitness(one, 0.0).numpy() == found[0]  # type: ignore[arg-type]


def trained(method: str, generations: int = 60) -> object:
    settings = {"seed": 3, "evaluation_size": 16, **METHODS[method].settings}
    egan = METHODS[method].model(*points(), mutations=settings.pop("mutations", MUTATIONS), **settings)
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    real = np.random.default_rng(0).normal(size=(2000, 2)).astype("float32")
    egan.fit(real, batch_size=16, steps_per_epoch=generations, verbose=0)
    return egan


@pytest.mark.parametrize("method", ["random", pytest.param("auto_random", marks=pytest.mark.slow)])
def test_methods_of_random_choice_do_not_prefer_a_mutation(method: str) -> None:
    counts = trained(method).population.selection_counts.numpy()  # type: ignore[attr-defined]
    assert (counts > 0).all(), counts


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "minimax" else pytest.mark.slow) for name in MUTATIONS]
)
def test_an_objective_alone_holds_no_tournament(name: str) -> None:
    egan = trained(f"never_{name}", 20)
    names = egan.operator_names  # type: ignore[attr-defined]
    counts = dict(zip(names, egan.population.selection_counts.numpy(), strict=True))  # type: ignore[attr-defined]
    assert counts[name] == 20 and sum(counts.values()) == 20
    assert int(egan.population.tournaments.tournaments.numpy()) == 0  # type: ignore[attr-defined]
