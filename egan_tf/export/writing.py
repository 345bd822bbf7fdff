"""Writes the formats of an export, each by itself, so that one that fails leaves the others alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from egan_tf.export.formats import FORMATS
from egan_tf.export.formats.base import FormatError
from egan_tf.export.layers import layer_of
from egan_tf.export.source import Source
from egan_tf.export.verify import ExportMismatchError, verify_format
from egan_tf.export.verify_seeded import verify_seeded
from egan_tf.utils.checks import InputError, format_value

Failure = FormatError | ExportMismatchError

_OF_THE_DISK = (
    OSError,
    tf.errors.DataLossError,
    tf.errors.FailedPreconditionError,
    tf.errors.PermissionDeniedError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.UnknownError,
)
"""What a full or broken disk raises, TensorFlow's errors too; others, as InvalidArgumentError, are those of layers."""


class DiskError(InputError):
    """A format could not be written because the disk is full, or gone."""


def write_formats(names: list[str], source: Source, directory: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Writes formats into a directory; each is loaded again and compared with the generator.

    Args:
        names: in `FORMATS`, at least one.
        source: the generator.
        directory: of the export.

    Returns:
        The card's entries of the comparison for the formats that were written, and a reason for each of the others.

    Raises:
        DiskError: the disk failed; a subclass of `InputError`.
        InputError: none could be written.
        ExportMismatchError: all compute other samples than the generator.
    """
    verification: dict[str, Any] = {}
    failed: dict[str, Failure] = {}
    for name in names:
        apart = directory / f".{name}"
        apart.mkdir()
        try:
            verified = _write_verified(name, source, apart)
            written = sorted(path.name for path in apart.iterdir())
            for file in written:
                (apart / file).rename(directory / file)
            verification[name] = {"files": written, **verified}
        except (FormatError, ExportMismatchError) as error:
            failed[name] = error
        finally:
            shutil.rmtree(apart)
    reasons = {name: error.problem.removeprefix(f"its {name} ") for name, error in failed.items()}
    if not verification:
        raise _nothing_written(list(failed.values()), reasons)
    return verification, reasons


def _nothing_written(failures: list[Failure], reasons: dict[str, str]) -> InputError:
    if all(isinstance(failure, ExportMismatchError) for failure in failures):
        return failures[0]
    listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    failed = {FORMATS[name].conversion or name for name in reasons}
    others = [name for name, known in FORMATS.items() if name not in reasons and known.conversion not in failed]
    advice = f"; other formats are {', '.join(others)}" if others else ""
    return InputError("formats", f"{listed}; nothing was exported{advice}")


def _write_verified(name: str, source: Source, directory: Path) -> dict[str, Any]:
    """Writes one format, loads it again and returns the card's entry of the comparison."""
    try:
        FORMATS[name].write(source, directory)
    except _OF_THE_DISK as error:
        raise DiskError("name", f"cannot write the {name}: {error}") from error
    except FormatError:
        raise
    except Exception as error:  # libraries that convert and user layers may raise anything
        raise _failure(error, source, directory) from error
    try:
        entry = verify_format(name, FORMATS[name], FORMATS[name].load(directory), source)
        seeded = FORMATS[name].load_seeded(directory)
        return entry if seeded is None else {**entry, "signatures": verify_seeded(name, seeded, source)}
    except (FormatError, ExportMismatchError):
        raise
    except Exception as error:
        raise _failure(error, source, directory) from error


def _failure(error: Exception, source: Source, directory: Path) -> FormatError:
    """What a library raised in one line, with the layer that it speaks of."""
    text = str(error.problem if isinstance(error, InputError) else error).replace(f"{directory}/", "")
    layer = layer_of(text, source.model)
    lines = text.strip().splitlines()
    reason = format_value(lines[0]).strip("'\"") if lines else type(error).__name__
    place = "" if layer is None else f"layer {layer!r} "
    return FormatError(f"{place}cannot be converted: {reason}")
