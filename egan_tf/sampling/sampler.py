"""Samples from an exported generator, with numpy and onnxruntime only."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from egan_tf.sampling.conditioned import ConditionedSampler
from egan_tf.sampling.integrity import check_against_card, check_sha256
from egan_tf.sampling.labels import label_rows
from egan_tf.sampling.model_file import find_model_file
from egan_tf.sampling.noise import check_seed, check_start
from egan_tf.sampling.onnx_graph import find_problem
from egan_tf.sampling.session import check_signature, error_message, open_session, read_model
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.sampling.truncation import check_truncation, truncate
from egan_tf.utils.checks import InputError, integer, require

ROWS = 32
"""Rows of noise in every call of onnxruntime. Sample i is always row i % ROWS of a call of this size: kernels that
onnxruntime chooses by batch size cannot change its last bits."""

_NOISE_NUMBERS = 1 << 17
"""Numbers of noise drawn at once, more than a call of onnxruntime takes: numpy is slow in small pieces."""


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
        model = read_model(self.path)
        self.sha256 = hashlib.sha256(model).hexdigest()
        require(expected in (None, self.sha256), "sha256", f"{self.path} has {self.sha256}, not {expected}")
        check_against_card(self.path, self.sha256)
        problem = find_problem(model)
        require(problem is None, "path", f"{self.path} {problem}")
        self._session = open_session(self.path, model)
        try:
            self.spec = SamplingSpec.from_metadata(self._session.get_modelmeta().custom_metadata_map)
            check_signature(self._session, self.spec)
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

    def noise(self, count: int, seed: int = 0, start: int = 0, *, truncation: float = 1.0) -> np.ndarray:
        """The noise of `sample`, float32 [count, latent_size]; row i is the noise of sample `start + i`."""
        count, psi = integer("count", count), check_truncation(truncation)
        seed, start = check_seed(seed), check_start(start, count)
        try:
            return truncate(self.spec.rows(seed, start).draw(count), psi)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError("count", f"noise of {count} samples does not fit into memory; take fewer") from error

    def batches(
        self, count: int, seed: int = 0, start: int = 0, *, truncation: float = 1.0, labels: Any = None
    ) -> Iterator[np.ndarray]:
        """Yields the samples of `sample` with the same arguments in order, a batch at a time, to save memory.

        Raises:
            InputError: an argument is invalid, or a sample is not finite.
        """
        calls = self._calls(integer("count", count), seed, start, truncation, labels)
        while batch := list(itertools.islice(calls, math.ceil(self.batch_size / ROWS))):
            yield np.concatenate(batch)

    def sample(
        self, count: int, seed: int = 0, start: int = 0, *, truncation: float = 1.0, labels: Any = None
    ) -> np.ndarray:
        """Draws samples `start` to `start + count - 1` of a seed.

        Sample i depends on the file, the seed, the truncation, its label and i only, and costs the same for every i
        (but for files of earlier versions, whose noise has to be drawn from its beginning).

        Args:
            count: the number of samples, at least 1.
            seed: an integer of at least 0.
            start: number of the first sample, at least 0.
            truncation: factor of the noise, above 0 and at most 1; see `egan_tf.sampling.truncation`.
            labels: of a class-conditional generator: a number from 0, the name of a class, or one of these for each
                sample.

        Returns:
            float32 [count, *sample_shape]; images are [count, H, W, C] in `value_range`, usually [-1, 1].

        Raises:
            InputError: an argument is invalid, the samples do not fit into memory, or one is not finite.
        """
        calls = self._calls(integer("count", count), seed, start, truncation, labels)
        try:
            samples = np.empty((count, *self.sample_shape), np.float32)
        except (MemoryError, ValueError, OverflowError) as error:
            raise InputError("count", f"{count} samples do not fit into memory; take fewer") from error
        done = 0
        for drawn in calls:
            samples[done : done + len(drawn)] = drawn
            done += len(drawn)
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

    def _calls(self, count: int, seed: Any, start: Any, truncation: Any, labels: Any) -> Iterator[np.ndarray]:
        """Checks the arguments of `sample`, and yields its samples a call of onnxruntime at a time."""
        seed, start, psi = check_seed(seed), check_start(start, count), check_truncation(truncation)
        # Calls begin at multiples of ROWS, so that sample i is always in the same row.
        before = start % ROWS
        return self._samples(count, before, seed, start, psi, label_rows(self.spec, labels, count))

    def _samples(
        self, count: int, before: int, seed: int, start: int, psi: float, labels: np.ndarray | None
    ) -> Iterator[np.ndarray]:
        end = before + count
        noise = self._call_noise(seed, start - before, math.ceil(end / ROWS))
        for first in range(0, end, ROWS):
            wanted = slice(max(before - first, 0), end - first)
            rows = None if labels is None else _call_labels(labels, first - before)
            yield self._checked(self._run(truncate(next(noise), psi), rows)[wanted])

    def _call_noise(self, seed: int, start: int, calls: int) -> Iterator[np.ndarray]:
        """Yields the noise of each call of onnxruntime, float32 [ROWS, latent_size]."""
        rows, most = self.spec.rows(seed, start), max(1, _NOISE_NUMBERS // (ROWS * self.latent_size))
        for first in range(0, calls, most):
            drawn = rows.draw(ROWS * min(most, calls - first))
            yield from (drawn[top : top + ROWS] for top in range(0, len(drawn), ROWS))

    def _run(self, noise: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        inputs = {"noise": noise} if labels is None else {"noise": noise, "labels": labels}
        try:
            (samples,) = self._session.run(["samples"], inputs)
        except Exception as error:  # the exceptions of onnxruntime share no base class
            raise InputError("path", f"{self.path} does not run: {error_message(error)}") from error
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


def _call_labels(labels: np.ndarray, first: int) -> np.ndarray:
    """The labels of samples `first` to `first + ROWS - 1`, int32 [ROWS]; rows without a sample get label 0."""
    rows = np.zeros(ROWS, np.int32)
    chosen = labels[max(first, 0) : first + ROWS]
    at = max(-first, 0)
    rows[at : at + len(chosen)] = chosen
    return rows


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
