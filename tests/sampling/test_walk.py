"""Latent walks: their paths in closed form, and the files that hold them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from egan_tf.sampling import DISTRIBUTIONS, Sampler, SamplingSpec
from egan_tf.sampling.command import main
from egan_tf.sampling.noise import NOISE, NOISES
from egan_tf.sampling.pictures import on_white, to_pixels
from egan_tf.sampling.walk import interpolate, slerp, uniform_path, walk
from egan_tf.sampling.walk_files import walk_samples, write_walk
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, build, put

NINTHS = np.linspace(0.0, 1.0, 9)
RGBA = SamplingSpec(4, "uniform", (6, 6, 4), (-1.0, 1.0))


def rows(distribution: str, count: int, size: int, seed: int = 0) -> np.ndarray:
    return NOISES[NOISE].rows(distribution, seed, 0, size).draw(count)


def test_a_quarter_circle_is_walked_at_constant_speed() -> None:
    path = slerp(np.array([2.0, 0.0, 0.0]), np.array([0.0, 4.0, 0.0]), NINTHS)
    angles, norms = NINTHS * math.pi / 2, 2 + 2 * NINTHS
    expected = np.stack([norms * np.cos(angles), norms * np.sin(angles), 0 * norms], axis=1)
    np.testing.assert_allclose(path, expected, atol=1e-15)


def test_between_rows_of_one_length_slerp_is_shoemakes_formula() -> None:
    start, end = rows("normal", 2, 20).astype(np.float64)
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    angle = math.acos(start @ end / (start @ start))
    weights = np.sin(np.stack([1 - NINTHS, NINTHS], axis=1) * angle) / math.sin(angle)
    path = slerp(start, end, NINTHS)
    np.testing.assert_allclose(path, weights @ np.stack([start, end]), rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(start), rtol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 50])
@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, -3.0])
def test_between_parallel_and_opposite_rows_the_norm_is_kept(factor: float, size: int) -> None:
    start = rows("normal", 1, size)[0].astype(np.float64)
    length = np.linalg.norm(start)
    path = slerp(start, factor * start, NINTHS)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), length * (1 + (abs(factor) - 1) * NINTHS), rtol=1e-6)
    cosines = path @ start / (length * np.linalg.norm(path, axis=1))
    expected = np.cos(NINTHS * math.pi) if factor < 0 else np.ones(9)
    np.testing.assert_allclose(cosines, expected, atol=1e-6)


@pytest.mark.parametrize("pair", [([0.5], [-1.0]), ([0.0, 0.0], [1.0, 2.0]), ([0.0, 0.0], [0.0, 0.0])])
def test_without_a_circle_the_path_is_straight(pair: tuple[list[float], list[float]]) -> None:
    start, end = map(np.array, pair)
    np.testing.assert_array_equal(slerp(start, end, np.array([0.0, 0.5, 1.0])), [start, (start + end) / 2, end])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_ends_of_a_path_are_the_given_rows(distribution: str, size: int) -> None:
    start, end = rows(distribution, 2, size)
    path = interpolate(start, end, NINTHS, distribution)
    assert path.dtype == np.float32 and path.shape == (9, size) and np.isfinite(path).all()
    np.testing.assert_array_equal(path[[0, -1]], [start, end])
    backwards = interpolate(end, start, NINTHS, distribution)
    np.testing.assert_allclose(path, backwards[::-1], atol=1e-5)


def test_half_way_uniform_noise_is_still_uniform_and_a_straight_line_is_not() -> None:
    noise = rows("uniform", 2, 20_000)
    (middle,) = interpolate(*noise, np.array([0.5]), "uniform")
    assert middle.min() >= -1 and middle.max() < 1
    levels = (np.arange(20_000) + 0.5) / 10_000 - 1
    # The largest gap between the distribution functions, of [-1, 1]: 1.95 / sqrt(n) has a p-value of 0.001.
    gap = np.abs(np.sort(middle) - levels).max() / 2
    straight = np.abs(np.sort(noise.mean(axis=0)) - levels).max() / 2
    assert gap < 1.95 / math.sqrt(20_000) < 0.1 < straight


def test_half_way_normal_noise_keeps_its_variance() -> None:
    noise = rows("normal", 2, 20_000)
    (middle,) = interpolate(*noise, np.array([0.5]), "normal")
    assert abs(middle.std() - 1) < 0.02 and abs(noise.mean(axis=0).std() - math.sqrt(0.5)) < 0.02


def test_the_edges_of_uniform_noise_stay_in_range() -> None:
    below = np.nextafter(np.float32(1), np.float32(0))
    path = interpolate(np.float32([-1, -1, below, 0]), np.float32([-1, below, below, 0]), NINTHS, "uniform")
    assert path.min() >= -1 and path.max() <= below
    np.testing.assert_allclose(uniform_path(np.array([0.5]), np.array([0.5]), np.array([0.5])), 0.6598, atol=1e-4)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_loop_visits_every_row_once_and_returns(distribution: str) -> None:
    noise = rows(distribution, 3, 5)
    open_paths, loop = list(walk(noise, 4, distribution)), list(walk(noise, 4, distribution, closed=True))
    assert [path.shape for path in open_paths] == [(4, 5)] * 2 and [path.shape for path in loop] == [(3, 5)] * 3
    np.testing.assert_array_equal(np.concatenate(loop[:2]), np.concatenate([path[:-1] for path in open_paths]))
    np.testing.assert_array_equal([path[0] for path in loop], noise)
    np.testing.assert_array_equal(loop[2], interpolate(noise[2], noise[0], np.linspace(0, 1, 4), distribution)[:-1])


def test_the_ends_are_the_samples_of_the_seed_and_the_rest_does_not_depend_on_the_count(tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(IMAGE)))
    samples = sampler.sample(40, seed=3)
    walked = np.stack(list(walk_samples(sampler, 40, 40, 3)))
    np.testing.assert_array_equal(walked[:, 0], samples[:-1])
    np.testing.assert_array_equal(walked[:, -1], samples[1:])
    np.testing.assert_array_equal(np.stack(list(walk_samples(sampler, 40, 3, 3))), walked[:2])
    paths = np.stack(list(walk(sampler.noise(40, 3), 40, "normal")))
    np.testing.assert_allclose(walked[5], sampler.generate(paths[5]), atol=1e-6)


@pytest.mark.parametrize("truncation", [1.0, 0.5])
def test_writes_rows_and_arrays(tmp_path: Path, truncation: float) -> None:
    model = put(tmp_path, build(IMAGE))
    flags = [str(model), "--walk", "5", "--count", "4", "--seed", "2", "--truncation", str(truncation)]
    for name in ("walk.npy", "walk.png"):
        assert main([*flags, "--out", str(tmp_path / name)]) == 0
    array = np.load(tmp_path / "walk.npy")
    samples = Sampler(model).sample(4, seed=2, truncation=truncation)
    assert array.shape == (3, 5, 8, 8, 1) and array.dtype == np.float32
    np.testing.assert_array_equal(array[:, [0, -1]], np.stack([samples[:-1], samples[1:]], axis=1))
    picture = Image.open(tmp_path / "walk.png")
    assert "walk of 5 steps, seed 2" in picture.info["Description"]
    assert ("truncation 0.5" in picture.info["Description"]) == (truncation == 0.5)
    small = np.asarray(picture)[::6, ::6]
    assert small.shape == (3 * 9 - 1, 5 * 9 - 1)
    for row in range(3):
        for step in range(5):
            cell = small[9 * row : 9 * row + 8, 9 * step : 9 * step + 8]
            np.testing.assert_array_equal(cell, to_pixels(array[row, step], IMAGE)[..., 0])


@pytest.mark.parametrize("spec", [IMAGE, RGBA, SamplingSpec(3, "normal", (5, 7, 3), (0.0, 1.0))])
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_is_a_loop(tmp_path: Path, spec: SamplingSpec, kind: str) -> None:
    sampler, out = Sampler(put(tmp_path, build(spec))), tmp_path / f"loop.{kind}"
    said = write_walk(sampler, out, 4, 3, 1, fps=10)
    assert said == f"a loop of 9 frames through 3 samples, to {out}"
    frames = np.concatenate([to_pixels(path, spec) for path in walk_samples(sampler, 4, 3, 1, closed=True)])
    np.testing.assert_array_equal(frames[::3], to_pixels(sampler.sample(3, 1), spec))
    animation = Image.open(out)
    shown = [frame.convert({1: "L", 3: "RGB", 4: "RGBA"}[spec.sample_shape[2]]) for frame in _frames(animation)]
    assert len(shown) == 9 and animation.info["loop"] == 0 and animation.info["duration"] == 100
    height, width = spec.sample_shape[:2]
    factor = math.ceil(192 / max(height, width))
    for frame, pixels in zip(shown, frames, strict=True):
        assert frame.size == (width * factor, height * factor)
        small = np.asarray(frame)[::factor, ::factor].reshape(pixels.shape)
        # A GIF has no half-transparent pixels, and colours under no opacity at all are not kept by WebP.
        np.testing.assert_array_equal(small[..., 3:], 255 if kind == "gif" else pixels[..., 3:])
        np.testing.assert_array_equal(on_white(small), on_white(pixels))


def _frames(animation: Image.Image) -> list[Image.Image]:
    return [frame.copy() for frame in ImageSequence.Iterator(animation)]


def test_points_are_drawn_as_paths_and_move_together(point_file: Path, tmp_path: Path) -> None:
    for name, size in (("paths.png", None), ("loop.gif", 3), ("loop.webp", 3)):
        assert main([str(point_file), "--walk", "4", "--count", "5", "--out", str(tmp_path / name)]) == 0
        picture = Image.open(tmp_path / name)
        assert picture.size == (512, 512) and getattr(picture, "n_frames", 1) == (size or 1)
        colors = {color for _, color in picture.convert("RGB").getcolors(1 << 18) or []}
        assert len(colors) > 3


CALLS: dict[str, tuple[str, str]] = {
    "no step between": ("--walk 1 --out x.png", "walk"),
    "no step": ("--walk 0 --out x.png", "walk"),
    "steps no number": ("--walk many --out x.png", "walk"),
    "endless steps": ("--walk 1001 --out x.png", "walk"),
    "one sample": ("--walk 4 --count 1 --out x.png", "count"),
    "too many images": ("--walk 1000 --count 12 --out x.png", "walk"),
    "too many frames": ("--walk 1000 --count 12 --out x.gif", "walk"),
    "too many pixels": ("--walk 1000 --count 5 --out x.gif", "walk"),
    "too large an array": ("--walk 1000 --count 1000000000000 --out x.npy", "walk"),
    "no frame a second": ("--walk 4 --fps 0 --out x.gif", "fps"),
    "too many frames a second": ("--walk 4 --fps 51 --out x.gif", "fps"),
    "frames of a picture": ("--walk 4 --fps 5 --out x.png", "fps"),
    "frames of samples": ("--fps 5 --out x.png", "fps"),
    "a folder": ("--walk 4 --out x", "out"),
    "a folder with a slash": ("--walk 4 --out x/", "out"),
    "a table": ("--walk 4 --out x.npz", "out"),
    "an unknown kind": ("--walk 4 --out x.mp4", "out"),
    "an animation of samples": ("--out x.gif", "out"),
    "a WebP of samples": ("--out x.webp", "out"),
    "no truncation": ("--walk 4 --truncation 0 --out x.png", "truncation"),
    "neighbours": ("--walk 4 --nearest digits --out x.png", "nearest"),
    "a number of neighbours": ("--walk 4 --neighbours 3 --out x.png", "neighbours"),
    "a data folder": ("--walk 4 --data-dir . --out x.png", "data_dir"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_has_no_meaning_is_refused_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, build(IMAGE))
    monkeypatch.chdir(tmp_path)
    flags, field = CALLS[name]
    with pytest.raises(InputError) as caught:
        main(["generator.onnx", *flags.split()])
    assert caught.value.field == field and "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["generator.onnx"]


def test_samples_that_are_no_pictures_are_walked_as_an_array_only(tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(SamplingSpec(4, "normal", (3,), None))))
    for kind in ("png", "gif", "webp"):
        with pytest.raises(InputError, match=r"^out: cannot draw samples of shape \(3,\)"):
            write_walk(sampler, tmp_path / f"x.{kind}", 4, 3, 0)
    write_walk(sampler, tmp_path / "x.npy", 4, 3, 0)
    assert np.load(tmp_path / "x.npy").shape == (2, 4, 3)


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "npy"])
def test_a_sample_that_is_not_finite_leaves_the_old_file(tmp_path: Path, kind: str) -> None:
    sampler, out = Sampler(put(tmp_path, build(IMAGE, poison=math.nan))), put(tmp_path, b"old", f"x.{kind}")
    with pytest.raises(InputError, match="not finite"):
        write_walk(sampler, out, 4, 200, 0, overwrite=True)
    assert out.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
