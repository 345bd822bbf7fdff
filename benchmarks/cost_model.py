"""Equal cost as a model: generations are counted, each at the price that was measured for its kind.

So a job is a function of its numbers, whatever else the machine does. `benchmarks/job_processes.py` runs such jobs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from benchmarks.timing import interleaved
from egan_tf.evolution.tournaments import AUTO, MATERIAL_SPREAD

NEVER = "every:1000000"
"""A rule that holds no tournament in any of these runs."""
RULE = f"{AUTO}_{MATERIAL_SPREAD:g}"
"""What `auto` means, so that results of another rule are not taken for those of this one."""
KINDS = {"tournament": "always", "plain": NEVER}
TIMED, WARM_UP = 12, 3
"""Calls of each kind that are timed, turn by turn, and calls before them."""

Cost = Mapping[str, float]
"""Seconds of a generation by its kind."""


def one_thread() -> None:
    """To be called before TensorFlow computes."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def measured(works: Mapping[str, Callable[[], Any]], generations: int) -> dict[str, float]:
    """The processor's seconds of a generation by its kind: medians of an interleaved run of calls of so many."""
    found = interleaved(works, TIMED, WARM_UP, time.process_time)
    return {kind: float(np.median(seconds)) / generations for kind, seconds in found.items()}


def converted(cost: Cost, unit: Cost, unit_there: Cost) -> dict[str, float]:
    """A cost in another machine's seconds: a tournament of `unit`, E-GAN's, was measured on both."""
    return {kind: seconds * unit_there["tournament"] / unit["tournament"] for kind, seconds in cost.items()}


def counts(egan: Any) -> tuple[int, int]:
    """Generations, and those that held a tournament."""
    return int(egan.generation.numpy()), int(egan.population.tournaments.tournaments.numpy())


def spent(egan: Any, cost: Cost) -> float:
    """What the generations of a model have cost, seconds."""
    generations, held = counts(egan)
    return held * cost["tournament"] + (generations - held) * cost["plain"]


class Budget(keras.callbacks.Callback):
    """Ends training when `progress` reaches 1, with learning rates that fall over the second half of it.

    Args:
        progress: the part of the budget that is spent, from a model to a number.
        final_fraction: of the learning rates, at the end.
    """

    def __init__(self, progress: Callable[[Any], float], final_fraction: float = 1.0) -> None:
        super().__init__()
        self._progress, self._final = progress, final_fraction

    def on_train_begin(self, logs: Any = None) -> None:
        """Remembers the initial rates."""
        self._rates = [float(optimizer.learning_rate) for optimizer in self._optimizers] if self._final < 1 else []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Compares with the budget."""
        progress = self._progress(self.model)
        self.model.stop_training = progress >= 1.0
        decayed = min(1.0, max(0.0, 2.0 * progress - 1.0))
        for optimizer, rate in zip(self._optimizers, self._rates, strict=False):
            optimizer.learning_rate = rate * (1.0 - (1.0 - self._final) * decayed)

    @property
    def _optimizers(self) -> Sequence[keras.optimizers.Optimizer]:
        return self.model.generator_optimizer, self.model.discriminator_optimizer
