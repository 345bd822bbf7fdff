"""Compares the formats of an export with the samples in its card, and with each other."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from egan_tf.export.comparison import ROUNDING_LIMIT, Bound, difference, half_width, magnitude
from egan_tf.export.formats import FORMATS
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding
from egan_tf.export.receipt.sampling_process import NotSampledError, SamplingError, samples_of
from egan_tf.export.sample_vectors import COUNT, at_positions, read_vectors
from egan_tf.sampling.spec import SamplingSpec


def check_formats(
    directory: Path, card: Mapping[str, Any], spec: SamplingSpec, damaged: set[str], only: str | None = None
) -> list[Finding]:
    """Samples from each format in a fresh process, and compares the samples.

    Args:
        directory: of the export.
        card: as `check_schema` accepts it.
        spec: of the generator.
        damaged: files that are not as the card lists them, files that it does not list, and folders that cannot be
            read; a format with one of them is not loaded.
        only: the one format to check; by default all.

    Returns:
        A finding for each format.
    """
    names = [name for name, entry in card["verification"].items() if "files" in entry or name in FORMATS]
    names = [name for name in names if only in (None, name)]
    found: dict[str, Finding] = {}
    samples: dict[str, np.ndarray] = {}
    for name in names:
        reason = _reason_not_to_load(name, card, damaged)
        if reason:
            found[name] = Finding(name, NOT_CHECKED, reason)
            continue
        try:
            samples[name] = samples_of(name, directory, spec, _bound(name, card, spec))
        except SamplingError as error:
            state = NOT_CHECKED if isinstance(error, NotSampledError) else DIFFERENT
            found[name] = Finding(name, state, str(error))
    reference = _reference(samples, spec)
    found |= {name: _compare(name, samples, reference, card, spec) for name in samples}
    return [found[name] for name in names]


def files_of(name: str, card: Mapping[str, Any]) -> set[str]:
    """The files of a format that the card lists, by their paths; all of the export if the card does not say."""
    return {path for path in card["files"] if _lies_in(path, entries_of(name, card))}


def entries_of(name: str, card: Mapping[str, Any]) -> set[str]:
    """The names of a format's files and folders in the directory of the export; none if the card does not say."""
    return set(card["verification"][name].get("files", ()))


def _lies_in(path: str, entries: set[str]) -> bool:
    """Whether a path is one of some entries, or lies in one; without entries, and of the export itself, it may."""
    return not entries or path == "." or PurePosixPath(path).parts[0] in entries


def _reason_not_to_load(name: str, card: Mapping[str, Any], damaged: set[str]) -> str:
    if name not in FORMATS:
        return "this version of egan_tf does not know the format"
    if not files_of(name, card):
        return "not loaded, as the card lists no file of it"
    if any(_lies_in(path, entries_of(name, card)) for path in damaged):
        return "not loaded, as files of it are not those of the card"
    missing = [package for package in FORMATS[name].packages if importlib.util.find_spec(package) is None]
    return f"needs {', '.join(missing)}: pip install 'egan_tf[train]'" if missing else ""


def _reference(samples: Mapping[str, np.ndarray], spec: SamplingSpec) -> str | None:
    """The format to which the others are compared: the one with the smallest bound; None if there is none."""
    able = [name for name in samples if FORMATS[name].makes_samples]
    return min(able, key=lambda name: FORMATS[name].bound(spec).largest, default=None)


def _bound(name: str, card: Mapping[str, Any], spec: SamplingSpec) -> Bound:
    """The bound of a format, with what the card adds for the generator's own rounding, at most `ROUNDING_LIMIT`."""
    bound, entry = FORMATS[name].bound(spec), card["verification"][name]
    scale = entry.get("scale", 1.0)
    return bound + tuple(
        min(ROUNDING_LIMIT, max(0.0, value / scale - own)) if _is_size(value) and _is_size(scale) else 0.0
        for value, own in zip((entry.get("tolerance"), entry.get("rms_tolerance")), bound, strict=True)
    )


def _is_size(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= sys.float_info.max


def _scale(name: str, expected: np.ndarray, card: Mapping[str, Any], spec: SamplingSpec) -> float:
    """The unit of the bound of a format, for samples that should be `expected`.

    An entry without a scale is of an earlier version, whose unit was larger for some value ranges.
    """
    scale = FORMATS[name].scale(expected, spec)
    stated = "scale" in card["verification"][name]
    return scale if stated else max(scale, magnitude(expected), half_width(spec))


def _compare(
    name: str, samples: Mapping[str, np.ndarray], reference: str | None, card: Mapping[str, Any], spec: SamplingSpec
) -> Finding:
    """Compares one format with the card's samples, and with the reference."""
    format_, bound, made = FORMATS[name], _bound(name, card, spec), samples[name]
    compared = []
    if "sample_vectors" in card:
        positions, values = read_vectors(card["sample_vectors"], spec)
        rows, scale = at_positions(made[:COUNT], positions), _scale(name, made, card, spec)
        # A few numbers may all lie where the difference is large.
        one = difference(rows, format_.expected(values, spec), Bound(bound.largest, bound.largest), scale)
        compared.append(("the samples of the card", bound.largest * scale, one))
    if reference not in (None, name):
        allowed = bound + _bound(reference, card, spec)
        expected = format_.expected(samples[reference], spec)
        scale = _scale(name, expected, card, spec)
        compared.append((reference, allowed.largest * scale, difference(made, expected, allowed, scale)))
    for what, _, found in compared:
        if found.problem:
            return Finding(name, DIFFERENT, f"compared with {what}: {found.problem}")
    if not compared and len(samples) > 1:
        return Finding(name, OK, "samples; the others are compared with it")
    if not compared:
        return Finding(name, NOT_CHECKED, "loads and samples; the card has no samples, and there is no other format")
    said = [f"{what} {found.largest:.2g} (allowed {allowed:.2g})" for what, allowed, found in compared]
    return Finding(name, OK, f"largest difference from {', from '.join(said)}")
