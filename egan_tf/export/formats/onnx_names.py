"""An order and names of an ONNX graph that follow from what it computes, so that a model always gives the same bytes.

tf2onnx puts branches of a graph in an order that changes from process to process, its numbered names go on through a
process, and of nodes that compute the same it keeps any one, with its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any


def canonical(graph: Any) -> None:
    """Orders the nodes of an `onnx.GraphProto`, and names them, what they make, and constants by their places.

    Inputs and outputs keep their names.
    """
    _order(graph)
    _rename(graph, {value.name: value.name for value in (*graph.input, *graph.output)}, itertools.count())


def _order(graph: Any) -> None:
    """Puts every node behind those that it reads, which come in the order in which it reads them."""
    nodes = list(graph.node)
    maker = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    outputs = [maker[output.name] for output in graph.output if output.name in maker]
    placed: dict[int, None] = {}
    opened: set[int] = set()
    # A node is opened, then what it reads is placed, then it is: without recursion, as graphs are deep.
    waiting = [*reversed(range(len(nodes))), *reversed(outputs)]
    while waiting:
        place = waiting[-1]
        if place in opened:
            placed.setdefault(waiting.pop())
            continue
        opened.add(place)
        made = [maker[name] for name in _reads(nodes[place]) if name in maker]
        waiting += [other for other in reversed(made) if other not in opened]
    del graph.node[:]
    graph.node.extend(nodes[place] for place in placed)


def _reads(node: Any) -> Iterator[str]:
    """The names that a node reads, those of its inner graphs included."""
    yield from node.input
    for graph in _inner_graphs(node):
        for inner in graph.node:
            yield from _reads(inner)


def _inner_graphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        # A field that is not set would be set by what is assigned in it.
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _rename(graph: Any, names: dict[str, str], numbers: Iterator[int]) -> None:
    """Names nodes, what they make and constants by their places; inputs and outputs of the model are in `names`."""
    constants = {initializer.name for initializer in graph.initializer}
    for value in (*graph.input, *graph.output):
        # Of an inner graph.
        names.setdefault(value.name, f"inner_{next(numbers)}")
    for node in graph.node:
        for name in _reads(node):
            if name in constants and name not in names:
                names[name] = f"constant_{next(numbers)}"
        node.name = f"{node.op_type}_{next(numbers)}"
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}" if name else "")
        for inner in _inner_graphs(node):
            _rename(inner, names, numbers)
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for values in (graph.initializer, graph.value_info):
        ordered = sorted(values, key=lambda value: value.name)
        del values[:]
        values.extend(ordered)
    graph.doc_string = ""
