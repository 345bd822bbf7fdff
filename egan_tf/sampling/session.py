"""Reads and opens the ONNX file of a generator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.regular_files import read_regular_file

MAX_BYTES = 2**31 - 1
"""Protobuf, and with it a single ONNX file, ends here."""

_MAX_THREADS = 4


def read_model(path: Path) -> bytes:
    """The content of the file; raises `InputError` if it cannot be read."""
    try:
        return read_regular_file(path, MAX_BYTES)
    except OSError as error:
        raise InputError("path", f"cannot read {path}: {error.strerror or error}") from error


def open_session(path: Path, model: bytes) -> Any:
    """A session of onnxruntime on the CPU; raises `InputError` if it cannot open the file.

    Args:
        path: of the file, for the message.
        model: its content.
    """
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
        raise InputError("path", f"onnxruntime cannot open {path}: {error_message(error)}") from error


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
