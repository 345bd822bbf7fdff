"""Samples from any number on: the same ones as when all are drawn, whatever else is chosen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf.sampling import ROWS, Sampler
from egan_tf.sampling.command import main
from egan_tf.sampling.noise import FIRST_NOISE, NOISES
from egan_tf.sampling.program import Program
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import CLASSES, IMAGE, build, put

STARTS = (1, ROWS - 1, ROWS, ROWS + 1, 99)


@pytest.mark.parametrize("noise", NOISES)
def test_sample_i_is_the_same_from_every_start(noise: str, tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(dataclasses.replace(IMAGE, noise=noise))))
    everything, noises = sampler.sample(140, 5), sampler.noise(140, 5)
    for start in STARTS:
        for count in (1, 2, ROWS, 40):
            expected = everything[start : start + count]
            np.testing.assert_array_equal(sampler.sample(count, 5, start), expected)
            np.testing.assert_array_equal(np.concatenate(list(sampler.batches(count, 5, start))), expected)
            np.testing.assert_array_equal(sampler.noise(count, 5, start), noises[start : start + count])
    small = sampler.sample(9, 5, 40, truncation=0.5)
    np.testing.assert_array_equal(small, sampler.sample(49, 5, truncation=0.5)[40:])


def test_labels_are_those_of_the_samples_drawn(tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(CLASSES)))
    labels = np.arange(140) % 3
    everything = sampler.sample(140, 5, labels=labels)
    for start in STARTS:
        for count in (1, 40):
            chosen = labels[start : start + count]
            found = sampler.sample(count, 5, start, labels=chosen)
            np.testing.assert_array_equal(found, everything[start : start + count])
            np.testing.assert_array_equal(sampler.at(chosen).sample(count, 5, start), found)
            batches = sampler.at(list(chosen)).batches(count, 5, start)
            np.testing.assert_array_equal(np.concatenate(list(batches)), found)
    np.testing.assert_array_equal(sampler.sample(3, 5, 39, labels="shoe"), sampler.sample(42, 5, labels=1)[39:])


def test_a_late_sample_needs_no_other(image_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, calls = Sampler(image_file), []
    run = Program.run
    monkeypatch.setattr(Program, "run", lambda *given: calls.append(1) or run(*given))
    for start in (0, 1_000_000, 2**63 - 1):
        sampler.sample(1, 5, start)
    assert len(calls) == 3


@pytest.mark.parametrize("size", [1, 16, 50_000])
def test_noise_is_drawn_in_pieces_of_any_number_of_calls(size: int, tmp_path: Path) -> None:
    """Small rows are drawn for many calls of onnxruntime at once, large ones for one."""
    spec = dataclasses.replace(IMAGE, latent_size=size, sample_shape=(2, 2, 1))
    sampler = Sampler(put(tmp_path, build(spec)))
    np.testing.assert_allclose(sampler.sample(100, 3, 7), sampler.generate(sampler.noise(100, 3, 7)), atol=1e-4)


@pytest.mark.parametrize("start", [-1, 0.5, True, "1", None, 2**63, 2**63 - 2])
def test_starts_that_there_are_not_are_refused(start: Any, image_file: Path) -> None:
    sampler = Sampler(image_file)
    for draw in (sampler.sample, sampler.noise, lambda *given: list(sampler.batches(*given))):
        with pytest.raises(InputError, match="^start: must be "):
            draw(3, 0, start)


def test_seeds_of_any_length_are_taken(image_file: Path) -> None:
    sampler = Sampler(image_file)
    seeds = (0, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 1, 10**300, np.int64(7))
    assert len({sampler.sample(1, seed).tobytes() for seed in seeds}) == len(seeds)


def test_earlier_exports_keep_their_samples(tmp_path: Path) -> None:
    spec = dataclasses.replace(IMAGE, noise=FIRST_NOISE)
    sampler = Sampler(put(tmp_path, build(spec)))
    generator = np.random.Generator(np.random.Philox(3))
    expected = generator.standard_normal((70, 16), dtype=np.float32)
    np.testing.assert_array_equal(sampler.noise(70, 3), expected)
    np.testing.assert_allclose(sampler.sample(70, 3), sampler.generate(expected), atol=1e-6)
    assert spec.noise_vectors == [] and "egan_tf.noise_vectors" not in spec.to_metadata()


def test_the_command_begins_there(image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [str(image_file), "--count", "4", "--seed", "2", "--start", "99998"]
    for name in ("x.npy", "x.png", "x"):
        assert main([*flags, "--out", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out.endswith(f"{name}, from sample 99998\n")
    samples = Sampler(image_file).sample(4, 2, 99_998)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), samples)
    assert Image.open(tmp_path / "x.png").info["Description"] == "seed 2, from sample 99998"
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [f"{i:06d}.png" for i in range(99_998, 100_002)]
    pixels = np.asarray(Image.open(tmp_path / "x" / "100001.png"))
    np.testing.assert_array_equal(pixels, np.rint((samples[3, :, :, 0] + 1) * 127.5))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--start", "-1"], "^start: must be a whole number of at least 0"),
        (["--start", "1", "--walk", "3"], "^start: cannot be combined"),
        (["--start", "1", "--nearest", "digits"], "^start: cannot be combined"),
    ],
)
def test_the_command_refuses_what_has_no_meaning(
    flags: list[str], message: str, image_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        main([str(image_file), *flags, "--out", str(tmp_path / "x.npy")])
    assert list(tmp_path.iterdir()) == [image_file]


def test_the_command_draws_each_class_from_there(tmp_path: Path) -> None:
    path = put(tmp_path, build(CLASSES))
    main([str(path), "--each-label", "--count", "2", "--start", "40", "--out", str(tmp_path / "x.npy")])
    expected = Sampler(path).sample(6, 0, 40, labels=[0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), expected)
