"""Ends training, and makes checkpoints, in all processes of a run at the same generation."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.training.signals import Signals
from egan_tf.training.workers import Workers


class JointCallback(keras.callbacks.Callback):
    """Stops training on a signal to any process or without viable children, and compares replicas at checkpoints.

    Attributes:
        stagnated: whether training was stopped because no child was viable for `stagnation_limit` generations.
    """

    def __init__(self, workers: Workers, signals: Signals, *, steps: int, stagnation_limit: int) -> None:
        """Sets when training stops.

        Args:
            workers: the processes of the run.
            signals: of this process; one that another process received is noted here, too.
            steps: generations of the run. The last one gets its checkpoint after `fit`, when the logs hold the reports
                of the end; a signal has nothing left to stop there.
            stagnation_limit: generations in a row without a viable child that stop training.
        """
        super().__init__()
        self.stagnated = False
        self._workers, self._signals = workers, signals
        self._steps, self._limit = steps, stagnation_limit
        self._before = 0
        # The first generation that can be one too many; to read the counter before would wait for the device in vain.
        self._look_at = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Notes the generation."""
        del logs
        self._before = int(self.model.generation.numpy())
        self._look_at = self._before + self._limit - self.stagnant_generations()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Makes a checkpoint when one is due before the last generation; stops training on stagnation or a signal."""
        del logs
        generation = self._before + batch + 1
        if generation >= self._look_at:
            stagnant = self.stagnant_generations()
            if stagnant >= self._limit:
                self.stagnated = self.model.stop_training = True
                return
            self._look_at = generation + self._limit - stagnant
        if generation >= self._steps:
            return
        signal, due = self._workers.largest([self._signals.received or 0, int(self.is_due(generation))])
        if signal:
            self._signals.received = signal
            self.model.stop_training = True
        if signal or due:
            self.save_equal()

    def is_due(self, generation: int) -> bool:
        """Whether this process wants a checkpoint."""
        del generation
        return False

    def stagnant_generations(self) -> int:
        """How many of the latest generations in a row had no viable child."""
        return int(self.model.population.failures.stagnant_in_a_row.numpy())

    def save_equal(self) -> bool:
        """As `save`, after a look at the data so far and a comparison of all replicas.

        Raises:
            InputError: samples or labels must not be trained on, so that no checkpoint holds what they did.
            RunError: the replicas differ.
        """
        self.model.input_check.raise_if_any()
        self.check_replicas()
        return self.save()

    def check_replicas(self) -> None:
        """Raises `RunError` unless all replicas hold the same numbers."""
        self._workers.check_replicas(self.model.state_variables, int(self.model.generation.numpy()))

    def save(self) -> bool:
        """Saves nothing, as the chief does; returns whether the last good generation has a checkpoint."""
        return True
