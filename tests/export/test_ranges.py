"""What formats may differ by, for samples of any value range; and what a card says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator
from egan_tf.export.comparison import TOLERANCE, Bound, allowed
from egan_tf.export.formats import images_graph
from egan_tf.export.receipt.finding import DIFFERENT
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError
from tests.export.receipts import faults, rewrite_card

RANGES = [(-1.0, 1.0), (0.0, 255.0), (0.0, 1.0), (100.0, 101.0), (0.0, 0.01)]


def generator(low: float, high: float) -> keras.Model:
    """Noise [batch, 8] to images [batch, 4, 4, 3] within a range."""
    keras.utils.set_random_seed(3)
    parts = [layers.Dense(48, "sigmoid"), layers.Reshape((4, 4, 3)), layers.Rescaling(high - low, low)]
    return keras.Sequential([layers.Input((8,)), *parts])


def export(value_range: tuple[float, float], directory: Path, formats: list[str]) -> Path:
    return export_generator(
        generator(*value_range), directory, latent=Latent(8), value_range=value_range, formats=formats, card={}
    )


def spec_of(value_range: tuple[float, float] | None) -> SamplingSpec:
    return SamplingSpec(8, "normal", (4, 4, 3) if value_range else (2,), value_range)


@pytest.mark.parametrize("value_range", RANGES)
def test_a_bound_is_a_share_of_the_range_and_what_float32_rounds(value_range: tuple[float, float]) -> None:
    low, high = value_range
    most = allowed(Bound(0.5, 0.1), np.full([3, 4, 4, 3], high, np.float32), spec_of(value_range))
    middle = abs(low + high) / 2
    assert most.largest == pytest.approx(0.25 * (high - low) + TOLERANCE * middle)
    assert most.rms == pytest.approx(0.05 * (high - low) + TOLERANCE * middle)
    # Less than float32 rounds at the ends of the range is never asked for.
    assert allowed(Bound(TOLERANCE, TOLERANCE), np.zeros([1]), spec_of(value_range)).largest > np.spacing(
        np.float32(high)
    )


def test_points_have_no_range_and_are_measured_by_the_largest() -> None:
    points = np.array([[0.5, -4.0], [1.0, 2.0]], np.float32)
    assert allowed(Bound(0.1, 0.01), points, spec_of(None)) == pytest.approx((0.4, 0.04))
    assert allowed(Bound(0.1, 0.01), points / 8, spec_of(None)) == pytest.approx((0.1, 0.01))


@pytest.mark.parametrize("value_range", RANGES)
def test_pictures_that_are_wrong_by_two_levels_are_refused_whatever_the_range(
    value_range: tuple[float, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = export(value_range, tmp_path / "good", ["onnx", "onnx_float16", "images"])
    assert faults(good) == {}
    entry = json.loads((good / "card.json").read_text())["verification"]["images"]
    level = (value_range[1] - value_range[0]) / 255
    assert 0.3 * level < entry["largest_difference"] <= entry["allowed"] < 0.52 * level + 2e-5 * abs(sum(value_range))
    right = images_graph._pixels

    def wrong(nodes: Any, spec: SamplingSpec) -> str:
        return str(nodes.add("Sub", [right(nodes, spec), nodes.constant(np.float32(2))]))

    monkeypatch.setattr(images_graph, "_pixels", wrong)
    with pytest.raises(InputError, match=r"its images differs by"):
        export(value_range, tmp_path / "bad", ["images"])


def test_the_readme_says_what_was_allowed(tmp_path: Path) -> None:
    directory = export((0.0, 255.0), tmp_path / "it", ["onnx"])
    row = next(line for line in (directory / "README.md").read_text().splitlines() if line.startswith("| onnx "))
    _, _, _, found, most, *_ = (cell.strip() for cell in row.split("|"))
    assert float(found) <= float(most) == pytest.approx(255 * TOLERANCE, rel=0.01)


def test_a_card_of_other_shapes_than_its_file_is_a_finding(tmp_path: Path) -> None:
    directory = export((-1.0, 1.0), tmp_path / "it", ["onnx"])
    other = export_generator(
        keras.Sequential([layers.Input((8,)), layers.Dense(2)]), tmp_path / "other", formats=["onnx"], card={}
    )
    (directory / "generator.onnx").write_bytes((other / "generator.onnx").read_bytes())
    rewrite_card(directory)
    (fault,) = faults(directory).values()
    assert fault.state == DIFFERENT and "makes float32 [72, 2], where by the card it makes" in fault.text
