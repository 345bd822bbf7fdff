"""Samples from an exported generator with numpy and onnxruntime alone: no TensorFlow, no Keras."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, integer, require

ROWS = 32
"""Rows of noise in every call of onnxruntime: sample i is always row i % ROWS of a call of this one size, so that no
kernel chosen by batch size can change its last bits."""

CARD = "card.json"
_MAX_THREADS = 4


class Sampler:
    """Samples from a `generator.onnx` made by egan_tf.

    Attributes:
        path: the ONNX file.
        batch_size: at most this many samples, rounded up to a multiple of `ROWS`, are yielded at once by `batches`.
        recipe: the file's `SamplingSpec`.
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
        try:
            self.recipe = SamplingSpec.from_metadata(self._session.get_modelmeta().custom_metadata_map)
            _check_ports(self._session, self.recipe)
        except UnicodeDecodeError as error:
            raise InputError("path", f"{self.path} is damaged: {error}") from error

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
        while remaining > 0:
            calls = math.ceil(min(self.batch_size, remaining) / ROWS)
            batch = np.concatenate([self.generate(self.recipe.draw(generator, ROWS)) for _ in range(calls)])
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
            raise InputError("count", f"{count} samples do not fit into memory; take fewer") from error
        for start in range(0, count, ROWS):
            samples[start : start + ROWS] = self.generate(self.recipe.draw(generator, ROWS))[: count - start]
        return samples

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """Turns noise of your own into samples, in one call of onnxruntime.

        Args:
            noise: numbers [count, latent_size].

        Returns:
            float32 [count, *sample_shape].

        Raises:
            InputError: the noise has another shape, or the file does not run or makes something else.
        """
        noise = np.asarray(noise, np.float32)
        fits = noise.ndim == 2 and noise.shape[0] > 0 and noise.shape[1] == self.latent_size
        require(fits, "noise", f"must be [count, {self.latent_size}], got {list(noise.shape)}")
        try:
            (samples,) = self._session.run(["samples"], {"noise": noise})
        except Exception as error:  # onnxruntime's errors share no base class of their own
            raise InputError("path", f"{self.path} does not run: {error}") from error
        expected = (len(noise), *self.sample_shape)
        require(samples.shape == expected, "path", f"{self.path} makes {samples.shape}, its metadata say {expected}")
        # onnxruntime's tanh reaches 1.0000001.
        return samples if self.value_range is None else np.clip(samples, *self.value_range)


def _random(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(integer("seed", seed, minimum=0)))


def _find(path: str | os.PathLike[str]) -> Path:
    require(isinstance(path, (str, os.PathLike)), "path", f"must be a path, got {path!r}")
    found = Path(path)
    try:
        if found.is_dir():
            found = found / "generator.onnx"
        exists = found.is_file()
    except OSError as error:
        raise InputError("path", f"cannot read it: {error}") from error
    require(exists, "path", f"no file {found}; train and export a generator first")
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
    _check_against_card(path, model)
    try:
        # The fallback would print several lines and try the same provider again.
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        raise InputError("path", f"{path} is no ONNX file that onnxruntime can read, or is damaged: {error}") from error


def _check_against_card(path: Path, content: bytes) -> None:
    """Refuses a file that is not the one whose SHA-256 the card beside it lists; without a card, any will do."""
    try:
        listed = json.loads((path.parent / CARD).read_text(encoding="utf-8"))["files"][path.name]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return
    found = hashlib.sha256(content).hexdigest()
    require(
        listed == found,
        "path",
        f"{path} is not the file that {CARD} beside it lists: damaged, or changed; export it again, or move it away",
    )


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_ports(session: Any, recipe: SamplingSpec) -> None:
    for kind, ports, name, shape in (
        ("input", session.get_inputs(), "noise", (recipe.latent_size,)),
        ("output", session.get_outputs(), "samples", recipe.sample_shape),
    ):
        found = [(port.name, port.type, tuple(port.shape[1:])) for port in ports]
        expected = [(name, "tensor(float)", shape)]
        require(found == expected, "metadata", f"do not fit the file: its {kind} is {found}, expected {expected}")
