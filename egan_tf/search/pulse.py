"""The heartbeat of a trial, by which other machines know that it is alive."""

from __future__ import annotations

import math
import time

import optuna

from egan_tf.search import engine


class Pulse:
    """Beats now and then, as long as somebody asks it to."""

    def __init__(self, trial: optuna.Trial, beats: bool) -> None:
        """Takes the trial.

        Args:
            trial: not finished.
            beats: whether its storage is shared; no other takes heartbeats.
        """
        self._trial, self._beats, self._last = trial, beats, -math.inf

    def beat(self) -> None:
        """Tells the storage that the trial is alive, unless the last beat was a moment ago."""
        if self._beats and time.monotonic() >= self._last + engine.HEARTBEAT_SECONDS:
            engine.beat(self._trial.study, self._trial._trial_id)
            self._last = time.monotonic()
