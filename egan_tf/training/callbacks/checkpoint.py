"""Saves checkpoints during training, and stops training on a signal or without viable children."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from egan_tf.training.callbacks.joint import JointCallback
from egan_tf.training.checkpoint_scores import Score
from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.signals import Signals
from egan_tf.training.workers import Workers
from egan_tf.utils.json_lines import JsonLinesWriter
from egan_tf.utils.log_line import log_line

MAX_TIME_FRACTION = 0.01
"""Largest fraction of the time that periodic checkpoints may take."""


class CheckpointCallback(JointCallback):
    """Saves a checkpoint every `every` generations, or by the clock.

    It must come after the callbacks that write logs, because a checkpoint records the sizes of the logs.

    Attributes:
        seconds: spent on checkpoints.
        count: the number of checkpoints made.
        (and that of `JointCallback`)
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        logs: Sequence[JsonLinesWriter],
        fingerprint: str,
        signals: Signals,
        *,
        steps: int,
        every: int,
        minutes: float,
        stagnation_limit: int,
        saved: int = -1,
        score: Callable[[int], Score | None] = lambda generation: None,
        restore_folder: Callable[[], None] = lambda: None,
        workers: Workers | None = None,
    ) -> None:
        """Sets what is saved, and when.

        Args:
            checkpoints: the run's checkpoints.
            logs: whose sizes are recorded with each checkpoint.
            fingerprint: of the data set.
            signals: a received signal stops training after a checkpoint.
            steps: generations of the run; the caller saves the last one after `fit`, by `save_equal`.
            every: generations between checkpoints; 0 for by the clock.
            minutes: between checkpoints by the clock; more if they would exceed `MAX_TIME_FRACTION`.
            stagnation_limit: generations in a row without a viable child that stop training.
            saved: the generation of an existing checkpoint of the model's state; -1 if there is none.
            score: of the model at a generation; None if it was not evaluated there. The best generation so far gets a
                checkpoint.
            restore_folder: makes the run's folder again if it was removed.
            workers: the processes of the run; by default this one alone.
        """
        super().__init__(workers or Workers(), signals, steps=steps, stagnation_limit=stagnation_limit)
        self.seconds, self.count = 0.0, 0
        self._checkpoints, self._logs, self._fingerprint = checkpoints, logs, fingerprint
        self._every, self._interval = every, 60 * minutes
        self._score, self._restore_folder = score, restore_folder
        self._saved, self._failing = saved, False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Saves the initial state, unless a checkpoint holds it."""
        super().on_train_begin(logs)
        self._due = time.monotonic() + self._interval
        if self._saved < 0:
            self.save()

    def is_due(self, generation: int) -> bool:
        """Whether the model is the best so far, or it is time for a checkpoint."""
        by_time = generation % self._every == 0 if self._every else time.monotonic() >= self._due
        return by_time or self._is_best(generation)

    def _is_best(self, generation: int) -> bool:
        score = self._score(generation)
        # Not evaluated at this generation: no need to read the manifests.
        return score is not None and self._checkpoints.is_best(score)

    def save(self) -> bool:
        """Saves a checkpoint now, unless this generation has one, or had no viable child and is not the last.

        A run rolls back to its newest checkpoint, which should be a good one; after the last generation it does not.

        Returns:
            Whether the last good generation has a checkpoint. If one cannot be written, older ones stay, one line on
            stderr reports it, and the next attempt is when the next checkpoint is due.
        """
        generation = int(self.model.generation.numpy())
        if generation == self._saved:
            return True
        stagnant = self.stagnant_generations()
        if stagnant and generation < self._steps:
            return self._saved >= generation - stagnant
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
