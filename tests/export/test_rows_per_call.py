"""An export chooses the rows of a call by measurement, and fixes them in its ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from egan_tf.export import FORMATS, export_generator
from egan_tf.export.formats import rows_per_call
from egan_tf.export.formats.rows_per_call import CANDIDATES, measure, smallest_near_best
from egan_tf.sampling import ROWS, Sampler
from egan_tf.utils.checks import InputError
from tests.export.generators import conv_generator
from tests.sampling.onnx_files import CLASSES, IMAGE, build, put, without_rows

ONNX = ("onnx", "onnx_float16", "onnx_int8")


def export(model: keras.Model, directory: Path, **options: Any) -> Path:
    return export_generator(model, directory, value_range=(-1, 1), **options)


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({32: 1.0, 64: 1.0, 128: 1.0}, 32),
        ({32: 1.02, 64: 1.01, 128: 1.0}, 32),
        ({32: 1.1, 64: 1.02, 128: 1.0}, 64),
        ({32: 2.0, 64: 1.5, 128: 1.0}, 128),
        ({32: 1.0, 64: 1.5, 128: 2.0}, 32),
        ({32: 1.5, 64: 1.0, 128: 1.01}, 64),
        ({32: 3.0}, 32),
    ],
)
def test_the_smallest_that_is_nearly_the_fastest(seconds: dict[int, float], chosen: int) -> None:
    assert smallest_near_best(seconds) == chosen


@pytest.mark.parametrize("spec", [IMAGE, CLASSES], ids=["plain", "conditional"])
def test_it_is_measured(spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_per_call, "_SECONDS", 0.0)
    assert measure(build(spec), spec) in CANDIDATES
    # A clock by which a call takes the same time whatever its rows: many are best.
    monkeypatch.setattr(rows_per_call, "_seconds", lambda call: 0.001)
    assert measure(build(spec), spec) == max(CANDIDATES)
    # One by which calls are long, so that a single sample must not wait for many.
    monkeypatch.setattr(rows_per_call, "_seconds", lambda call: 0.04)
    assert measure(build(spec), spec) == 64
    monkeypatch.setattr(rows_per_call, "_seconds", lambda call: 10.0)
    assert measure(build(spec), spec) == min(CANDIDATES)


def test_every_onnx_file_says_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def measured(model: bytes, spec: Any) -> int:
        asked.append(measure(model, spec))
        return 128

    monkeypatch.setattr(rows_per_call, "measure", measured)
    model = conv_generator()
    directory = export(model, tmp_path / "measured", formats=ONNX)
    names = ("generator.onnx", "generator_float16.onnx", "generator_int8.onnx")
    assert [Sampler(directory / name).rows_per_call for name in names] == [128] * 3
    assert len(asked) == 3 and set(asked) <= set(CANDIDATES)
    fixed = export(model, tmp_path / "fixed", formats=["onnx"], rows_per_call=5)
    assert Sampler(fixed).rows_per_call == 5 and len(asked) == 3, "what is given is not measured"
    assert without_rows(directory / names[0]) == without_rows(fixed / names[0])
    np.testing.assert_allclose(Sampler(directory).sample(9, 1), Sampler(fixed).sample(9, 1), atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1025, 1.5, "32", True])
def test_impossible_rows_are_refused(rows: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^rows_per_call: must be"):
        export(conv_generator(), tmp_path / "it", formats=["onnx"], rows_per_call=rows)
    assert not (tmp_path / "it").exists()


def test_bytes_are_those_of_the_saved_model(tmp_path: Path) -> None:
    """One definition of rounding in all formats; a sample on the edge of a level may differ by its last bits."""
    import tensorflow as tf

    directory = export(conv_generator(), tmp_path / "it", formats=["onnx", "saved_model"])
    ours = Sampler(directory).sample(64, 3, dtype="uint8").astype(int)
    loaded = tf.saved_model.load(str(directory / "saved_model"))
    theirs = loaded.sample_uint8(3, 0, 64)["samples"].numpy().astype(int)
    assert np.abs(ours - theirs).max() <= 1 and (ours != theirs).mean() < 1e-3


def test_a_file_is_compared_at_other_rows_than_its_own(tmp_path: Path) -> None:
    """Other programs give it any number; a graph that is right for 32 only is not the generator."""
    model = onnx.load_from_string(build(IMAGE))
    for name, value in (("begin", 0), ("end", ROWS), ("axis", 0)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value]), name))
    model.graph.node.insert(0, onnx.helper.make_node("Slice", ["noise", "begin", "end", "axis"], ["cut"]))
    model.graph.node[1].input[0] = "cut"
    sampler = Sampler(put(tmp_path, model.SerializeToString()))
    noise = sampler.noise(2 * ROWS)
    assert len(sampler.generate(noise)) == 2 * ROWS
    with pytest.raises(InputError, match="its metadata say"):
        FORMATS["onnx"].load(tmp_path)(noise)
