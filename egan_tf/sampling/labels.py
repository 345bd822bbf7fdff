"""The labels that a class-conditional generator takes, checked before anything runs."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Collection, Mapping, Set
from typing import Any

import numpy as np

from egan_tf.sampling.label_sequence import LabelSequence
from egan_tf.sampling.noise import MAX_SAMPLES
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, require

MAX_DIGITS = 9
_NO_LABELS = (bytes, bytearray, memoryview, Set, Mapping)
"""Python iterates over them, but not over one label per sample: bytes are numbers, sets have no order."""


def label_sequence(spec: SamplingSpec, labels: Any, count: int) -> LabelSequence | None:
    """The label of each of `count` samples; None for a generator without labels.

    Args:
        spec: of the generator.
        labels: a number from 0, the name of a class, or one of these for each sample; or what `each_label` returns.
        count: the number of samples.

    Raises:
        InputError: labels are missing, given to a generator that takes none, unknown, out of range, not as many as the
            samples, or texts that mean several classes.
    """
    if not spec.classes:
        require(labels is None, "labels", "must not be given: the generator takes none")
        return None
    if labels is None:
        raise InputError("labels", f"must be given: the generator is class-conditional; {_choices(spec)}")
    if isinstance(labels, (str, int, np.integer)) and not isinstance(labels, bool):
        return LabelSequence(np.array([_label(spec, labels)], np.int32), count)
    if isinstance(labels, LabelSequence):
        require(labels.count == count, "labels", f"must be one per sample, {count}, got {labels.count}")
        return labels
    return LabelSequence(_listed(spec, labels, count))


def label_rows(spec: SamplingSpec, labels: Any, count: int) -> np.ndarray | None:
    """As `label_sequence`, int32 [count]: for samples that are all made at once."""
    sequence = label_sequence(spec, labels, count)
    return None if sequence is None else sequence.rows(0, count)


def each_label(spec: SamplingSpec, count: int) -> LabelSequence:
    """Every label `count` times in turn: 0, 0, 1, 1, ...

    Raises:
        InputError: the generator takes no labels, or a seed has not as many samples.
    """
    require(spec.classes > 0, "each_label", "the generator takes no labels; leave it out")
    most = MAX_SAMPLES // spec.classes
    require(count <= most, "count", f"must be at most {most} for each of {spec.classes} classes")
    return LabelSequence(np.arange(spec.classes, dtype=np.int32), count)


def number_texts(spec: SamplingSpec) -> list[str]:
    """The number of each class as a text that is no name of another; with zeros before it where it has to be."""
    named: dict[str, set[int]] = {}
    for label, name in enumerate(spec.class_names):
        named.setdefault(name, set()).add(label)
    return [_number_alone(label, named) for label in range(spec.classes)]


def _listed(spec: SamplingSpec, labels: Any, count: int) -> np.ndarray:
    """One label for each sample, int32 [count]."""
    if isinstance(labels, _NO_LABELS):
        raise _no_labels(labels)
    try:
        listed = labels if isinstance(labels, Collection) else list(itertools.islice(labels, count + 1))
        more = " or more" if len(listed) > count and listed is not labels else ""
        # Before they are read: there may be more than fit into memory.
        require(len(listed) == count, "labels", f"must be one per sample, {count}, got {len(listed)}{more}")
        return np.fromiter((_label(spec, one) for one in listed), np.int32, count)
    except InputError:
        raise
    except TypeError as error:
        raise _no_labels(labels) from error
    except (MemoryError, OverflowError, ValueError) as error:
        raise InputError("count", f"labels of {count} samples do not fit into memory; take fewer") from error


def _no_labels(given: Any) -> InputError:
    return InputError("labels", f"must be a label or one per sample, got {format_value(given)}")


def _label(spec: SamplingSpec, given: Any) -> int:
    if isinstance(given, str):
        meant = _meant(spec, given)
        if len(meant) > 1:
            raise InputError("labels", _ambiguity(spec, given))
        if meant:
            return meant[0]
        if not _is_numeral(given):
            near = difflib.get_close_matches(given, spec.class_names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError("labels", f"unknown class {format_value(given)}{hint}; {_choices(spec)}")
        given = int(given)
    whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    require(whole, "labels", f"must be numbers or names of classes, got {format_value(given)}; {_choices(spec)}")
    require(0 <= given < spec.classes, "labels", f"{format_value(given)} is no class; {_choices(spec)}")
    return int(given)


def _is_numeral(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _meant(spec: SamplingSpec, text: str) -> list[int]:
    """The classes that a text means: those of that name, and the one of that number."""
    meant = [label for label, name in enumerate(spec.class_names) if name == text]
    if _is_numeral(text) and int(text) < spec.classes and int(text) not in meant:
        meant.append(int(text))
    return meant


def _ambiguity(spec: SamplingSpec, text: str) -> str:
    """What a text means, and what to give for each of these classes, in a phrase."""
    meant = _meant(spec, text)
    named = [label for label in meant if spec.class_names[label] == text]
    classes = f"class{'es' if len(named) > 1 else ''} {' and '.join(map(str, named))}"
    number = f" and the number of class {int(text)}" if len(named) < len(meant) else ""
    texts = number_texts(spec)
    ways = " or ".join(f"{texts[label]} for class {label}" for label in meant[:3])
    return f"{format_value(text)} is the name of {classes}{number}; give {ways}"


def _number_alone(label: int, named: Mapping[str, set[int]]) -> str:
    """The number of a class as a text that is no name of another.

    Args:
        label: of the class.
        named: the classes of each name.
    """
    texts = (str(label).zfill(digits) for digits in range(1, MAX_DIGITS + 1))
    return next((text for text in texts if named.get(text, {label}) == {label}), str(label))


def _choices(spec: SamplingSpec) -> str:
    """Which labels there are, in a phrase."""
    numbers = f"choose from 0 to {spec.classes - 1}"
    if not spec.class_names:
        return numbers
    shown = ", ".join(spec.class_names[:12])
    return f"{numbers}, or {shown}{', ...' if len(spec.class_names) > 12 else ''}"
