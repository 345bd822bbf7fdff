"""Saves checkpoints while training goes on, and stops it where it must not go on."""

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
"""The share of the time that checkpoints may take where they are made by the clock."""


class CheckpointCallback(keras.callbacks.Callback):
    """Makes checkpoints every so many generations, or by the clock; the last callback of a generation but the bar.

    Attributes:
        seconds: spent on checkpoints.
        count: how many were made.
        stagnated: whether training was stopped as no child had been viable for too long.
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
        """Takes what to save and when.

        Args:
            checkpoints: where to.
            logs: whose sizes are noted with each checkpoint.
            fingerprint: of the data set.
            signals: a noted signal stops training after a checkpoint.
            every: generations between checkpoints; 0 for by the clock.
            minutes: between checkpoints by the clock; more where they would take over 1 % of the time.
            stagnation_limit: generations in a row without a viable child that stop training.
            check_every: generations between looks at that.
            saved: the generation that training starts from, if a checkpoint holds it.
            score: of the model at a generation, the higher the better; None if it was not measured there. A generation
                that is the best so far gets a checkpoint.
            restore_folder: puts the run's folder back where it has vanished.
        """
        super().__init__()
        self.seconds, self.count, self.stagnated = 0.0, 0, False
        self._checkpoints, self._logs, self._fingerprint, self._signals = checkpoints, logs, fingerprint, signals
        self._every, self._pause = every, 60 * minutes
        self._limit, self._check_every = stagnation_limit, check_every
        self._score, self._restore_folder = score, restore_folder
        self._before, self._saved, self._failing = 0, saved, False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Saves what training starts from, if no checkpoint holds it."""
        del logs
        self._before = int(self.model.generation.numpy())
        self._due = time.monotonic() + self._pause
        if self._saved < 0:
            self.save()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves, if it is time; stops, if it must."""
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
        score, best = self._score(generation), self._checkpoints.best_score
        return score is not None and (best is None or score > best)

    def _stagnant(self) -> int:
        return int(self.model.population.failures.stagnant_in_a_row.numpy())

    def save(self) -> bool:
        """Makes a checkpoint now, unless this generation has one, or is one without a viable child.

        Returns:
            Whether the last good generation has a checkpoint. Where it cannot be written, older ones stay, a note says
            so, and the next try is at the next time.
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
                log_line(f"no checkpoint at generation {generation}: {error.strerror or error}; the run goes on")
            self._failing = True
            return False
        finally:
            cost = time.monotonic() - start
            self.seconds += cost
            self._due = time.monotonic() + max(self._pause, cost / MAX_TIME_FRACTION)
        if self._failing:
            log_line(f"checkpoints can be written again: generation {generation} is saved")
        self._failing, self._saved = False, generation
        self.count += 1
        return True
