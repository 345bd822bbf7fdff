"""The labels that a class-conditional generator takes, checked before anything runs."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, require

MAX_DIGITS = 9


def label_rows(spec: SamplingSpec, labels: Any, count: int) -> np.ndarray | None:
    """One label for each of `count` samples, int32 [count]; None for a generator without labels.

    Args:
        spec: of the generator.
        labels: a number from 0, the name of a class, or one of these for each sample.
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
    single = isinstance(labels, (str, int, np.integer)) and not isinstance(labels, bool)
    if single:
        return np.full(count, _label(spec, labels), np.int32)
    try:
        listed = list(labels)
    except TypeError as error:
        raise InputError("labels", f"must be a label or one per sample, got {format_value(labels)}") from error
    require(len(listed) == count, "labels", f"must be one per sample, {count}, got {len(listed)}")
    return np.array([_label(spec, one) for one in listed], np.int32)


def each_label(spec: SamplingSpec, count: int) -> np.ndarray:
    """Every label `count` times in turn, int32 [classes · count]: 0, 0, 1, 1, ...

    Raises:
        InputError: the generator takes no labels.
    """
    require(spec.classes > 0, "each_label", "the generator takes no labels; leave it out")
    return np.repeat(np.arange(spec.classes, dtype=np.int32), count)


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
    ways = " or ".join(f"{_number_alone(spec, label)} for class {label}" for label in meant[:3])
    return f"{format_value(text)} is the name of {classes}{number}; give {ways}"


def _number_alone(spec: SamplingSpec, label: int) -> str:
    """The number of a class as a text that is no name; with zeros before it where it has to be."""
    texts = (str(label).zfill(digits) for digits in range(1, MAX_DIGITS + 1))
    return next((text for text in texts if _meant(spec, text) == [label]), str(label))


def _choices(spec: SamplingSpec) -> str:
    """Which labels there are, in a phrase."""
    numbers = f"choose from 0 to {spec.classes - 1}"
    if not spec.class_names:
        return numbers
    shown = ", ".join(spec.class_names[:12])
    return f"{numbers}, or {shown}{', ...' if len(spec.class_names) > 12 else ''}"
