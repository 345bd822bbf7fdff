"""Reads and opens the ONNX file of a generator."""

from __future__ import annotations

import ctypes
import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, boolean, format_value, integer, one_of, require
from egan_tf.utils.regular_files import read_regular_file

MAX_BYTES = 2**31 - 1
"""Protobuf, and with it a single ONNX file, ends here."""

_MAX_THREADS = 4
_MOST_THREADS = 256
_CPU = "CPUExecutionProvider"


@dataclass(frozen=True)
class Execution:
    """How onnxruntime computes; see docs/determinism.md.

    Threads run a call each, which costs no waiting for each other and changes no bit. With `spinning`, or where another
    provider than the CPU is named, there is one call at a time, and threads share each of its operators.

    Attributes:
        threads: 1 to 256; None for one for each processor that this process may use, at most 4.
        providers: names of onnxruntime's execution providers in order of preference; None for the CPU. What the others
            cannot compute, the CPU does.
        spinning: threads share operators, and those that have nothing to do keep a core busy for a while, to begin
            sooner: a single call is done sooner on a machine that does nothing else.
    """

    threads: int | None = None
    providers: tuple[str, ...] | None = None
    spinning: bool = False

    @property
    def calls_at_once(self) -> int:
        """Calls that threads run side by side."""
        return 1 if self._shares_operators else self._count

    @property
    def threads_of_a_call(self) -> int:
        """Threads that share the operators of one call."""
        return self._count if self._shares_operators else 1

    @property
    def _shares_operators(self) -> bool:
        return self.spinning or self.providers not in (None, (_CPU,))

    @property
    def _count(self) -> int:
        return self.threads or min(_MAX_THREADS, _processors())


DEFAULT_EXECUTION = Execution()

_OPEN: weakref.WeakSet[Any] = weakref.WeakSet()


def _keep_forever() -> None:
    """Keeps the sessions of the parent: to destroy one is to wait for its threads, which a fork does not copy."""
    for session in list(_OPEN):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_keep_forever)


def check_execution(threads: Any, providers: Any, spinning: Any) -> Execution:
    """The arguments of a `Sampler` as an `Execution`.

    Raises:
        InputError: one is invalid, or a provider is not part of the onnxruntime that is installed.
    """
    if threads is not None:
        threads = integer("threads", threads, 1, _MOST_THREADS)
    if providers is not None:
        listed = isinstance(providers, (list, tuple)) and all(isinstance(name, str) for name in providers)
        example = f"must be a list of names, such as ['{_CPU}']"
        require(listed and len(providers) > 0, "providers", f"{example}, got {format_value(providers)}")
        import onnxruntime

        available = onnxruntime.get_available_providers()
        providers = tuple(dict.fromkeys(one_of("providers", name, available) for name in providers))
    return Execution(threads, providers, boolean("spinning", spinning))


def read_model(path: Path) -> bytes:
    """The content of the file; raises `InputError` if it cannot be read."""
    try:
        return read_regular_file(path, MAX_BYTES)
    except OSError as error:
        raise InputError("path", f"cannot read {path}: {error.strerror or error}") from error


def open_session(path: Path, model: bytes, execution: Execution = DEFAULT_EXECUTION) -> Any:
    """A session of onnxruntime; raises `InputError` if it cannot open the file, or lacks a provider's libraries.

    Args:
        path: of the file, for the message.
        model: its content.
        execution: how it computes.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # With an explicit number onnxruntime does not pin threads, which prints errors in some containers.
    options.intra_op_num_threads = execution.threads_of_a_call
    # Threads that spin take the cores of other processes, and of each other where there are fewer cores than threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(execution.spinning)))
    # The graph was checked as ONNX, so it must not be read as onnxruntime's own format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    providers = list(execution.providers or (_CPU,))
    try:
        # The fallback would print several lines and try the same provider again.
        session = onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)
    except Exception as error:
        raise InputError("path", f"onnxruntime cannot open {path}: {error_message(error)}") from error
    _OPEN.add(session)
    # A provider whose libraries are missing is passed over in silence.
    missing = [name for name in providers if name not in session.get_providers()]
    require(not missing, "providers", f"onnxruntime cannot use {', '.join(missing)} here; its libraries are missing")
    return session


def error_message(error: Exception) -> str:
    """What an exception of onnxruntime says."""
    return str(error) or type(error).__name__


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_signature(session: Any, spec: SamplingSpec) -> None:
    """Raises `InputError` unless inputs and outputs have the names, types and shapes that the metadata state."""
    labels = [("labels", "tensor(int32)", ())] if spec.classes else []
    for kind, arguments, expected in (
        ("input", session.get_inputs(), [("noise", "tensor(float)", (spec.latent_size,)), *labels]),
        ("output", session.get_outputs(), [("samples", "tensor(float)", spec.sample_shape)]),
    ):
        found = [(argument.name, argument.type, tuple((argument.shape or ())[1:])) for argument in arguments]
        problem = f"do not fit the file: its {kind} is {format_value(found)}, expected {format_value(expected)}"
        require(found == expected, "metadata", problem)
