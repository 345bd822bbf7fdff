"""The operators of a generator's graph, and those that make other samples of the same noise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from egan_tf.export.layers import place_of
from egan_tf.utils.checks import InputError

_DRAWS = re.compile(
    r"(?!Stateless|XlaRng).*(Random|Multinomial|TruncatedNormal|NonDeterministic|CandidateSampler)"
    r"|Stateful(Standard|Uniform|Truncated|Random)|Rng"
)
"""Kinds that draw numbers by a state; those without one are functions of a seed in the graph."""


def operators(graph: tf.Graph) -> list[tuple[str, str]]:
    """Kind and name of all operators, those of functions inside included."""
    functions = graph.as_graph_def().library.function
    nodes = [(node.op, node.name) for function in functions for node in function.node_def]
    return [*((op.type, op.name) for op in graph.get_operations()), *nodes]


def check_draws_nothing(graph: tf.Graph, model: keras.Model) -> None:
    """Refuses a generator that draws numbers itself: an export is a function of noise.

    A comparison of samples does not show numbers that are smaller than its bound.

    Args:
        graph: of a traced function.
        model: holds the layers, to name one.

    Raises:
        InputError: an output depends on an operator that draws numbers.
    """
    for kind, name in _needed(graph):
        if _DRAWS.match(kind):
            place = f"operator {kind} {place_of(name, model)}"
            problem = "draws numbers, so that the same noise makes other samples in every call; export one without"
            raise InputError("generator", f"{place} {problem}")


def _needed(graph: Any) -> Iterator[tuple[str, str]]:
    """The operators that outputs depend on; of a function inside all that it holds."""
    found: dict[str, Any] = {}
    waiting = [tensor.op for tensor in graph.outputs]
    while waiting:
        operation = waiting.pop()
        if operation.name not in found:
            found[operation.name] = operation
            waiting += [tensor.op for tensor in operation.inputs]
    yield from ((operation.type, operation.name) for operation in found.values())
    bodies = {function.signature.name: function.node_def for function in graph.as_graph_def().library.function}
    names = _called(operation.node_def for operation in found.values())
    seen: set[str] = set()
    while names - seen:
        name = (names - seen).pop()
        seen.add(name)
        nodes = bodies.get(name, ())
        yield from ((node.op, node.name) for node in nodes)
        names |= _called(nodes)


def _called(nodes: Iterable[Any]) -> set[str]:
    """The names of the functions that nodes call."""
    values = [value for node in nodes for value in node.attr.values()]
    lists = [function.name for value in values for function in value.list.func]
    return {*lists, *(value.func.name for value in values if value.func.name)}
