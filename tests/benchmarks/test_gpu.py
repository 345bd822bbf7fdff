"""Programs for another machine: the same inputs on both, and answers to compare with."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gpu_executable import alias_of, kinds_of
from benchmarks.gpu_inputs import MAX_KEPT, SLOTS, describe, make, relative_difference, sketch
from benchmarks.gpu_program import GROUPS, Spec, exported
from benchmarks.gpu_timing import share_of_limit
from benchmarks.variants import Case


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_small_inputs_are_kept(dtype):
    value = (np.arange(MAX_KEPT) % 3 - 1).reshape(8, -1).astype(dtype)
    again = make(describe(value), key=7)
    assert again.dtype == value.dtype
    np.testing.assert_array_equal(again, value)


def test_large_inputs_keep_their_statistics():
    value = np.random.default_rng(0).normal(3.0, 2.0, (100, 200)).astype("float32")
    drawn = make(describe(value), key=1)
    assert drawn.shape == value.shape and drawn.dtype == value.dtype
    assert value.min() <= drawn.min() and drawn.max() <= value.max()
    assert drawn.mean() == pytest.approx(3.0, abs=0.1) and drawn.std() == pytest.approx(2.0, abs=0.1)
    np.testing.assert_array_equal(drawn, make(describe(value), key=1))
    assert (drawn != make(describe(value), key=2)).mean() > 0.9
    np.testing.assert_array_equal(make(describe(np.ones((10, 10), "float32")), key=1), 1.0)


def test_large_zeros_become_small_positive_numbers():
    drawn = make(describe(np.zeros((50, 50), "float32")), key=0)
    assert 0 <= drawn.min() < drawn.max() <= SLOTS


def test_difference_is_relative_to_the_norm():
    value = np.linspace(1, 2, 1000, dtype="float32")
    assert relative_difference(value, sketch(value)) == 0
    assert relative_difference(1.5 * value, sketch(value)) == pytest.approx(0.5)


def test_header_says_what_outputs_replace():
    header = "HloModule a, input_output_alias={ {0}: (1, {}, may-alias), {2}: (5, {}, must-alias) }, entry=..."
    assert alias_of(header) == {0: 1, 2: 5}
    assert alias_of("HloModule a, input_output_alias={ {}: (3, {}, may-alias) }") == {0: 3}


def test_a_fusion_counts_once():
    text = """HloModule a

%fused_add (p: f32[2]) -> f32[2] {
  %p = f32[2]{0} parameter(0)
  ROOT %copy.1 = f32[2]{0} copy(%p)
}

ENTRY %main (p: f32[2]) -> f32[2] {
  %p = f32[2]{0} parameter(0)
  %conv = (f32[2]{0}, u8[8]{0}) custom-call(%p), custom_call_target="conv"
  %get = f32[2]{0} get-tuple-element(%conv), index=0
  ROOT %fusion = f32[2]{0} fusion(%get), kind=kLoop, calls=%fused_add
}
"""
    assert kinds_of(text) == {"fusion": 1, "custom-call": 1, "custom_calls": {"conv": 1}}


@pytest.mark.parametrize(
    ("precision", "strict", "share"), [("float32", False, 0.1), ("float32", True, 0.4), ("mixed_bfloat16", False, 0.05)]
)
def test_share_is_of_the_rate_in_the_same_precision(precision, strict, share):
    rates = {"float32_default": 400.0, "float32_highest": 100.0, "bfloat16": 800.0}
    card = {f"{name}_tflops": {"median": rate} for name, rate in rates.items()}
    entry = {"spec": {"case": {"precision": precision}, "strict": strict}, "flop_per_step": 4e10}
    # 40 GFLOP in a millisecond are 40 TFLOP/s.
    assert share_of_limit({**entry, "queued": {"median_ms": 1.0}}, card) == share


def test_programs_have_different_names():
    names = [spec.name for specs in GROUPS.values() for spec in specs]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("variant", ["plain", pytest.param("defaults", marks=pytest.mark.slow)])
def test_program_has_inputs_and_answers(variant):
    spec = Spec(Case("mlp", 8, "none", 1, 2, "float32", False), variant, answered=True)
    hlo, description = exported(spec)
    assert hlo and len(description["names"]) == len(description["inputs"]) == len(description["after"]) + 1
    after = dict(zip(description["names"][1:], description["after"], strict=True))
    if variant == "plain":
        # The generator's step and the discriminator's draw once each.
        assert description["returned"] == {} and after["Variable:0"] == [2]
    else:
        assert np.isfinite(description["returned"]["discriminator_loss"])
