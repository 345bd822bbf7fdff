"""Truncation: the noise times psi, the same for sample i whatever else is drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf.sampling import DISTRIBUTIONS, ROWS, Sampler, SamplingSpec
from egan_tf.sampling.command import main
from egan_tf.sampling.truncation import truncate
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, build, put


@pytest.fixture(params=DISTRIBUTIONS)
def sampler(request: pytest.FixtureRequest, tmp_path: Path) -> Sampler:
    return Sampler(put(tmp_path, build(SamplingSpec(16, request.param, (8, 8, 1), (-1.0, 1.0)))))


def test_one_changes_no_bit(sampler: Sampler) -> None:
    np.testing.assert_array_equal(sampler.noise(50, 1, truncation=1), sampler.noise(50, 1))
    np.testing.assert_array_equal(sampler.sample(50, 1, truncation=1.0), sampler.sample(50, 1))
    np.testing.assert_array_equal(np.concatenate(list(sampler.batches(50, 1, truncation=1.0))), sampler.sample(50, 1))


@pytest.mark.parametrize("psi", [0.5, 0.7, 1e-3])
def test_every_number_is_multiplied_in_float32(sampler: Sampler, psi: float) -> None:
    noise = sampler.noise(70, 1, truncation=psi)
    assert noise.dtype == np.float32
    np.testing.assert_array_equal(noise, sampler.noise(70, 1) * np.float32(psi))
    np.testing.assert_array_equal(noise, truncate(sampler.noise(70, 1), psi))
    np.testing.assert_allclose(sampler.sample(70, 1, truncation=psi), sampler.generate(noise), atol=1e-6)


def test_the_spread_shrinks_as_psi(sampler: Sampler) -> None:
    whole = {"normal": 1.0, "uniform": math.sqrt(1 / 3)}[sampler.distribution]
    assert sampler.noise(2000, truncation=0.4).std() == pytest.approx(0.4 * whole, rel=0.02)
    if sampler.distribution == "uniform":
        assert np.abs(sampler.noise(2000, truncation=0.4)).max() <= np.float32(0.4)


def test_sample_i_does_not_depend_on_the_count(sampler: Sampler) -> None:
    everything = sampler.sample(100, 5, truncation=0.6)
    for count in (1, ROWS - 1, ROWS, ROWS + 1, 99):
        np.testing.assert_array_equal(sampler.sample(count, 5, truncation=0.6), everything[:count])
        np.testing.assert_array_equal(
            np.concatenate(list(sampler.batches(count, 5, truncation=0.6))), everything[:count]
        )


@pytest.mark.parametrize("name", ["x.npy", "x.png", "x"])
def test_the_message_says_it_and_so_does_a_picture(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = put(tmp_path, build(IMAGE)), tmp_path / name
    assert main([str(model), "--count", "4", "--truncation", "0.5", "--out", str(out)]) == 0
    assert capsys.readouterr().out.endswith(f"{out} (truncation 0.5)\n")
    samples = Sampler(model).sample(4, truncation=0.5)
    expected = np.rint((samples + 1) * 127.5)[..., 0]
    if name == "x.npy":
        np.testing.assert_array_equal(np.load(out), samples)
    elif name == "x":
        np.testing.assert_array_equal(np.asarray(Image.open(out / "00003.png")), expected[3])
    else:
        assert Image.open(out).info["Description"] == "seed 0 (truncation 0.5)"
        np.testing.assert_array_equal(np.asarray(Image.open(out))[:48:6, :48:6], expected[0])


def test_without_it_a_picture_has_no_description(image_file: Path, tmp_path: Path) -> None:
    assert main([str(image_file), "--truncation", "1", "--out", str(tmp_path / "x.png")]) == 0
    assert Image.open(tmp_path / "x.png").info == {}


@pytest.mark.parametrize("psi", [0, -0.5, 1.0001, 2, math.nan, math.inf, 1e-60, "half", None, True])
def test_other_numbers_are_refused(psi: Any, image_file: Path) -> None:
    sampler = Sampler(image_file)
    for draw in (sampler.noise, sampler.sample, lambda *call, **options: list(sampler.batches(*call, **options))):
        with pytest.raises(InputError, match="^truncation: "):
            draw(3, 0, truncation=psi)


@pytest.mark.parametrize("psi", ["0", "-1", "2", "nan", "inf", "half", "1e-60"])
def test_the_command_refuses_them_in_one_line(psi: str, image_file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^truncation: ") as caught:
        main([str(image_file), f"--truncation={psi}", "--out", str(tmp_path / "x.png")])
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == [image_file]
