"""The reader of ONNX graphs, against the `onnx` package and against bytes that are no ONNX."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, defs, helper, numpy_helper

from egan_tf.sampling import Sampler
from egan_tf.sampling.onnx_graph import MAX_FIELDS, find_problem
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, make_model, put

SCHEMAS = [schema for schema in defs.get_all_schemas_with_history() if schema.domain == ""]
GRAPH_TYPES = (defs.OpSchema.AttrType.GRAPH, defs.OpSchema.AttrType.GRAPHS)
OPERATORS = sorted({schema.name for schema in SCHEMAS})


def is_unwanted(schema: defs.OpSchema) -> bool:
    """By what the `onnx` package says: graphs inside, sequences or optional values only, or random numbers."""
    parameters = [*schema.inputs, *schema.outputs]
    odd = any(p.types and all(t.startswith(("seq(", "optional(")) for t in p.types) for p in parameters)
    inner = any(attribute.type in GRAPH_TYPES for attribute in schema.attributes.values())
    random = schema.node_determinism == defs.OpSchema.NodeDeterminism.NonDeterministic
    return odd or inner or random


UNWANTED = {schema.name for schema in SCHEMAS if is_unwanted(schema)}
# Dropout is random in training mode only; AffineGrid is marked because its definition contains an If.
UNWANTED -= {"Dropout", "AffineGrid"}


def changed(change: Callable[[ModelProto], None]) -> bytes:
    model = make_model(IMAGE)
    helper.set_model_props(model, IMAGE.to_metadata())
    change(model)
    return model.SerializeToString()


def with_node(*arguments: object, **options: object) -> bytes:
    return changed(lambda model: model.graph.node.append(helper.make_node(*arguments, **options)))


def refused(content: bytes, folder: Path) -> str:
    """The refusal, which `Sampler` gives too, in one line."""
    problem = find_problem(content)
    assert problem is not None
    with pytest.raises(InputError) as caught:
        Sampler(put(folder, content))
    assert caught.value.field == "path" and problem in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    return problem


def test_a_model_without_them_passes(tmp_path: Path) -> None:
    content = changed(lambda model: None)
    assert find_problem(content) is None
    assert Sampler(put(tmp_path, content)).sample(2).shape == (2, 8, 8, 1)


def test_the_unwanted_operators_are_those_that_onnx_describes_so() -> None:
    assert {"If", "Loop", "Scan", "RandomNormal", "SequenceAt", "Optional", "Bernoulli"} < UNWANTED
    assert len(UNWANTED) > 20 and len(OPERATORS) > 180


@pytest.mark.parametrize("operator", OPERATORS)
def test_exactly_the_unwanted_operators_are_refused(operator: str, tmp_path: Path) -> None:
    for domain in ("", "ai.onnx"):
        content = with_node(operator, ["a"], ["b"], domain=domain)
        if operator in UNWANTED:
            assert repr(operator) in refused(content, tmp_path)
        else:
            assert find_problem(content) is None


def tensor(external: bool = False, entry: bool = False) -> TensorProto:
    made = numpy_helper.from_array(np.ones(2, np.float32), "more")
    if external:
        made.data_location = TensorProto.EXTERNAL
    if entry:
        made.external_data.add(key="location", value="/etc/passwd")
    return made


def function(model: ModelProto) -> None:
    node = helper.make_node("Relu", ["a"], ["b"])
    model.functions.append(helper.make_function("own", "Own", ["a"], ["b"], [node], [helper.make_opsetid("", 18)]))


def attribute(**options: object) -> bytes:
    """A model whose first node has one more attribute."""
    return changed(lambda model: model.graph.node[0].attribute.append(AttributeProto(name="more", **options)))


GRAPH = helper.make_graph([], "inner", [], [])
SPARSE = onnx.SparseTensorProto(values=tensor(external=True), indices=tensor())
SPARSE_INDICES = onnx.SparseTensorProto(values=tensor(), indices=tensor(external=True))
REFUSED = {
    "Loop": (with_node("Loop", ["a"], ["b"], body=GRAPH), "'Loop'"),
    "If of another domain": (with_node("If", ["a"], ["b"], domain="own"), "'If'"),
    "contrib domain": (with_node("Gelu", ["a"], ["b"], domain="com.microsoft"), "'com.microsoft'"),
    "own domain": (with_node("Relu", ["a"], ["b"], domain="own"), "'own'"),
    "machine learning domain": (with_node("Scaler", ["a"], ["b"], domain="ai.onnx.ml"), "'ai.onnx.ml'"),
    "training domain": (with_node("Adam", ["a"], ["b"], domain="ai.onnx.preview.training"), "training"),
    "domain in capitals": (with_node("Relu", ["a"], ["b"], domain="AI.ONNX"), "'AI.ONNX'"),
    "future random operator": (with_node("RandomCauchy", ["a"], ["b"]), "'RandomCauchy'"),
    "future sequence operator": (with_node("SequenceSort", ["a"], ["b"]), "'SequenceSort'"),
    "Dropout in training mode": (with_node("Dropout", ["a", "", "mode"], ["b"]), "training mode"),
    "function": (changed(function), "functions"),
    "graph in an attribute": (attribute(g=GRAPH), "graph inside"),
    "graphs in an attribute": (attribute(graphs=[GRAPH]), "graph inside"),
    "external weights": (changed(lambda model: model.graph.initializer.append(tensor(True, True))), "another file"),
    "external without a place": (changed(lambda model: model.graph.initializer.append(tensor(True))), "another file"),
    "a place without external": (changed(lambda m: m.graph.initializer.append(tensor(entry=True))), "another file"),
    "external constant": (attribute(t=tensor(True, True)), "another file"),
    "external constants": (attribute(tensors=[tensor(), tensor(True)]), "another file"),
    "external sparse weights": (changed(lambda m: m.graph.sparse_initializer.append(SPARSE)), "another file"),
    "external sparse indices": (changed(lambda m: m.graph.sparse_initializer.append(SPARSE_INDICES)), "another file"),
    "external sparse constant": (attribute(sparse_tensor=SPARSE), "another file"),
    "external sparse constants": (attribute(sparse_tensors=[SPARSE]), "another file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_generator_needs_is_refused(name: str, tmp_path: Path) -> None:
    content, said = REFUSED[name]
    assert said in refused(content, tmp_path)


PASSED = {
    "Dropout": with_node("Dropout", ["a"], ["b"]),
    "Dropout with a ratio": with_node("Dropout", ["a", "ratio"], ["b"]),
    "Dropout with an absent mode": with_node("Dropout", ["a", "ratio", ""], ["b"]),
    "a declared domain without operators": changed(
        lambda m: m.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2))
    ),
    "recurrent": with_node("LSTM", ["a", "w", "r"], ["b"], hidden_size=3),
    "attributes of all kinds": with_node("New", [], [], f=1.0, i=1, s="s", t=tensor(), floats=[1.0], ints=[1, 2]),
    "more weights": changed(lambda model: model.graph.initializer.append(tensor())),
    "names like operators": changed(lambda model: setattr(model.graph.node[0], "name", "Loop")),
}


@pytest.mark.parametrize("name", PASSED)
def test_what_is_harmless_passes(name: str) -> None:
    assert find_problem(PASSED[name]) is None


def field(number: int, content: bytes) -> bytes:
    """A protobuf field with a length."""
    assert number < 16 and len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def node(content: bytes) -> bytes:
    return field(7, field(1, content))


AMBIGUOUS = {
    "first of two operators": node(field(4, b"Loop") + field(4, b"Relu")),
    "last of two operators": node(field(4, b"Relu") + field(4, b"Loop")),
    "first of two domains": node(field(7, b"own") + field(7, b"")),
    "operator before its graph": field(7, b"") + node(field(4, b"Scan")) + field(7, b""),
    "location after 32 bits": field(7, field(5, b"\x70\x81\x80\x80\x80\x10")),
    "location of another type": field(7, field(5, field(14, b"\x01"))),
    "first of two locations": field(7, field(5, b"\x70\x01\x70\x00")),
    "long length": b"\x3a\x88\x80\x00" + field(1, field(4, b"Loop")),
}
MALFORMED = {
    "field 0": b"\x02\x00",
    "a tag after 32 bits": b"\xba\x80\x80\x80\x10\x00",
    "group": b"\x3b\x3c",
    "unknown wire type": b"\x3f",
    "endless integer": b"\x08" + b"\xff" * 11,
    "length after the end": b"\x3a\x05\x00",
    "huge length": b"\x3a" + b"\xff" * 9 + b"\x01",
    "cut tag": b"\xba",
    "cut integer": b"\x08\x80",
    "cut float": b"\x0d\x00\x00",
    "cut double": b"\x09\x00",
    "inner length after the end of the outer": field(7, b"\x0a\x05\x00"),
    "more fields than any model": b"\x08\x00" * (MAX_FIELDS + 1),
    "more fields than any node": b"\x3a\x84\x89\x7a\x0a\x80\x89\x7a" + b"\x08\x00" * MAX_FIELDS,
    "zeros": bytes(10_000),
    "text": b"not a network\n",
    "format of onnxruntime": b"\x1c\x00\x00\x00ORTM" + bytes(100),
}


@pytest.mark.parametrize("name", [*AMBIGUOUS, *MALFORMED])
def test_what_readers_could_understand_differently_is_refused(name: str, tmp_path: Path) -> None:
    start = time.monotonic()
    problem = refused({**AMBIGUOUS, **MALFORMED}[name], tmp_path)
    assert time.monotonic() - start < 10
    assert ("is damaged" in problem) == (name in MALFORMED), problem


NAMES = st.sampled_from([*OPERATORS, "Own", ""])
NODES = st.builds(
    lambda operator, domain, location, inner: helper_node(operator, domain, location, inner),
    NAMES,
    st.sampled_from(["", "", "", "ai.onnx", "own"]),
    st.booleans(),
    st.booleans(),
)


def helper_node(operator: str, domain: str, external: bool, inner: bool) -> NodeProto:
    made = NodeProto(op_type=operator, domain=domain, input=["a", "b"])
    made.attribute.append(AttributeProto(name="t", t=tensor(external)))
    if inner:
        made.attribute.append(AttributeProto(name="g", g=GRAPH))
    return made


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(NODES, max_size=3), st.lists(st.booleans(), max_size=3), st.booleans())
def test_it_says_what_onnx_says(nodes: list[NodeProto], weights: list[bool], functions: bool) -> None:
    """The same verdict as that of a walk over the parsed model."""
    model = ModelProto(ir_version=8)
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(tensor(external) for external in weights)
    if functions:
        function(model)
    parsed = onnx.load_from_string(model.SerializeToString())
    unwanted = bool(parsed.functions) or any(found.data_location for found in parsed.graph.initializer)
    for found in parsed.graph.node:
        unwanted |= found.op_type in UNWANTED or found.domain not in ("", "ai.onnx")
        unwanted |= any(item.HasField("g") or item.t.data_location for item in found.attribute)
    assert (find_problem(model.SerializeToString()) is not None) == unwanted


@settings(deadline=10_000, derandomize=True, max_examples=500)
@given(st.binary(max_size=300))
def test_random_bytes_pass_or_are_refused(content: bytes) -> None:
    for given_bytes in (content, field(7, content[:100]), node(content[:100])):
        problem = find_problem(given_bytes)
        assert problem is None or (len(problem.splitlines()) == 1 and len(problem) < 300)
        if problem is None and (model := parsed_or_none(given_bytes)) is not None:
            assert not any(found.op_type in UNWANTED for found in model.graph.node)


def parsed_or_none(content: bytes) -> ModelProto | None:
    try:
        return onnx.load_from_string(content)
    except Exception:  # whatever protobuf raises
        return None


@pytest.mark.parametrize("seed", range(5))
def test_damaged_models_never_hide_what_is_refused(seed: int) -> None:
    """If protobuf reads a damaged file, and finds an unwanted operator or external weights, it is refused."""
    random = np.random.default_rng(seed)
    content = bytearray(with_node("Loop", ["a"], ["b"], body=GRAPH))
    hidden = 0
    for _ in range(300):
        spoiled = bytearray(content)
        for place in random.integers(len(content), size=3):
            spoiled[place] = random.integers(256)
        model = parsed_or_none(bytes(spoiled))
        if model is not None and any(found.op_type == "Loop" for found in model.graph.node):
            hidden += 1
            assert find_problem(bytes(spoiled)) is not None
    assert hidden > 50


def test_large_weights_are_not_copied() -> None:
    big = numpy_helper.from_array(np.zeros(50_000_000, np.float32), "big")
    content = changed(lambda model: model.graph.initializer.append(big))
    tracemalloc.start()
    try:
        assert find_problem(content) is None
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
