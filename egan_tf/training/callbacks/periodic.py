"""The base class of callbacks that act at an interval of generations."""

from __future__ import annotations

from typing import Any

import keras


class PeriodicCallback(keras.callbacks.Callback):
    """Calls `report` every `every` generations, and at the end of training."""

    def __init__(self, every: int) -> None:
        """Args: every: generations between reports, a multiple of `steps_per_execution`."""
        super().__init__()
        self.every = every
        self._before = 0
        self._epoch = 0
        self._reported = -1

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Records the generation that training starts from."""
        del logs
        self._before = int(self.model.generation.numpy())

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the generation that the epoch starts from, as Keras counts batches from there."""
        del logs
        self._epoch, self._before = epoch, int(self.model.generation.numpy())

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports, if a report is due."""
        generation = self._before + batch + 1
        if generation % self.every == 0:
            self._reported = generation
            self.report(generation, logs or {})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Reports the last generation, unless it was reported, or training was stopped before it and may be resumed."""
        generation = int(self.model.generation.numpy())
        if self.model.stop_training and not self._is_last(generation):
            return
        if generation not in (self._reported, self._before):
            self.report(generation, logs or {})

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """To be implemented by subclasses.

        Args:
            generation: the number of generations so far, this one included.
            logs: Keras' scalars of this generation.
        """
        raise NotImplementedError

    def _is_last(self, generation: int) -> bool:
        """Whether training comes to its end at a generation; False if Keras does not know the length of an epoch."""
        epochs, steps = ((self.params or {}).get(name) for name in ("epochs", "steps"))
        return steps is not None and self._epoch + 1 == epochs and generation == self._before + steps
