"""Saves checkpoints during training, and stops training on a signal or without viable children."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.signals import Signals
from egan_tf.utils.json_lines import JsonLinesWriter
from egan_tf.utils.log_line import log_line

MAX_TIME_FRACTION = 0.01
"""Largest fraction of the time that periodic checkpoints may take."""


class CheckpointCallback(keras.callbacks.Callback):
    """Saves a checkpoint every `every` generations, or by the clock.

    It must come after the callbacks that write logs, because a checkpoint records the sizes of the logs.

    Attributes:
        seconds: spent on checkpoints.
        count: the number of checkpoints made.
        stagnated: whether training was stopped because no child was viable for `stagnation_limit` generations.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        logs: Sequence[JsonLinesWriter],
        fingerprint: str,
        signals: Signals,
        *,
        every: int,
        minutes: float,
        stagnation_limit: int,
        check_every: int,
        saved: int = -1,
        score: Callable[[int], float | None] = lambda generation: None,
        restore_folder: Callable[[], None] = lambda: None,
    ) -> None:
        """Sets what is saved, and when.

        Args:
            checkpoints: the run's checkpoints.
            logs: whose sizes are recorded with each checkpoint.
            fingerprint: of the data set.
            signals: a received signal stops training after a checkpoint.
            every: generations between checkpoints; 0 for by the clock.
            minutes: between checkpoints by the clock; more if they would exceed `MAX_TIME_FRACTION`.
            stagnation_limit: generations in a row without a viable child that stop training.
            check_every: generations between checks for stagnation.
            saved: the generation of an existing checkpoint of the model's state; -1 if there is none.
            score: of the model at a generation, higher is better; None if it was not evaluated there. The best
                generation so far gets a checkpoint.
            restore_folder: makes the run's folder again if it was removed.
        """
        super().__init__()
        self.seconds, self.count, self.stagnated = 0.0, 0, False
        self._checkpoints, self._logs, self._fingerprint, self._signals = checkpoints, logs, fingerprint, signals
        self._every, self._interval = every, 60 * minutes
        self._limit, self._check_every = stagnation_limit, check_every
        self._score, self._restore_folder = score, restore_folder
        self._before, self._saved, self._failing = 0, saved, False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Saves the initial state, unless a checkpoint holds it."""
        del logs
        self._before = int(self.model.generation.numpy())
        self._due = time.monotonic() + self._interval
        if self._saved < 0:
            self.save()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves a checkpoint when one is due; stops training on stagnation or a signal."""
        del logs
        generation = self._before + batch + 1
        if generation % self._check_every == 0 and self._stagnant() >= self._limit:
            self.stagnated = self.model.stop_training = True
        elif self._signals.received is not None:
            self.model.stop_training = True
            self.save()
        elif self._is_best(generation) or (
            generation % self._every == 0 if self._every else time.monotonic() >= self._due
        ):
            self.save()

    def _is_best(self, generation: int) -> bool:
        score = self._score(generation)
        if score is None:  # not evaluated at this generation: no need to read the manifests
            return False
        best = self._checkpoints.best_score
        return best is None or score > best

    def _stagnant(self) -> int:
        return int(self.model.population.failures.stagnant_in_a_row.numpy())

    def save(self) -> bool:
        """Saves a checkpoint now, unless this generation has one, or had no viable child.

        Returns:
            Whether the last good generation has a checkpoint. If it cannot be written, older ones stay, one line on
            stderr reports it, and the next attempt is when the next checkpoint is due.
        """
        generation = int(self.model.generation.numpy())
        if generation == self._saved or self._stagnant():
            return True
        start = time.monotonic()
        try:
            self._restore_folder()
            sizes = {log.path.name: log.size() for log in self._logs}
            self._checkpoints.save(self._fingerprint, sizes, self._score(generation))
        except OSError as error:
            if not self._failing:
                log_line(f"no checkpoint at generation {generation}: {error.strerror or error}; the run continues")
            self._failing = True
            return False
        finally:
            cost = time.monotonic() - start
            self.seconds += cost
            self._due = time.monotonic() + max(self._interval, cost / MAX_TIME_FRACTION)
        if self._failing:
            log_line(f"checkpoints can be written again: generation {generation} is saved")
        self._failing, self._saved = False, generation
        self.count += 1
        return True
