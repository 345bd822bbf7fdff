"""The labels that a class-conditional generator takes, checked before anything runs."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, require


def label_rows(spec: SamplingSpec, labels: Any, count: int) -> np.ndarray | None:
    """One label for each of `count` samples, int32 [count]; None for a generator without labels.

    Args:
        spec: of the generator.
        labels: a number from 0, the name of a class, or one of these for each sample.
        count: the number of samples.

    Raises:
        InputError: labels are missing, given to a generator that takes none, unknown, out of range, or not as many as
            the samples.
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
        if given in spec.class_names:
            return spec.class_names.index(given)
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            near = difflib.get_close_matches(given, spec.class_names, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise InputError("labels", f"unknown class {format_value(given)}{hint}; {_choices(spec)}")
        given = int(given)
    whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    require(whole, "labels", f"must be numbers or names of classes, got {format_value(given)}; {_choices(spec)}")
    require(0 <= given < spec.classes, "labels", f"{format_value(given)} is no class; {_choices(spec)}")
    return int(given)


def _choices(spec: SamplingSpec) -> str:
    """Which labels there are, in a phrase."""
    numbers = f"choose from 0 to {spec.classes - 1}"
    if not spec.class_names:
        return numbers
    shown = ", ".join(spec.class_names[:12])
    return f"{numbers}, or {shown}{', ...' if len(spec.class_names) > 12 else ''}"
