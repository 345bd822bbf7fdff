"""Samples from an exported generator, with numpy and onnxruntime only."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.noise import noise_generator
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, integer, require

ROWS = 32
"""Rows of noise in every call of onnxruntime. Sample i is always row i % ROWS of a call of this size: kernels that
onnxruntime chooses by batch size cannot change its last bits."""

ONNX_FILE = "generator.onnx"
CARD_FILE = "card.json"
_MAX_THREADS = 4


class Sampler:
    """Samples from a `generator.onnx` exported by egan_tf.

    Attributes:
        path: the ONNX file.
        batch_size: `batches` yields at most this many samples at once, rounded up to a multiple of `ROWS`.
        spec: the noise and the samples, from the metadata of the file.
    """

    def __init__(self, path: str | os.PathLike[str], batch_size: int = 64) -> None:
        """Opens the file.

        Args:
            path: `generator.onnx`, or the directory that holds it.
            batch_size: the number of samples that `batches` yields at once; it changes no sample.

        Raises:
            InputError: the file is missing, damaged, or no export of egan_tf.
        """
        self.batch_size = integer("batch_size", batch_size)
        self.path = _find(path)
        self._session = _open(self.path)
        try:
            self.spec = SamplingSpec.from_metadata(self._session.get_modelmeta().custom_metadata_map)
            _check_signature(self._session, self.spec)
        except UnicodeDecodeError as error:
            raise InputError("path", f"{self.path} is damaged: {error}") from error

    @property
    def latent_size(self) -> int:
        """Numbers in one row of noise."""
        return self.spec.latent_size

    @property
    def distribution(self) -> str:
        """Distribution of the noise, one of `DISTRIBUTIONS`."""
        return self.spec.distribution

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.spec.sample_shape

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of a sample, or None if it is unbounded."""
        return self.spec.value_range

    def noise(self, count: int, seed: int = 0) -> np.ndarray:
        """The noise of `sample(count, seed)`, float32 [count, latent_size]; the first rows do not depend on `count`."""
        return self.spec.draw_noise(noise_generator(seed), integer("count", count))

    def batches(self, count: int, seed: int = 0) -> Iterator[np.ndarray]:
        """Yields the samples of `sample(count, seed)` in order, a batch at a time, to save memory."""
        remaining, generator = integer("count", count), noise_generator(seed)
        while remaining > 0:
            calls = math.ceil(min(self.batch_size, remaining) / ROWS)
            batch = np.concatenate([self.generate(self.spec.draw_noise(generator, ROWS)) for _ in range(calls)])
            yield batch[:remaining]
            remaining -= len(batch)

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Draws samples; sample i depends on the file, the seed and i only.

        Args:
            count: the number of samples, at least 1.
            seed: an integer of at least 0.

        Returns:
            float32 [count, *sample_shape]; images are [count, H, W, C] in `value_range`, usually [-1, 1].

        Raises:
            InputError: `count` or `seed` is invalid, or the samples do not fit into memory.
        """
        count, generator = integer("count", count), noise_generator(seed)
        try:
            samples = np.empty((count, *self.sample_shape), np.float32)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError("count", f"{count} samples do not fit into memory; take fewer") from error
        for start in range(0, count, ROWS):
            samples[start : start + ROWS] = self.generate(self.spec.draw_noise(generator, ROWS))[: count - start]
        return samples

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """Maps given noise to samples in one call of onnxruntime.

        Args:
            noise: [count, latent_size], cast to float32.

        Returns:
            float32 [count, *sample_shape].

        Raises:
            InputError: the noise has another shape, or the file does not run or makes samples of another shape.
        """
        noise = np.asarray(noise, np.float32)
        valid = noise.ndim == 2 and noise.shape[0] > 0 and noise.shape[1] == self.latent_size
        require(valid, "noise", f"must be [count, {self.latent_size}], got {list(noise.shape)}")
        try:
            (samples,) = self._session.run(["samples"], {"noise": noise})
        except Exception as error:  # the exceptions of onnxruntime share no base class
            raise InputError("path", f"{self.path} does not run: {error}") from error
        expected = (len(noise), *self.sample_shape)
        require(samples.shape == expected, "path", f"{self.path} makes {samples.shape}, its metadata say {expected}")
        # The tanh of onnxruntime reaches 1.0000001.
        return samples if self.value_range is None else np.clip(samples, *self.value_range)


def _find(path: str | os.PathLike[str]) -> Path:
    require(isinstance(path, (str, os.PathLike)), "path", f"must be a path, got {path!r}")
    file = Path(path)
    try:
        if file.is_dir():
            file = file / ONNX_FILE
        exists = file.is_file()
    except OSError as error:
        raise InputError("path", f"cannot read it: {error}") from error
    require(exists, "path", f"no file {file}; train and export a generator first")
    return file


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # With an explicit number onnxruntime does not pin threads, which prints errors in some containers.
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
    """Raises `InputError` if a card beside the file lists another SHA-256; a file without a card passes."""
    try:
        expected = json.loads((path.parent / CARD_FILE).read_text(encoding="utf-8"))["files"][path.name]["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return
    require(
        sha256(content).hexdigest() == expected,
        "path",
        f"{path} is not the file that {CARD_FILE} beside it lists: damaged, or changed; export again, or move it away",
    )


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_signature(session: Any, spec: SamplingSpec) -> None:
    """Raises `InputError` unless inputs and outputs have the names, types and shapes that the metadata state."""
    for kind, arguments, name, shape in (
        ("input", session.get_inputs(), "noise", (spec.latent_size,)),
        ("output", session.get_outputs(), "samples", spec.sample_shape),
    ):
        found = [(argument.name, argument.type, tuple(argument.shape[1:])) for argument in arguments]
        expected = [(name, "tensor(float)", shape)]
        require(found == expected, "metadata", f"do not fit the file: its {kind} is {found}, expected {expected}")
