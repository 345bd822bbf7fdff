"""Files of a generator are the same to the byte, in whatever order the converter has put its branches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from egan_tf.export.formats.onnx_names import canonical

REFERENCE = Path(__file__).parents[2] / "saved_models" / "reference"


def shuffled(graph: onnx.GraphProto, seed: int) -> list[onnx.NodeProto]:
    """Another order in which every node stands behind those that it reads, and other names."""
    random, left = np.random.default_rng(seed), list(graph.node)
    made = {name for node in left for name in node.output}
    known: set[str] = set()
    nodes = []
    while left:
        ready = [node for node in left if all(name in known or name not in made for name in node.input)]
        node = ready[random.integers(len(ready))]
        left.remove(node)
        known.update(node.output)
        nodes.append(node)
    kept = {value.name for value in (*graph.input, *graph.output)}

    def other(name: str) -> str:
        return name if name in kept or not name else f"{name} of {seed}"

    del graph.node[:]
    graph.node.extend(nodes)
    for node in graph.node:
        node.name = other(node.name)
        node.input[:] = map(other, node.input)
        node.output[:] = map(other, node.output)
    for value in (*graph.initializer, *graph.value_info):
        value.name = other(value.name)
    return list(graph.node)


@pytest.mark.parametrize("name", ["ring8", "digits", "digits_conditional"])
def test_the_order_of_branches_and_names_change_no_byte(name: str) -> None:
    whole = onnx.load(REFERENCE / name / "generator.onnx")
    canonical(whole.graph)
    expected = whole.SerializeToString(deterministic=True)
    orders = set()
    for seed in range(1, 6):
        model = onnx.ModelProto.FromString(expected)
        orders.add(tuple(node.op_type for node in shuffled(model.graph, seed)))
        canonical(model.graph)
        onnx.checker.check_model(model, full_check=True)
        assert model.SerializeToString(deterministic=True) == expected
    if name == "digits_conditional":
        assert len(orders) > 1, "it has branches"


def test_a_node_of_which_two_read_and_one_that_nobody_reads_are_kept_once() -> None:
    make = onnx.helper.make_node
    nodes = [
        make("Relu", ["x"], ["a"]),
        make("Neg", ["a"], ["b"]),
        make("Add", ["b", "a"], ["y"]),
        make("Abs", ["x"], ["z"]),
    ]
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph(nodes, "g", [value[0]], [value[1]])
    canonical(graph)
    assert [node.op_type for node in graph.node] == ["Relu", "Neg", "Add", "Abs"]


def test_inner_graphs_read_what_was_renamed() -> None:
    make, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    double = onnx.helper.make_graph([make("Add", ["outer", "outer"], ["twice"])], "then", [], [value("twice", 1, [1])])
    same = onnx.helper.make_graph([make("Identity", ["outer"], ["once"])], "else", [], [value("once", 1, [1])])
    nodes = [make("Neg", ["x"], ["outer"]), make("If", ["choice"], ["y"], then_branch=double, else_branch=same)]
    inputs = [value("x", 1, [1]), value("choice", onnx.TensorProto.BOOL, [])]
    graph = onnx.helper.make_graph(nodes[::-1], "g", inputs, [value("y", 1, [1])])
    canonical(graph)
    assert [node.op_type for node in graph.node] == ["Neg", "If"]
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [session.run(None, {"x": np.ones(1, "f4"), "choice": np.array(choice)})[0] for choice in (True, False)]
    assert [float(one[0]) for one in found] == [-2.0, -1.0]


EXPORT = """
import hashlib, sys
import os
import subprocess
import sys
from pathlib import Path
import keras
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator
from egan_tf.networks import build_generator
keras.utils.set_random_seed(0)
generator = build_generator("residual", (16, 16, 3), latent_size=8, width=8, classes=3)
options = {"latent": Latent(8), "value_range": (-1, 1), "class_names": list("abc"), "rows_per_call": 32}
folder = export_generator(generator, Path(sys.argv[1]), formats=["onnx", "images"], **options)
print([hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("generator.onnx", "images.onnx")])
"""


@pytest.mark.slow
def test_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Of a generator with branches that the converter merges: their order follows the hashes of a process."""
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REFERENCE.parents[1])}
        command = [sys.executable, "-c", EXPORT, str(tmp_path / seed)]
        found.add(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)
    assert len(found) == 1
