"""Samples from an exported generator, with numpy and onnxruntime only."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.calls import call_noise
from egan_tf.sampling.conditioned import ConditionedSampler
from egan_tf.sampling.given_noise import check_given_noise
from egan_tf.sampling.integrity import check_against_card, check_sha256
from egan_tf.sampling.label_sequence import LabelSequence
from egan_tf.sampling.labels import label_rows, label_sequence
from egan_tf.sampling.model_file import find_model_file
from egan_tf.sampling.noise import check_seed, check_start
from egan_tf.sampling.onnx_graph import find_problem
from egan_tf.sampling.pictures import to_pixels
from egan_tf.sampling.program import Call, Program, run_all
from egan_tf.sampling.session import Execution, check_execution, read_model
from egan_tf.sampling.truncation import check_truncation, truncate
from egan_tf.utils.checks import InputError, integer, one_of, require

DTYPES = ("float32", "uint8")
"""Types of samples. uint8 is of images only: their value range in 256 levels."""


class Sampler:
    """Samples from an ONNX file exported by egan_tf: `generator.onnx`, or one with smaller weights.

    The file must be the one that a `card.json` beside it lists, if there is one, and must consist of what a generator
    needs; see `egan_tf.sampling.onnx_graph`. Samples that are not finite are refused.

    It pickles by its path, so that other processes (`multiprocessing`, a `DataLoader`) open the file for themselves and
    compare it with `sha256` again; a process that was forked does so at its first sample.

    Attributes:
        path: the ONNX file.
        place: where it was found: "the given path", "saved_models", or "installed with egan_tf".
        sha256: of the file, 64 hexadecimal digits in lower case.
        batch_size: `batches` yields at most this many samples at once, rounded up to a multiple of `rows_per_call`.
        rows_per_call: rows of noise that onnxruntime gets at once, from the metadata of the file: an export measures
            which number is fast, and fixes it, so that sample i is the same whatever the count; see
            `egan_tf.sampling.calls`. Fewer samples cost as much.
        spec: the noise and the samples, from the metadata of the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        batch_size: int = 64,
        *,
        sha256: str | None = None,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        spinning: bool = False,
    ) -> None:
        """Opens the file.

        Args:
            path: the file; or the directory of an export, of whose files `model_file.PREFERENCE` names the first; or a
                name such as "digits": of a file or folder here, otherwise of one in `./saved_models` or
                `./saved_models/reference`, otherwise of a model that is installed with the package.
            batch_size: the number of samples that `batches` yields at once; it changes no sample.
            sha256: the file must have this SHA-256, 64 hexadecimal digits. A card beside the file is checked as well.
            threads: calls of onnxruntime that run at once, each in one thread; None for one for each processor that
                this process may use, at most 4. They change no bit. Each takes memory for its rows, and about as many
                samples wait until those before them are done. With `spinning`, or providers other than the CPU, there
                is one call at a time, whose operators the threads share, which may change last bits.
            providers: execution providers of onnxruntime in order of preference; None for the CPU.
            spinning: threads share operators, and keep their cores busy between them: a few samples of a large
                generator are done sooner, on a machine that does nothing else.

        Raises:
            InputError: the file is missing, damaged, no export of egan_tf, has another SHA-256 than `sha256` or the
                card, or parts that no generator needs; there is a card that cannot be read or does not list it; or
                another argument is invalid, such as a provider that is not there.
        """
        self.batch_size = integer("batch_size", batch_size)
        expected = None if sha256 is None else check_sha256("sha256", sha256)
        self._execution = check_execution(threads, providers, spinning)
        self.path, self.place = find_model_file(path)
        # For processes that begin elsewhere.
        self._location = self.path.absolute()
        model = read_model(self.path)
        self.sha256 = hashlib.sha256(model).hexdigest()
        require(expected in (None, self.sha256), "sha256", f"{self.path} has {self.sha256}, not {expected}")
        check_against_card(self.path, self.sha256)
        problem = find_problem(model)
        require(problem is None, "path", f"{self.path} {problem}")
        self._program, self._process = Program(self.path, model, self._execution), os.getpid()
        self.spec, self.rows_per_call = self._program.spec, self._program.rows_per_call

    def __reduce__(self) -> tuple[Any, ...]:
        """The path, and what the file must be; not the session."""
        return _reopen, (type(self), self._location, self.batch_size, self.sha256, self._execution, self.place)

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
        """This sampler with its labels chosen, as in `sample` (an iterator is read now), for what knows no labels."""
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
        self,
        count: int,
        seed: int = 0,
        start: int = 0,
        *,
        truncation: float = 1.0,
        labels: Any = None,
        dtype: str = "float32",
    ) -> Iterator[np.ndarray]:
        """Yields the samples of `sample` with the same arguments in order, a batch at a time, to save memory.

        Raises:
            InputError: an argument is invalid, or a sample is not finite.
        """
        calls = self._calls(integer("count", count), seed, start, truncation, labels, dtype)
        size = min(-(-self.batch_size // self.rows_per_call), sys.maxsize)
        with contextlib.closing(calls):
            while batch := list(itertools.islice(calls, size)):
                yield np.concatenate(batch)

    def sample(
        self,
        count: int,
        seed: int = 0,
        start: int = 0,
        *,
        truncation: float = 1.0,
        labels: Any = None,
        dtype: str = "float32",
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
            dtype: "float32"; or "uint8" for images, each number rounded to the nearest of 256 levels of `value_range`,
                halves to even, as `egan_tf.sampling.pictures.to_pixels` and the files of an export do.

        Returns:
            dtype [count, *sample_shape]; images are [count, H, W, C], float32 in `value_range`, usually [-1, 1].

        Raises:
            InputError: an argument is invalid, the samples do not fit into memory, or one is not finite.
        """
        calls = self._calls(integer("count", count), seed, start, truncation, labels, dtype)
        return self._collected(calls, "count", count, dtype)

    def generate(self, noise: np.ndarray, labels: Any = None, *, rows_per_call: int | None = None) -> np.ndarray:
        """Maps given noise to samples.

        Args:
            noise: finite numbers [count, latent_size], cast to float32.
            labels: as in `sample`.
            rows_per_call: of noise, that onnxruntime gets at once, and what is left in the last call; None for those
                of the file, whose whole calls then give the bits of `sample`.

        Returns:
            float32 [count, *sample_shape].

        Raises:
            InputError: the noise has another shape or type or is not finite; the samples do not fit into memory; or the
                file does not run, or makes samples that are not finite or of another shape.
        """
        given = check_given_noise(noise, self.latent_size)
        size = self.rows_per_call if rows_per_call is None else integer("rows_per_call", rows_per_call)
        chosen = label_rows(self.spec, labels, len(given))
        parts = [slice(first, first + size) for first in range(0, len(given), size)]
        calls = (Call(given[part], None if chosen is None else chosen[part]) for part in parts)
        return self._collected(run_all(self._opened, calls, len(parts)), "noise", len(given), DTYPES[0])

    def _collected(self, calls: Generator[np.ndarray], field: str, count: int, dtype: str) -> np.ndarray:
        """The samples of all calls, dtype [count, *sample_shape]."""
        with contextlib.closing(calls):
            try:
                samples = np.empty((count, *self.sample_shape), dtype)
            except (MemoryError, ValueError, OverflowError) as error:
                raise InputError(field, f"{count} samples do not fit into memory; take fewer") from error
            done = 0
            for drawn in calls:
                samples[done : done + len(drawn)] = drawn
                done += len(drawn)
        return samples

    def _calls(
        self, count: int, seed: Any, start: Any, truncation: Any, labels: Any, dtype: Any
    ) -> Generator[np.ndarray]:
        """Checks the arguments of `sample`, and yields its samples a call of onnxruntime at a time."""
        seed, start, psi = check_seed(seed), check_start(start, count), check_truncation(truncation)
        dtype = one_of("dtype", dtype, DTYPES)
        images = dtype == DTYPES[0] or self.spec.is_image
        require(images, "dtype", f"{dtype} is of images, not of samples of shape {self.sample_shape}")
        samples = self._samples(count, seed, start, psi, label_sequence(self.spec, labels, count))
        return samples if dtype == DTYPES[0] else self._pixels(samples)

    def _pixels(self, calls: Generator[np.ndarray]) -> Generator[np.ndarray]:
        with contextlib.closing(calls):
            for drawn in calls:
                yield to_pixels(drawn, self.spec)

    def _samples(
        self, count: int, seed: int, start: int, psi: float, labels: LabelSequence | None
    ) -> Generator[np.ndarray]:
        size = self.rows_per_call
        # Calls begin at multiples of it, so that sample i is always in the same row.
        before = start % size
        end = before + count
        calls = -(-end // size)
        noise = call_noise(self.spec, size, seed, start - before, calls)

        def call(first: int, drawn: np.ndarray) -> Call:
            rows = None if labels is None else labels.rows(first - before, size)
            return Call(truncate(drawn, psi), rows, slice(max(before - first, 0), end - first))

        yield from run_all(self._opened, map(call, range(0, end, size), noise), calls)

    def _opened(self) -> Program:
        if self._process != os.getpid():
            # The process was forked, and has none of the threads that onnxruntime may have.
            again = _reopen(type(self), self._location, self.batch_size, self.sha256, self._execution, self.place)
            self._program, self._process = again._program, again._process
        return self._program


def _reopen(kind: type[Sampler], path: Path, batch_size: int, sha256: str, execution: Execution, place: str) -> Sampler:
    """The sampler of the same file in another process.

    Raises:
        InputError: the file is no longer there, or no longer the same.
    """
    sampler = kind(path, batch_size, sha256=sha256, **dataclasses.asdict(execution))
    sampler.place = place
    return sampler


AnySampler = Sampler | ConditionedSampler
"""A sampler, or one with its labels fixed, which has the same methods."""
