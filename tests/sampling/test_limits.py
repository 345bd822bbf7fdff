"""Little memory, and Ctrl-C at any moment: one line, a status that says which, and no file left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from egan_tf.sampling import SamplingSpec
from tests.sampling.onnx_files import IMAGE, build, make_model, put

ROOT = Path(__file__).parents[2]
LINE = [sys.executable, "-m", "egan_tf.sampling"]
MIB = 1 << 20


def start(folder: Path, *arguments: str, memory: int | None = None) -> subprocess.Popen[str]:
    def prepare() -> None:
        # Tests that run in the background inherit an ignored SIGINT.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("OPENBLAS_NUM_THREADS", None)
    return subprocess.Popen(
        [*LINE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
        preexec_fn=prepare,
    )


def greedy(spec: SamplingSpec) -> bytes:
    """A model that makes 40 GB of zeros on its way."""
    model = make_model(spec)
    model.graph.initializer.append(numpy_helper.from_array(np.array([10**10]), "many"))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["many"], ["zeros"]))
    model.graph.node.insert(1, helper.make_node("ReduceSum", ["zeros"], ["zero"], keepdims=0))
    model.graph.node.insert(2, helper.make_node("Add", ["noise", "zero"], ["noisy"]))
    model.graph.node[3].input[0] = "noisy"
    helper.set_model_props(model, spec.to_metadata())
    onnx.checker.check_model(model)
    return model.SerializeToString()


def large(spec: SamplingSpec) -> bytes:
    """A model of 400 MB."""
    model = make_model(spec)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(100 * MIB, np.float32), "unused"))
    helper.set_model_props(model, spec.to_metadata())
    return model.SerializeToString()


LIMITS = {
    "numpy does not fit": (40, build, "x.png", "10", "install"),
    "the array does not fit": (600, build, "x.npy", "10000000", "count"),
    "the model does not fit": (600, large, "x", "10", "path"),
    "an array of the computation does not fit": (600, greedy, "x.npy", "10", "path"),
    "a picture of the computation does not fit": (600, greedy, "x.png", "10", "path"),
    "a folder of the computation does not fit": (600, greedy, "x", "10", "path"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_too_little_memory_is_one_line(name: str, tmp_path: Path) -> None:
    memory, make, out, count, field = LIMITS[name]
    put(tmp_path, make(IMAGE))
    process = start(tmp_path, "generator.onnx", "--out", out, "--count", count, memory=memory * MIB)
    printed, said = process.communicate(timeout=60)
    assert (process.returncode, printed, said.count("\n")) == (2, "", 1), said
    assert said.startswith(f"python -m egan_tf.sampling: error: {field}: ")
    assert os.listdir(tmp_path) == ["generator.onnx"]


MOMENTS = {
    "numpy loads": ("_multiarray_umath", 0.0),
    "onnxruntime loads": ("onnxruntime_pybind11_state", 0.0),
    "onnxruntime opens the file": ("onnxruntime_pybind11_state", 0.1),
    "sampling begins": ("onnxruntime_pybind11_state", 0.3),
    "sampling": ("onnxruntime_pybind11_state", 1.0),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("out", ["x.npy", "x"])
def test_an_interrupt_is_one_line(moment: str, out: str, tmp_path: Path) -> None:
    library, seconds = MOMENTS[moment]
    put(tmp_path, build(IMAGE))
    process = start(tmp_path, "generator.onnx", "--out", out, "--count", "5000000")
    maps = Path(f"/proc/{process.pid}/maps")
    deadline = time.monotonic() + 60
    while library not in maps.read_text() and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    try:
        printed, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, printed, said) == (130, "", "python -m egan_tf.sampling: interrupted\n")
    assert os.listdir(tmp_path) == ["generator.onnx"]
