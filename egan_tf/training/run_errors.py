"""What a run finds out only while it runs, and cannot go on without, in one line: space, rights, memory and data."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf

from egan_tf.training import run_folder
from egan_tf.training.checkpoint_folders import checkpoint_folders
from egan_tf.utils.checks import InputError, RunError


@contextlib.contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Raises `RunError` where what a run cannot begin without cannot be written to its folder."""
    try:
        yield
    except OSError as error:
        problem = f"{folder} cannot be written: {error.strerror or error}"
        raise RunError(f"{problem}; free some space or change its rights, then resume") from error


@contextlib.contextmanager
def memory_in_one_line(folder: Path, generation: Callable[[], int]) -> Iterator[None]:
    """Raises `RunError` where a step does not fit into memory, which only a step finds out.

    Args:
        folder: of the run.
        generation: the number of generations so far.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        advice = "take a smaller --batch-size, --width or --population-size in a new run"
        raise RunError(
            f"generation {generation()}: a step does not fit into memory; {advice}; {_kept(folder)}"
        ) from error


@contextlib.contextmanager
def bad_data_in_one_line(folder: Path, generation: Callable[[], int]) -> Iterator[None]:
    """Raises `RunError` where data that was sound at first no longer is, which only its generations find out.

    What `fit` refuses before its first generation stays an `InputError`.

    Args:
        folder: of the run.
        generation: the number of generations so far.
    """
    start = generation()
    try:
        yield
    except InputError as error:
        if generation() == start:
            raise
        problem = f"the data {error.problem}" if error.field in ("x", "y") else str(error)
        advice = "mend it and start a new run"
        raise RunError(f"generation {generation()}: {problem}; {advice}; {_kept(folder)}") from error


def _kept(folder: Path) -> str:
    saved = bool(checkpoint_folders(folder / run_folder.CHECKPOINTS))
    return f"its checkpoints stay in {folder}" if saved else "it has no checkpoint yet"
