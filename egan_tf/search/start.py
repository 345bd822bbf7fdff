"""What a study begins with: its limits, and the seeds of a sweep. All can be raised later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from egan_tf.search.seeds import MAX_SWEPT_SEED
from egan_tf.utils.checks import integer, require


@dataclass(frozen=True)
class Start:
    """The beginning of a study.

    Attributes:
        trials: the number of trials to stop at; 0 for no limit.
        budget: the number of generations of all trials to stop at; 0 for no limit.
        seeds: of a sweep.
    """

    trials: int = 0
    budget: int = 0
    seeds: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return {"trials": self.trials, "budget": self.budget, "seeds": list(self.seeds)}


def start_of(values: Any, where: str) -> Start | None:
    """Reads the start of untrusted values; None for those of older versions, which lack it.

    Raises:
        InputError: they are not those of `to_dict`.
    """
    if values is None:
        return None
    valid = isinstance(values, Mapping) and isinstance(values.get("seeds"), list)
    require(valid, where, "start must be an object with trials, budget and seeds")
    trials, budget = (integer(where, values.get(name), 0) for name in ("trials", "budget"))
    return Start(trials, budget, tuple(integer(where, seed, 0, MAX_SWEPT_SEED) for seed in values["seeds"]))
