"""Bounds grow where the generator's own rounding does, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from egan_tf import InputError
from egan_tf.export import export_generator
from egan_tf.export.comparison import ROUNDING_LIMIT
from egan_tf.export.receipt.formats import _bound
from egan_tf.export.rounding import rounding_of
from egan_tf.sampling import SamplingSpec

SPEC = SamplingSpec(16, "normal", (4,), None)


def cancelling(size: float) -> keras.Model:
    """Adds numbers of about `size` that cancel, as float32 adds them: to about `size` · 2^-24."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16,))
    large = keras.layers.Dense(256, use_bias=False)(inputs)
    outputs = keras.layers.Dense(4, use_bias=False)(large)
    model = keras.Model(inputs, keras.layers.Activation("tanh")(outputs))
    first, second = model.get_weights()
    half = first[:, :128] * size
    # Columns come twice, and count with opposite signs; what is left is small.
    model.set_weights(
        [np.concatenate([half, half], axis=1), np.concatenate([second[:128], 1e-3 / size - second[:128]])]
    )
    return model


def test_a_new_generator_gets_no_more_and_one_whose_numbers_cancel_as_much_as_they_do() -> None:
    assert rounding_of(cancelling(1.0), SPEC) == (0.0, 0.0)
    some, much = rounding_of(cancelling(30.0), SPEC), rounding_of(cancelling(1e6), SPEC)
    assert 0.0 < some.largest < ROUNDING_LIMIT and some.rms <= some.largest
    assert much.largest == ROUNDING_LIMIT


def test_such_a_generator_is_exported_and_verified_within_its_rounding(tmp_path: Path) -> None:
    export_generator(cancelling(30.0), tmp_path / "it", value_range=(-1, 1), formats=["saved_model", "onnx"])
    card = json.loads((tmp_path / "it" / "card.json").read_text("utf-8"))
    assert "failed_formats" not in card
    entry = card["verification"]["onnx"]
    assert entry["largest_difference"] <= entry["tolerance"] and 1e-5 < entry["tolerance"] <= 1e-5 + ROUNDING_LIMIT


@pytest.mark.parametrize(("stated", "added"), [(1e-5, 0.0), (5e-5, 4e-5), (1.0, ROUNDING_LIMIT), ("x", 0.0), (-1, 0.0)])
def test_the_receiver_believes_a_card_up_to_the_limit(stated: object, added: float) -> None:
    card = {"verification": {"onnx": {"tolerance": stated, "rms_tolerance": 1e-5}}}
    assert _bound("onnx", card, SPEC) == pytest.approx((1e-5 + added, 1e-5))


def test_a_file_that_differs_by_more_is_still_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from egan_tf.export import verify

    exact = verify.run_on_cpu
    monkeypatch.setattr(verify, "run_on_cpu", lambda *inputs: exact(*inputs) + np.float32(3 * ROUNDING_LIMIT))
    with pytest.raises(InputError, match="differs by 0.003"):
        export_generator(cancelling(1e6), tmp_path / "it", value_range=(-2, 2), formats=["onnx"])
