"""Steps that XLA cannot compile: the model's own choice of XLA is taken back, the user's is refused in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from tests.evolution.networks import points

REAL = np.tanh(np.random.default_rng(0).normal(size=(16, 2))).astype("float32")


def from_numpy(generation: tf.Tensor, count: int) -> tf.Tensor:
    return tf.ensure_shape(tf.numpy_function(lambda: REAL[:count], [], tf.float32), [count, 2])


def made(jit_compile: bool | str, **words: Any) -> EGAN:
    egan = EGAN(*points(), seed=1, mutations=("heuristic",))
    egan.compile(jit_compile=jit_compile, **words)
    return egan


@pytest.mark.slow
def test_a_function_that_xla_cannot_compile_trains_without(capsys: pytest.CaptureFixture[str]) -> None:
    egan, plain = made("auto", steps_per_execution=2), made(False, steps_per_execution=2)
    plain.set_weights(egan.get_weights())
    for model in (egan, plain):
        model.fit(from_numpy, batch_size=8, steps_per_epoch=2, epochs=2, verbose=0)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("jit_compile: ")]
    assert said == ["jit_compile: XLA cannot compile a generation, which runs without it: it has no PyFunc"]
    assert egan.generation.numpy() == 4
    for ours, theirs in zip(egan.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # It is not tried again; another function is compiled.
    egan.fit(from_numpy, batch_size=8, steps_per_epoch=2, verbose=0)
    assert "jit_compile" not in capsys.readouterr().err
    egan.fit(lambda generation, count: tf.zeros([count, 2]), batch_size=8, steps_per_epoch=2, verbose=0)
    assert egan.jit_compile


def test_a_method_that_xla_cannot_compile_is_tried_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Every look at a bound method gives another object."""

    class Real:
        def draw(self, generation: tf.Tensor, count: int) -> tf.Tensor:
            return from_numpy(generation, count)

    egan, real = made("auto"), Real()
    for _ in range(2):
        egan.fit(real.draw, batch_size=8, steps_per_epoch=1, verbose=0)
    assert capsys.readouterr().err.count("jit_compile: XLA cannot compile") == 1


def test_the_users_choice_of_xla_is_refused_in_one_line() -> None:
    egan = made(True)
    with pytest.raises(InputError, match=r"^jit_compile: .* no PyFunc; call compile\(jit_compile=False\)$") as error:
        egan.fit(from_numpy, batch_size=8, steps_per_epoch=1, verbose=0)
    assert "\n" not in str(error.value)
    assert egan.generation.numpy() == 0


def test_another_choice_of_xla_makes_another_train_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where XLA pays for every kind of data."""
    monkeypatch.setattr("egan_tf.evolution.fitting.xla_pays", lambda *networks, sampled_in_step: True)
    egan = made("auto")
    egan.train_on_batch(REAL[:8])
    before = egan.train_function
    egan.fit(REAL, batch_size=8, verbose=0)
    assert egan.jit_compile and egan.train_function is not before
