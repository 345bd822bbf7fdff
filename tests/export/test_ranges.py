"""What may differ is a share of the value range, wherever it lies and however narrow it is."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.comparison import scale_of
from egan_tf.export.receipt.finding import DIFFERENT
from egan_tf.export.source import Source, prepare_source
from egan_tf.export.verify import ExportMismatchError
from egan_tf.export.writing import write_formats
from egan_tf.sampling.spec import SamplingSpec
from tests.export.receipts import faults, found, rewrite_card

RANGES = [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0), (100.0, 101.0), (0.0, 0.01)]
SHARES = {"onnx": 1e-3, "onnx_float16": 0.1, "onnx_int8": 0.6, "images": 0.02}
"""Of half the range: a little more than each format may differ by; of pictures two and a half levels."""


def generator(low: float, high: float, moved: float = 0.0) -> keras.Model:
    """Images that use the range; `moved` by a share of half of it, where that stays inside."""
    keras.utils.set_random_seed(5)
    half, middle = (high - low) / 2, (high + low) / 2
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, "tanh", kernel_initializer="random_normal"),
            layers.Reshape((4, 4, 1)),
            layers.Rescaling(0.3 * half, middle + (0.6 - moved) * half),
        ]
    )


def source_of(bounds: tuple[float, float], moved: float = 0.0) -> Source:
    return dataclasses.replace(prepare_source(generator(*bounds, moved), Latent(6), bounds), rows_per_call=32)


@pytest.mark.parametrize("bounds", RANGES)
def test_good_files_pass_and_the_card_says_what_was_allowed(bounds: tuple[float, float], tmp_path: Path) -> None:
    half = (bounds[1] - bounds[0]) / 2
    directory = export_generator(generator(*bounds), tmp_path / "it", value_range=bounds, formats=list(SHARES))
    card = json.loads((directory / "card.json").read_text("utf-8"))
    assert set(card["verification"]) == set(SHARES)
    for name, entry in card["verification"].items():
        assert entry["largest_difference"] <= entry["tolerance"] < SHARES[name] * half
        assert entry["rms_difference"] <= entry["rms_tolerance"] <= entry["tolerance"]
        assert entry["scale"] == pytest.approx(half)
    readme = (directory / "README.md").read_text("utf-8")
    assert all(f"| {entry['tolerance']:.3g} |" in readme for entry in card["verification"].values())
    assert faults(directory) == {}
    rewrite_card(directory, lambda card: earlier(card, bounds))
    assert faults(directory) == {}


def earlier(card: dict[str, Any], bounds: tuple[float, float]) -> None:
    """The entries as they were before they had a scale."""
    for name, entry in card["verification"].items():
        del entry["scale"]
        entry["tolerance"], entry["rms_tolerance"] = {
            "onnx": (1e-5, 1e-5),
            "onnx_float16": (0.05, 0.005),
            "onnx_int8": (0.5, 0.06),
            "images": ((bounds[1] - bounds[0]) / 510 + 1e-5 * max(1.0, bounds[1]),) * 2,
        }[name]


@pytest.mark.parametrize("bounds", RANGES)
@pytest.mark.parametrize("name", SHARES)
def test_a_file_that_is_wrong_by_a_share_of_the_range_is_refused(
    name: str, bounds: tuple[float, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = source_of(bounds), source_of(bounds, SHARES[name])
    kind = type(FORMATS[name])

    class Sabotaged(kind):  # type: ignore[misc, valid-type]
        def write(self, source: Source, directory: Path) -> None:
            super().write(wrong, directory)

    monkeypatch.setitem(FORMATS, name, Sabotaged())
    with pytest.raises(ExportMismatchError, match=f"its {name} differs by"):
        write_formats([name], right, tmp_path)


@pytest.mark.parametrize("bounds", [(0.0, 255.0), (100.0, 101.0)])
def test_the_receiver_finds_it_too(bounds: tuple[float, float], tmp_path: Path) -> None:
    formats = ["onnx", "images"]
    directory = export_generator(generator(*bounds), tmp_path / "it", value_range=bounds, formats=formats)
    write_formats(formats, source_of(bounds, SHARES["images"]), tmp_path)
    for file in ("images.onnx", "generator.onnx"):
        shutil.copy(tmp_path / file, directory / file)
        rewrite_card(directory)
        assert (
            {finding.subject for finding in found(directory) if finding.state == DIFFERENT} == {"images"}
            if (file == "images.onnx")
            else {"onnx", "images"}
        )


def test_points_and_narrow_samples_have_their_own_scale() -> None:
    samples = np.float32([[3.0, -7.0]])
    assert scale_of(samples, SamplingSpec(2, "normal", (2,), None)) == 7.0
    assert scale_of(samples / 10, SamplingSpec(2, "normal", (2,), None)) == 1.0
    # A range that the samples do not use loosens nothing.
    assert scale_of(samples, SamplingSpec(2, "normal", (2,), (-1e6, 1e6))) == 7.0
    assert scale_of(samples, SamplingSpec(2, "normal", (2,), (-7.0, 3.0))) == 5.0
    assert scale_of(samples, SamplingSpec(2, "normal", (2,), (0.0, 5e-324))) > 0
