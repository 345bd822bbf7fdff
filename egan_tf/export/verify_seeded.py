"""Compares the functions of seeds that a written format holds with the generator that it was written from."""

from __future__ import annotations

from functools import partial

from egan_tf.export.comparison import float32_bound
from egan_tf.export.formats.base import SeededFunctions
from egan_tf.export.running import run_on_cpu
from egan_tf.export.seeded_difference import SeededDifferenceError, seeded_difference
from egan_tf.export.source import Source
from egan_tf.export.verify import ExportMismatchError


def verify_seeded(name: str, functions: SeededFunctions, source: Source) -> dict[str, float]:
    """Compares noise to the bit, samples to the tolerance of the export, and bytes to one level.

    Args:
        name: of the format, for the message.
        functions: of the format, loaded again.
        source: the generator.

    Returns:
        The card's entry: the largest difference of each function.

    Raises:
        ExportMismatchError: one differs by more.
    """
    bound = float32_bound(source.spec) + source.rounding
    try:
        return seeded_difference(functions, partial(run_on_cpu, source.model), source.spec, bound)
    except SeededDifferenceError as error:
        raise ExportMismatchError(f"its {name} {error}") from error
