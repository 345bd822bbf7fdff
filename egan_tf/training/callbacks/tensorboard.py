"""TensorBoard's event files."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.training.callbacks.sample_grid import grid_of, spec_of
from egan_tf.utils.log_line import log_line


class TensorBoardLog(PeriodicCallback):
    """Writes Keras' scalars, the fraction of survivors that each mutation made so far, and pictures of samples.

    Keras' `TensorBoard` callback works with `EGAN` too, and counts batches since `fit` was called; here a step is a
    generation, so that a resumed run continues its curves.

    Scalars that cannot be written wait in memory, and are written to another event file as soon as the disk allows; a
    picture that cannot be written is left out.
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        picture_every: int,
        value_range: tuple[float, float] | None,
        classes: int = 0,
    ) -> None:
        """Takes the folder and the intervals.

        Args:
            folder: of the event files; made if needed.
            every: generations between scalars.
            picture_every: generations between pictures.
            value_range: lowest and highest value of an image; None for points.
            classes: labels of the data, for a conditional model.
        """
        super().__init__(every)
        self._folder, self._picture_every, self._value_range = folder, picture_every, value_range
        self._classes = classes
        self._writer: Any = None
        self._waiting: list[tuple[int, dict[str, float]]] = []
        self._failing = False

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Writes the scalars."""
        counts = self.model.population.selection_counts.numpy()
        shares = {
            f"share/{name}": float(count / max(1, counts.sum()))
            for name, count in zip(self.model.operator_names, counts, strict=True)
        }
        self._waiting.append((generation, {**{name: float(value) for name, value in logs.items()}, **shares}))
        self._write_waiting()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes scalars and a picture, when they are due."""
        super().on_train_batch_end(batch, logs)
        generation = self._before + batch + 1
        if generation % self._picture_every or not spec_of(self.model, self._value_range).is_drawable:
            return
        grid = grid_of(self.model, self._value_range, self._classes)
        pixels = np.asarray(grid if grid.mode == "RGBA" else grid.convert("RGB"))
        self._write(generation, lambda: tf.summary.image("samples", pixels[None]))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes what still waits, and closes the event file."""
        super().on_train_end(logs)
        self._write_waiting()
        self._close()

    def _write_waiting(self) -> None:
        """Writes the scalars that wait, in their order, as far as the disk allows."""
        while self._waiting and self._write(self._waiting[0][0], lambda: _write_scalars(self._waiting[0][1])):
            self._waiting.pop(0)

    def _write(self, generation: int, write: Callable[[], object]) -> bool:
        """Writes to the event file, of which there is another after a failure; returns whether it could."""
        try:
            if self._writer is None:
                self._writer = tf.summary.create_file_writer(str(self._folder))
            with self._writer.as_default(generation):
                try:
                    write()
                    self._writer.flush()
                except tf.errors.OpError:
                    # Of a closed one the end of the block does not fail too, before it restores the default writer.
                    self._close()
                    raise
        except tf.errors.OpError as error:
            self._remove_empty()
            if not self._failing:
                log_line(f"no event files in {self._folder}: {_reason(error)}; the run continues and will try again")
            self._failing = True
            return False
        if self._failing:
            log_line(f"event files in {self._folder} can be written again; pictures may be missing")
        self._failing = False
        return True

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(tf.errors.OpError):
                writer.close()

    def _remove_empty(self) -> None:
        """Removes the empty files that attempts to open one leave on a full disk."""
        with contextlib.suppress(OSError):
            for file in self._folder.glob("events.out.tfevents.*"):
                if not file.stat().st_size:
                    file.unlink()


def _write_scalars(values: dict[str, float]) -> None:
    for name, value in values.items():
        tf.summary.scalar(name, value)


def _reason(error: tf.errors.OpError) -> str:
    """The first line of TensorFlow's message, without the name of the operation in front."""
    return re.sub(r"^\{\{.*?\}\}\s*", "", str(error)).partition("\n")[0]
