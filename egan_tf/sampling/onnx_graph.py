"""Refuses ONNX files with parts that a generator does not need, before onnxruntime sees them.

Reads the wire format of protobuf itself, because the base install has no `onnx`. Pure functions: bytes in, a problem or
None out. Only what decides is read; the rest, weights above all, is skipped by its length. Nothing is nested without
bound, because graphs inside nodes are refused.

Operators are refused by a list of the unwanted, not allowed by a list of the wanted: networks of users and later
versions of ONNX bring operators that no list knows. The unwanted are few, and each breaks a promise:

- control flow (If, Loop, Scan, SequenceMap): a file of a kilobyte may compute for years;
- sequences and optional values: samples are tensors;
- random numbers (also Dropout in training mode): samples would not be a function of the seed;
- data in other files: the SHA-256 of the file would not cover them;
- other domains, local functions: their operators may be anything, those above included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

MAX_FIELDS = 1_000_000
"""A file has at most this many protobuf fields outside its tensors; a large generator has some ten thousand."""

DOMAINS = (b"", b"ai.onnx")
UNWANTED_PREFIXES = {
    b"Random": "draws random numbers",
    b"Sequence": "computes with sequences",
    b"Optional": "computes with optional values",
}
UNWANTED = {
    **dict.fromkeys((b"If", b"Loop", b"Scan"), "is control flow"),
    **dict.fromkeys((b"Bernoulli", b"Multinomial"), "draws random numbers"),
    **dict.fromkeys((b"SplitToSequence", b"ConcatFromSequence"), "computes with sequences"),
}

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_TRAINING_MODE = 2  # the third input of Dropout

Budget = Iterator[int]
Check = Callable[[memoryview, Budget], "str | None"]


class _MalformedError(Exception):
    """The bytes are no protobuf message, or one of too many fields."""


def find_problem(model: bytes) -> str | None:
    """Says in a few words why an ONNX file is refused; None if nothing speaks against it.

    A file without a problem need not be valid: onnxruntime checks the rest. Where a field that should be unique occurs
    several times, every occurrence is checked, so that it does not matter which one counts.

    Args:
        model: the content of the file.
    """
    try:
        return _first_problem(memoryview(model), iter(range(MAX_FIELDS)), _MODEL)
    except _MalformedError as error:
        return f"is no ONNX file, or is damaged: {error}"


def _first_problem(message: memoryview, budget: Budget, checks: Mapping[int, Check]) -> str | None:
    """Applies checks to the parts of a message, by field number."""
    for number, value in _fields(message, budget):
        if number in checks and isinstance(value, memoryview):
            problem = checks[number](value, budget)
            if problem is not None:
                return problem
    return None


def _tensor(tensor: memoryview, budget: Budget) -> str | None:
    for number, value in _fields(tensor, budget):
        if number == 13 or (number == 14 and value != 0):  # external_data, data_location
            return "keeps weights in another file"
    return None


def _sparse_tensor(sparse: memoryview, budget: Budget) -> str | None:
    return _first_problem(sparse, budget, _SPARSE_TENSOR)


def _inner_graph(*_: object) -> str:
    return "has a graph inside a node, which a generator does not need"


def _function(*_: object) -> str:
    return "defines functions, which a generator does not need"


def _attribute(attribute: memoryview, budget: Budget) -> str | None:
    return _first_problem(attribute, budget, _ATTRIBUTE)


def _node(node: memoryview, budget: Budget) -> str | None:
    operators: list[bytes] = []
    inputs: list[bytes] = []
    problem = None
    for number, value in _fields(node, budget):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            inputs.append(bytes(value))
        elif number == 4:
            operators.append(bytes(value))
        elif number == 5:
            problem = problem or _attribute(value, budget)
        elif number == 7 and bytes(value) not in DOMAINS:
            problem = problem or f"has an operator of the domain {_text(bytes(value))}, not of ONNX"
    for operator in operators:
        reason = _operator(operator, inputs)
        if reason is not None:
            return f"has the operator {_text(operator)}, which {reason}; a generator needs none"
    return problem


def _operator(operator: bytes, inputs: list[bytes]) -> str | None:
    if operator == b"Dropout" and any(inputs[_TRAINING_MODE:]):
        return "has a training mode, in which it draws random numbers"
    prefixes = (reason for prefix, reason in UNWANTED_PREFIXES.items() if operator.startswith(prefix))
    return UNWANTED.get(operator) or next(prefixes, None)


def _graph(graph: memoryview, budget: Budget) -> str | None:
    return _first_problem(graph, budget, _GRAPH)


# By the field numbers of onnx.proto.
_SPARSE_TENSOR: dict[int, Check] = {1: _tensor, 2: _tensor}  # values, indices
_ATTRIBUTE: dict[int, Check] = {
    **dict.fromkeys((5, 10), _tensor),  # t, tensors
    **dict.fromkeys((6, 11), _inner_graph),  # g, graphs
    **dict.fromkeys((22, 23), _sparse_tensor),  # sparse_tensor, sparse_tensors
}
_GRAPH: dict[int, Check] = {1: _node, 5: _tensor, 15: _sparse_tensor}  # node, initializer, sparse_initializer
_MODEL: dict[int, Check] = {7: _graph, 25: _function}  # graph, functions


def _fields(message: memoryview, budget: Budget) -> Iterator[tuple[int, int | memoryview]]:
    """Yields the fields of a message: their numbers, and integers or, if they have a length, bytes."""
    position, end = 0, len(message)
    while position < end:
        if next(budget, None) is None:
            raise _MalformedError(f"more than {MAX_FIELDS:,} fields")
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if number == 0 or tag >= 1 << 32:
            raise _MalformedError(f"field {number}")
        value: int | memoryview = 0
        if kind == _VARINT:
            value, position = _varint(message, position)
        elif kind == _BYTES:
            length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        elif kind in (_FIXED64, _FIXED32):
            position += 8 if kind == _FIXED64 else 4
        else:
            raise _MalformedError(f"wire type {kind}")
        if position > end:
            raise _MalformedError("it ends too early")
        yield number, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Reads an integer of up to ten bytes; returns it and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _MalformedError("it ends too early")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _MalformedError("an integer of more than ten bytes")


def _text(name: bytes) -> str:
    return repr(name[:80].decode("utf-8", "backslashreplace"))
