"""Samples from an exported generator with numpy and onnxruntime alone: no TensorFlow, no Keras.

    from egan_tf.sampling import Sampler
    images = Sampler("saved_models/NAME").sample(64, seed=0)  # float32 [64, H, W, C]

    python -m egan_tf.sampling saved_models/NAME/generator.onnx --count 64 --seed 0 --out grid.png

Everything that it needs to know, such as the distribution of the noise, is in the ONNX file's own metadata.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from egan_tf.checks import InputError, integer, number, one_of, require

if TYPE_CHECKING:
    from PIL.Image import Image

DISTRIBUTIONS = ("normal", "uniform")
"""The noise that a generator takes: N(0, 1), or uniform in [-1, 1)."""

ROWS = 32
"""Rows of noise in every call of onnxruntime: sample i is always row i % ROWS of a call of this one size, so that no
kernel chosen by batch size can change its last bits."""

_FORMAT = "1"
_PREFIX = "egan_tf."
_MAX_THREADS = 4
_MAX_GRID = 10_000
_FOREIGN_SUFFIXES = frozenset(".jpg .jpeg .gif .webp .bmp .tif .tiff .npz .csv .txt .zip .pdf .svg .pt .onnx".split())


@dataclass(frozen=True)
class Recipe:
    """What it takes to sample from an exported generator; travels as metadata in its ONNX file.

    Attributes:
        latent_size: numbers in one row of noise.
        distribution: one of `DISTRIBUTIONS`.
        sample_shape: shape of one sample, (H, W, C) of an image or (2,) of a point.
        value_range: lowest and highest value of a sample, or None where it has no bounds.
    """

    latent_size: int
    distribution: str
    sample_shape: tuple[int, ...]
    value_range: tuple[float, float] | None

    def __post_init__(self) -> None:
        """Refuses values that no generator can have, with `InputError`."""
        integer("latent_size", self.latent_size)
        one_of("distribution", self.distribution, DISTRIBUTIONS)
        require(len(self.sample_shape) > 0, "sample_shape", "must have at least one dimension")
        for size in self.sample_shape:
            integer("sample_shape", size)
        if self.value_range is not None:
            require(len(self.value_range) == 2, "value_range", f"must be two numbers, got {self.value_range!r}")
            low, high = (number("value_range", bound) for bound in self.value_range)
            require(low < high, "value_range", f"must go from low to high, got {self.value_range!r}")

    @property
    def is_image(self) -> bool:
        """Whether a sample is an image [H, W, C] with one or three channels."""
        return len(self.sample_shape) == 3 and self.sample_shape[2] in (1, 3)

    @property
    def is_point(self) -> bool:
        """Whether a sample is a point in the plane."""
        return self.sample_shape == (2,)

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """Draws the next `count` rows of noise, float32 [count, latent_size]."""
        shape = (count, self.latent_size)
        if self.distribution == "normal":
            return generator.standard_normal(shape, dtype=np.float32)
        return 2 * generator.random(shape, dtype=np.float32) - 1

    def to_metadata(self) -> dict[str, str]:
        """Returns the entries that `from_metadata` reads."""
        return {
            f"{_PREFIX}format": _FORMAT,
            f"{_PREFIX}latent_size": json.dumps(self.latent_size),
            f"{_PREFIX}distribution": self.distribution,
            f"{_PREFIX}sample_shape": json.dumps(self.sample_shape),
            f"{_PREFIX}value_range": json.dumps(self.value_range),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Recipe:
        """Reads a recipe from an ONNX file's metadata; raises `InputError` where it is absent or damaged."""
        require(f"{_PREFIX}format" in metadata, "metadata", "none of egan_tf in it; export the generator with egan_tf")
        entries = {key[len(_PREFIX) :]: value for key, value in metadata.items() if key.startswith(_PREFIX)}
        require(entries["format"] == _FORMAT, "metadata", f"format {entries['format']!r} unknown; upgrade egan_tf")
        try:
            bounds = json.loads(entries["value_range"])
            return cls(
                latent_size=json.loads(entries["latent_size"]),
                distribution=entries["distribution"],
                sample_shape=tuple(json.loads(entries["sample_shape"])),
                value_range=None if bounds is None else tuple(bounds),
            )
        except InputError as error:
            raise InputError("metadata", f"damaged: {error}") from error
        except KeyError as error:
            raise InputError("metadata", f"damaged: {error.args[0]} is missing; export again") from error
        except (ValueError, TypeError) as error:
            raise InputError("metadata", f"damaged: {error}; export again") from error


class Sampler:
    """Samples from a `generator.onnx` made by egan_tf.

    Attributes:
        path: the ONNX file.
        batch_size: at most this many samples, rounded up to a multiple of `ROWS`, are yielded at once by `batches`.
        recipe: the file's `Recipe`.
    """

    def __init__(self, path: str | os.PathLike[str], batch_size: int = 64) -> None:
        """Opens the file.

        Args:
            path: `generator.onnx`, or the folder that holds it.
            batch_size: how many samples `batches` yields at once; changes no sample.

        Raises:
            InputError: the file is missing, damaged, or not an export of egan_tf.
        """
        self.batch_size = integer("batch_size", batch_size)
        self.path = _find(path)
        self._session = _open(self.path)
        self.recipe = Recipe.from_metadata(self._session.get_modelmeta().custom_metadata_map)
        _check_ports(self._session, self.recipe)

    @property
    def latent_size(self) -> int:
        """Numbers in one row of noise."""
        return self.recipe.latent_size

    @property
    def distribution(self) -> str:
        """Distribution of the noise, one of `DISTRIBUTIONS`."""
        return self.recipe.distribution

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.recipe.sample_shape

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of a sample, or None."""
        return self.recipe.value_range

    def noise(self, count: int, seed: int = 0) -> np.ndarray:
        """Returns the noise behind `sample(count, seed)`, float32 [count, latent_size].

        It comes from numpy's Philox generator, row by row: the first rows do not depend on `count`.
        """
        return self.recipe.draw(_random(seed), integer("count", count))

    def batches(self, count: int, seed: int = 0) -> Iterator[np.ndarray]:
        """Yields the samples of `sample(count, seed)` in order, a batch at a time, to save memory."""
        remaining, generator = integer("count", count), _random(seed)
        calls = math.ceil(self.batch_size / ROWS)
        while remaining > 0:
            batch = np.concatenate([self._run(self.recipe.draw(generator, ROWS)) for _ in range(calls)])
            yield batch[:remaining]
            remaining -= len(batch)

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Makes samples; sample i depends on the file, the seed and i alone.

        Args:
            count: how many, at least 1.
            seed: a whole number from 0.

        Returns:
            float32 [count, *sample_shape]; images are [count, H, W, C] in `value_range`, [-1, 1] as a rule.

        Raises:
            InputError: `count` or `seed` is not such a number, or the samples do not fit into memory.
        """
        count, generator = integer("count", count), _random(seed)
        try:
            samples = np.empty((count, *self.sample_shape), np.float32)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError(
                "count", f"{count} samples do not fit into memory; take fewer, or write a folder"
            ) from error
        for start in range(0, count, ROWS):
            samples[start : start + ROWS] = self._run(self.recipe.draw(generator, ROWS))[: count - start]
        return samples

    def _run(self, noise: np.ndarray) -> np.ndarray:
        try:
            (samples,) = self._session.run(["samples"], {"noise": noise})
        except Exception as error:  # onnxruntime's errors share no base class of their own
            raise InputError("path", f"{self.path} does not run: {error}") from error
        expected = (len(noise), *self.sample_shape)
        require(samples.shape == expected, "path", f"{self.path} makes {samples.shape}, its metadata say {expected}")
        return samples


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(integer("seed", seed, minimum=0)))


def _find(path: str | os.PathLike[str]) -> Path:
    require(isinstance(path, (str, os.PathLike)), "path", f"must be a path, got {path!r}")
    found = Path(path)
    if found.is_dir():
        found = found / "generator.onnx"
    require(found.is_file(), "path", f"no file {found}; train and export a generator first")
    return found


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # An explicit number also stops onnxruntime from pinning threads, which fails loudly in some containers.
    options.intra_op_num_threads = min(_MAX_THREADS, _processors())
    try:
        model = path.read_bytes()
    except OSError as error:
        raise InputError("path", f"cannot read {path}: {error.strerror}") from error
    try:
        # The fallback would print several lines and try the same provider again.
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        raise InputError("path", f"{path} is no ONNX file that onnxruntime can read, or is damaged: {error}") from error


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_ports(session: Any, recipe: Recipe) -> None:
    for kind, ports, name, shape in (
        ("input", session.get_inputs(), "noise", (recipe.latent_size,)),
        ("output", session.get_outputs(), "samples", recipe.sample_shape),
    ):
        found = [(port.name, port.type, tuple(port.shape[1:])) for port in ports]
        expected = [(name, "tensor(float)", shape)]
        require(found == expected, "metadata", f"do not fit the file: its {kind} is {found}, expected {expected}")


def picture(samples: np.ndarray, recipe: Recipe) -> Image:
    """Draws samples: a grid of images, or a scatter plot of points.

    Args:
        samples: float [count, *recipe.sample_shape].
        recipe: what the samples are.

    Returns:
        A pillow image. Small images are enlarged by a whole factor, so that 8 x 8 pixels can be seen.

    Raises:
        InputError: the samples are neither images nor points, or are too many for a grid.
    """
    if recipe.is_point:
        return _scatter(samples)
    require(recipe.is_image, "out", f"cannot draw samples of shape {recipe.sample_shape}; use a name ending in .npy")
    require(len(samples) <= _MAX_GRID, "count", f"a grid takes at most {_MAX_GRID}; use a folder or .npy")
    return _grid(_pixels(samples, recipe))


def _pixels(images: np.ndarray, recipe: Recipe) -> np.ndarray:
    low, high = recipe.value_range or (-1.0, 1.0)
    scaled = (np.nan_to_num(images, nan=low) - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _grid_shape(count: int) -> tuple[int, int]:
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def _grid(pixels: np.ndarray, gap: int = 1) -> Image:
    count, height, width, channels = pixels.shape
    rows, columns = _grid_shape(count)
    cells = np.full((rows * columns, height + gap, width + gap, channels), 255, np.uint8)
    cells[:count, :height, :width] = pixels
    cells = cells.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = cells.reshape(rows * (height + gap), columns * (width + gap), channels)[:-gap, :-gap]
    image = _image(sheet)
    # About 48 pixels a sample, unless the whole sheet would then be wider than a screen.
    factor = min(math.ceil(48 / max(height, width)), max(1, 2048 // max(image.size)))
    return image.resize((image.width * factor, image.height * factor), resample=0)


def _image(pixels: np.ndarray) -> Image:
    from PIL import Image as pillow

    return pillow.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _scatter(points: np.ndarray, side: int = 512, margin: int = 24) -> Image:
    from PIL import Image as pillow
    from PIL import ImageDraw

    points = points[np.isfinite(points).all(axis=1)]
    limit = _nice_limit(float(np.abs(points).max(initial=0.0)))
    scale = (side - 2 * margin) / (2 * limit)
    sheet = pillow.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(sheet)
    near, middle, far = margin, side / 2, side - margin
    draw.line([(near, middle), (far, middle)], fill="lightgray")
    draw.line([(middle, near), (middle, far)], fill="lightgray")
    draw.rectangle([near, near, far, far], outline="gray")
    radius = 2 if len(points) <= 2000 else 1
    for x, y in (middle + scale * points * (1, -1)).tolist():
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill="steelblue")
    for value, place in ((-limit, near), (0.0, middle), (limit, far)):
        draw.text((place, far + 4), f"{value:g}", fill="black", anchor="mt")
        draw.text((near - 4, side - place), f"{value:g}", fill="black", anchor="rm")
    return sheet


def _nice_limit(largest: float) -> float:
    """The least of 1, 1.5, 2, 3, 5 and 7.5 times a power of ten that is above `largest`."""
    power = 10.0 ** math.floor(math.log10(max(largest, 1e-3)))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 7.5, 10) if step * power > largest or step == 10)


def write(sampler: Sampler, out: Path, count: int, seed: int) -> str:
    """Makes samples and writes them: `.npy` an array, `.png` a picture, any other name a folder of PNG files.

    Args:
        sampler: where the samples come from.
        out: the file or folder to make; a file is replaced, a folder must be new or empty.
        count: how many samples.
        seed: seed of the noise.

    Returns:
        What was written, in words.

    Raises:
        InputError: something cannot be used or written. `out` then is as it was before.
    """
    recipe, suffix = sampler.recipe, out.suffix.lower()
    integer("count", count)
    _random(seed)
    _check_out(out)
    if suffix == ".npy":
        samples = sampler.sample(count, seed)
        _publish(out, lambda partial: _save_array(samples, partial))
        return f"{count} samples, float32 {list(samples.shape)}, to {out}"
    if suffix == ".png":
        require(recipe.is_point or count <= _MAX_GRID, "count", f"a grid takes at most {_MAX_GRID}; use a folder")
        sheet = picture(sampler.sample(count, seed), recipe)
        _publish(out, lambda partial: sheet.save(partial, format="PNG"))
        rows, columns = _grid_shape(count)
        return (
            f"{count} points as a plot to {out}" if recipe.is_point else f"{count} images, {rows} x {columns}, to {out}"
        )
    require(recipe.is_image, "out", f"a folder takes images, not samples of shape {recipe.sample_shape}; use .npy")
    _publish(out, lambda partial: _save_folder(sampler, partial, count, seed))
    return f"{count} images to the folder {out}"


def _check_out(out: Path) -> None:
    kind = out.suffix.lower()
    require(kind not in _FOREIGN_SUFFIXES, "out", f"cannot write {kind}; use .png, .npy or the name of a folder")
    require(out.parent.is_dir(), "out", f"no folder {out.parent}; make it first")
    if kind in (".npy", ".png"):
        require(not out.is_dir(), "out", f"{out} is a folder; choose another name")
    else:
        require(not out.exists() or out.is_dir(), "out", f"{out} is a file; choose another name, or .png or .npy")
        require(
            not out.exists() or not any(out.iterdir()), "out", f"the folder {out} is not empty; choose another name"
        )


def _publish(out: Path, save: Callable[[Path], object]) -> None:
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        save(partial)
        os.replace(partial, out)
    except OSError as error:
        raise InputError("out", f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):
            partial.unlink()


def _save_array(samples: np.ndarray, partial: Path) -> None:
    with partial.open("wb") as file:
        np.save(file, samples, allow_pickle=False)


def _save_folder(sampler: Sampler, partial: Path, count: int, seed: int) -> None:
    partial.mkdir()
    digits, index = max(5, len(str(count - 1))), 0
    for batch in sampler.batches(count, seed):
        for pixels in _pixels(batch, sampler.recipe):
            _image(pixels).save(partial / f"{index:0{digits}d}.png", format="PNG")
            index += 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Turns argparse's several lines into the one line that every refusal has."""
        match = re.match(r"argument -*([\w-]+)[^:]*: (.*)", message, re.DOTALL)
        raise InputError(*(match.groups() if match else ("arguments", f"{message}; --help explains them")))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m egan_tf.sampling",
        description="Sample from an exported generator, without TensorFlow.",
        epilog="Sample i depends on the file, the seed and i alone: asking for more keeps the first ones.",
    )
    parser.add_argument("path", type=Path, help="generator.onnx, or the folder that holds it (saved_models/NAME)")
    parser.add_argument("--count", type=int, default=64, help="how many samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise, from 0 (%(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, help=".npy: array; .png: grid or plot; else a folder of PNGs"
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status, 0 or 2 where the input cannot be used."""
    try:
        options = _parser().parse_args(arguments)
        done = write(Sampler(options.path), options.out, options.count, options.seed)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
