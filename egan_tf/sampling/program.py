"""The ONNX file of a generator, open in onnxruntime: rows of noise to samples, several calls at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from egan_tf.sampling.calls import rows_of
from egan_tf.sampling.session import Execution, check_signature, error_message, open_session
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.side_by_side import side_by_side

_TASK_NUMBERS = 1 << 16
"""Numbers of noise and samples in a task of a thread, which makes up for the cost of handing it over."""

_TASKS_OF_A_THREAD = 4
"""At least, where there are as many calls: with few tasks one thread would end long before the others."""

_WORTH_SECONDS = 2e-3
"""Threads are started for work that takes longer: to start them takes some tenths of a millisecond."""


class Call(NamedTuple):
    """The inputs of one call of onnxruntime.

    Attributes:
        noise: float32 [rows, latent_size].
        labels: int32 [rows] or None.
        wanted: the rows whose samples are asked for; of the others nothing is checked.
    """

    noise: np.ndarray
    labels: np.ndarray | None
    wanted: slice = slice(None)


class Program:
    """A generator as onnxruntime runs it.

    Attributes:
        spec: the noise and the samples, from the metadata of the file.
        rows_per_call: from the metadata, too.
        threads: that run a call each at once.
        quickest: seconds of the fastest call of `rows_per_call` rows so far.
    """

    def __init__(self, path: Path, model: bytes, execution: Execution) -> None:
        """Opens the file.

        Args:
            path: of the file, for messages.
            model: its content.
            execution: how onnxruntime computes.

        Raises:
            InputError: onnxruntime cannot open it, or its metadata are damaged or do not fit it.
        """
        self._path, self.threads, self.quickest = path, execution.calls_at_once, math.inf
        self._session = open_session(path, model, execution)
        try:
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.spec, self.rows_per_call = SamplingSpec.from_metadata(metadata), rows_of(metadata)
            check_signature(self._session, self.spec)
        except UnicodeDecodeError as error:
            raise InputError("path", f"{path} is damaged: {error}") from error

    def run(self, call: Call) -> np.ndarray:
        """The wanted samples of one call, float32 [rows, *sample_shape], within their value range.

        Raises:
            InputError: the file does not run, or makes samples that are not finite or of another shape.
        """
        inputs = {"noise": call.noise} if call.labels is None else {"noise": call.noise, "labels": call.labels}
        began = time.perf_counter()
        try:
            (samples,) = self._session.run(["samples"], inputs)
        except Exception as error:  # the exceptions of onnxruntime share no base class
            raise InputError("path", f"{self._path} does not run: {error_message(error)}") from error
        expected = (len(call.noise), *self.spec.sample_shape)
        require(samples.shape == expected, "path", f"{self._path} makes {samples.shape}, its metadata say {expected}")
        if len(samples) == self.rows_per_call:
            self.quickest = min(self.quickest, time.perf_counter() - began)
        return self._checked(samples[call.wanted])

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        if not np.isfinite(samples).all():
            finite = np.isfinite(samples).reshape(len(samples), -1).all(axis=1)
            problem = f"{self._path} makes samples that are not finite: {np.sum(~finite)} of {len(samples)}"
            raise InputError("path", f"{problem}; it is damaged, or its training diverged")
        # Before clipping, which would hide infinity. The tanh of onnxruntime reaches 1.0000001.
        value_range = self.spec.value_range
        return samples if value_range is None else np.clip(samples, *value_range, out=samples)


def run_all(opened: Callable[[], Program], calls: Iterable[Call], count: int) -> Generator[np.ndarray]:
    """Yields the samples of each call, in their order, as `Program.run` makes them.

    Args:
        opened: the program of the process that it is called in; a fork may come between two samples.
        calls: they are read as many ahead as run at once, and a task more.
        count: how many there are.

    Raises:
        InputError: as `Program.run` does, after the samples before.
    """
    program = opened()
    threads = min(program.threads, count)
    if threads == 1 or program.quickest * count < _WORTH_SECONDS:
        return (opened().run(call) for call in calls)
    numbers = program.rows_per_call * (program.spec.latent_size + int(np.prod(program.spec.sample_shape)))
    block = min(_TASK_NUMBERS // numbers, count // (_TASKS_OF_A_THREAD * threads))
    return side_by_side(lambda call: opened().run(call), calls, threads, max(1, block))
