"""Which settings a resumed run may change."""

from __future__ import annotations

from typing import Any

from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError

# What shapes the state, the data's order or the noise: with another value it would not be the run that was stopped.
FIXED = frozenset(
    {
        *(f"network.{field}" for field in ("network", "width", "generator_normalization")),
        *(f"network.{field}" for field in ("discriminator_normalization", "latent_size", "latent_distribution")),
        "data.dataset",
        "data.batch_size",
        "evolution.mutations",
        "evolution.population_size",
        "evolution.evaluation_size",
        "evolution.reuse_evaluation_batch",
        "evolution.discriminator_steps",
        "evolution.ema_decay",
        "run.preset",
        "run.seed",
        "run.precision",
    }
)
# Where the folders are says nothing of the run.
_PLACES = frozenset({"run.runs_dir"})


def changes(before: Config, now: Config) -> dict[str, list[Any]]:
    """What differs between two configurations: `section.field` to [before, now].

    Raises:
        InputError: for the first setting that a resumed run cannot change.
    """
    old, new = before.to_dict(), now.to_dict()
    found = {
        f"{section}.{field}": [old[section][field], value]
        for section, fields in new.items()
        for field, value in fields.items()
        if old[section][field] != value and f"{section}.{field}" not in _PLACES
    }
    for name, (was, wanted) in found.items():
        if name in FIXED:
            raise InputError(
                name.split(".")[1],
                f"cannot change in a resumed run (it is {was!r}, not {wanted!r}); leave it out, or start a new run",
            )
    return found
