"""Samples from an exported generator, with numpy and onnxruntime only."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.conditioned import ConditionedSampler
from egan_tf.sampling.integrity import check_against_card, check_sha256
from egan_tf.sampling.labels import label_rows
from egan_tf.sampling.model_file import find_model_file
from egan_tf.sampling.noise import noise_generator
from egan_tf.sampling.onnx_graph import find_problem
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.sampling.truncation import check_truncation, truncate
from egan_tf.utils.checks import InputError, format_value, integer, require
from egan_tf.utils.regular_files import read_regular_file

ROWS = 32
"""Rows of noise in every call of onnxruntime. Sample i is always row i % ROWS of a call of this size: kernels that
onnxruntime chooses by batch size cannot change its last bits."""

MAX_BYTES = 2**31 - 1
"""Protobuf, and with it a single ONNX file, ends here."""

_MAX_THREADS = 4


class Sampler:
    """Samples from an ONNX file exported by egan_tf: `generator.onnx`, or one with smaller weights.

    The file must be the one that a `card.json` beside it lists, if there is one, and must consist of what a generator
    needs; see `egan_tf.sampling.onnx_graph`. Samples that are not finite are refused.

    Attributes:
        path: the ONNX file.
        sha256: of the file, 64 hexadecimal digits in lower case.
        batch_size: `batches` yields at most this many samples at once, rounded up to a multiple of `ROWS`.
        spec: the noise and the samples, from the metadata of the file.
    """

    def __init__(self, path: str | os.PathLike[str], batch_size: int = 64, *, sha256: str | None = None) -> None:
        """Opens the file.

        Args:
            path: the file; or the directory of an export, of whose files `model_file.PREFERENCE` names the first.
            batch_size: the number of samples that `batches` yields at once; it changes no sample.
            sha256: the file must have this SHA-256, 64 hexadecimal digits. A card beside the file is checked as well.

        Raises:
            InputError: the file is missing, damaged, no export of egan_tf, has another SHA-256 than `sha256` or the
                card, or parts that no generator needs; or there is a card that cannot be read or does not list it.
        """
        self.batch_size = integer("batch_size", batch_size)
        expected = None if sha256 is None else check_sha256("sha256", sha256)
        self.path = find_model_file(path)
        model = _read(self.path)
        self.sha256 = hashlib.sha256(model).hexdigest()
        require(expected in (None, self.sha256), "sha256", f"{self.path} has {self.sha256}, not {expected}")
        check_against_card(self.path, self.sha256)
        problem = find_problem(model)
        require(problem is None, "path", f"{self.path} {problem}")
        self._session = _open(self.path, model)
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
    def classes(self) -> int:
        """The number of labels of a class-conditional generator; 0 for none."""
        return self.spec.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name per label; () if they have none."""
        return self.spec.class_names

    @property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest value of a sample, or None if it is unbounded."""
        return self.spec.value_range

    def at(self, labels: Any) -> ConditionedSampler:
        """This sampler with its labels chosen, as in `sample`: for functions that know no labels."""
        return ConditionedSampler(self, labels)

    def noise(self, count: int, seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        """The noise of `sample`, float32 [count, latent_size]; the first rows do not depend on `count`."""
        generator, count, psi = noise_generator(seed), integer("count", count), check_truncation(truncation)
        try:
            return truncate(self.spec.draw_noise(generator, count), psi)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError("count", f"noise of {count} samples does not fit into memory; take fewer") from error

    def batches(self, count: int, seed: int = 0, truncation: float = 1.0, labels: Any = None) -> Iterator[np.ndarray]:
        """Yields the samples of `sample` with the same arguments in order, a batch at a time, to save memory.

        Raises:
            InputError: an argument is invalid, or a sample is not finite.
        """
        count, generator, psi = integer("count", count), noise_generator(seed), check_truncation(truncation)
        rows, start = label_rows(self.spec, labels, count), 0
        while start < count:
            calls = math.ceil(min(self.batch_size, count - start) / ROWS)
            starts = range(start, start + calls * ROWS, ROWS)
            raw = np.concatenate([self._run(self._call_noise(generator, psi), _call_labels(rows, at)) for at in starts])
            yield self._checked(raw[: count - start])
            start += len(raw)

    def sample(self, count: int, seed: int = 0, truncation: float = 1.0, labels: Any = None) -> np.ndarray:
        """Draws samples; sample i depends on the file, the seed, the truncation, its label and i only.

        Args:
            count: the number of samples, at least 1.
            seed: an integer of at least 0.
            truncation: factor of the noise, above 0 and at most 1; see `egan_tf.sampling.truncation`.
            labels: of a class-conditional generator: a number from 0, the name of a class, or one of these for each
                sample.

        Returns:
            float32 [count, *sample_shape]; images are [count, H, W, C] in `value_range`, usually [-1, 1].

        Raises:
            InputError: an argument is invalid, the samples do not fit into memory, or one is not finite.
        """
        count, generator, psi = integer("count", count), noise_generator(seed), check_truncation(truncation)
        rows = label_rows(self.spec, labels, count)
        try:
            samples = np.empty((count, *self.sample_shape), np.float32)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError("count", f"{count} samples do not fit into memory; take fewer") from error
        for start in range(0, count, ROWS):
            raw = self._run(self._call_noise(generator, psi), _call_labels(rows, start))
            samples[start : start + ROWS] = self._checked(raw[: count - start])
        return samples

    def generate(self, noise: np.ndarray, labels: Any = None) -> np.ndarray:
        """Maps given noise to samples in one call of onnxruntime.

        Args:
            noise: finite numbers [count, latent_size], cast to float32.
            labels: as in `sample`.

        Returns:
            float32 [count, *sample_shape].

        Raises:
            InputError: the noise has another shape or type or is not finite; or the file does not run, or makes samples
                that are not finite or of another shape.
        """
        checked = _check_noise(noise, self.latent_size)
        return self._checked(self._run(checked, label_rows(self.spec, labels, len(checked))))

    def _call_noise(self, generator: np.random.Generator, psi: float) -> np.ndarray:
        """The noise of the next call of onnxruntime."""
        return truncate(self.spec.draw_noise(generator, ROWS), psi)

    def _run(self, noise: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        inputs = {"noise": noise} if labels is None else {"noise": noise, "labels": labels}
        try:
            (samples,) = self._session.run(["samples"], inputs)
        except Exception as error:  # the exceptions of onnxruntime share no base class
            raise InputError("path", f"{self.path} does not run: {_message(error)}") from error
        expected = (len(noise), *self.sample_shape)
        require(samples.shape == expected, "path", f"{self.path} makes {samples.shape}, its metadata say {expected}")
        return samples

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        """The samples within their value range, all of them finite."""
        finite = np.isfinite(samples).reshape(len(samples), -1).all(axis=1)
        if not finite.all():
            problem = f"{self.path} makes samples that are not finite: {np.sum(~finite)} of {len(samples)}"
            raise InputError("path", f"{problem}; it is damaged, or its training diverged")
        # Before clipping, which would hide infinity. The tanh of onnxruntime reaches 1.0000001.
        return samples if self.value_range is None else np.clip(samples, *self.value_range)


def _call_labels(rows: np.ndarray | None, start: int) -> np.ndarray | None:
    """The labels of the next call of onnxruntime; rows without a sample get label 0."""
    if rows is None:
        return None
    chosen = rows[start : start + ROWS]
    return np.concatenate([chosen, np.zeros(ROWS - len(chosen), np.int32)])


def _read(path: Path) -> bytes:
    try:
        return read_regular_file(path, MAX_BYTES)
    except OSError as error:
        raise InputError("path", f"cannot read {path}: {error.strerror or error}") from error


def _open(path: Path, model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # With an explicit number onnxruntime does not pin threads, which prints errors in some containers.
    options.intra_op_num_threads = min(_MAX_THREADS, _processors())
    # The graph was checked as ONNX, so it must not be read as onnxruntime's own format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        # The fallback would print several lines and try the same provider again.
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        raise InputError("path", f"onnxruntime cannot open {path}: {_message(error)}") from error


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


def _check_noise(noise: Any, latent_size: int) -> np.ndarray:
    """Returns noise as float32 [count, latent_size]; refuses other shapes, types, and numbers that are not finite."""
    try:
        given = np.asarray(noise)
        numeric = given.dtype != np.bool_ and np.can_cast(given.dtype, np.float32, "same_kind")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError("noise", f"must be an array of numbers: {error}") from error
    require(numeric, "noise", f"must be real numbers, got {given.dtype}")
    valid = given.ndim == 2 and given.shape[0] > 0 and given.shape[1] == latent_size
    require(valid, "noise", f"must be [count, {latent_size}], got {list(given.shape)}")
    with np.errstate(over="ignore"):  # what overflows is not finite, and refused below
        cast = given.astype(np.float32, copy=False)
    invalid = int(np.sum(~np.isfinite(cast)))
    require(invalid == 0, "noise", f"{invalid} of {cast.size} numbers are not finite in float32")
    return np.ascontiguousarray(cast)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_signature(session: Any, spec: SamplingSpec) -> None:
    """Raises `InputError` unless inputs and outputs have the names, types and shapes that the metadata state."""
    labels = [("labels", "tensor(int32)", ())] if spec.classes else []
    for kind, arguments, expected in (
        ("input", session.get_inputs(), [("noise", "tensor(float)", (spec.latent_size,)), *labels]),
        ("output", session.get_outputs(), [("samples", "tensor(float)", spec.sample_shape)]),
    ):
        found = [(argument.name, argument.type, tuple((argument.shape or ())[1:])) for argument in arguments]
        problem = f"do not fit the file: its {kind} is {format_value(found)}, expected {format_value(expected)}"
        require(found == expected, "metadata", problem)
