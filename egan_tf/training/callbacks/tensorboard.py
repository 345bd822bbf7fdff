"""TensorBoard's event files."""

from __future__ import annotations

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

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens an event file."""
        super().on_train_begin(logs)
        try:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        except tf.errors.OpError as error:
            log_line(f"no event files in {self._folder}: {str(error).splitlines()[0]}; the run continues without them")

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Writes the scalars."""
        if self._writer is None:
            return
        counts = self.model.population.selection_counts.numpy()
        with self._writer.as_default(generation):
            for name, value in logs.items():
                tf.summary.scalar(name, float(value))
            for name, count in zip(self.model.operator_names, counts, strict=True):
                tf.summary.scalar(f"share/{name}", float(count / max(1, counts.sum())))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes scalars and a picture, when they are due."""
        super().on_train_batch_end(batch, logs)
        generation = self._before + batch + 1
        if self._writer is None or not spec_of(self.model, self._value_range).is_drawable:
            return
        if generation % self._picture_every == 0:
            grid = grid_of(self.model, self._value_range, self._classes)
            pixels = np.asarray(grid if grid.mode == "RGBA" else grid.convert("RGB"))
            with self._writer.as_default(generation):
                tf.summary.image("samples", pixels[None])

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the event file."""
        super().on_train_end(logs)
        if self._writer is not None:
            self._writer.close()
