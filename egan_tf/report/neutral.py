"""The settings that change no result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SEED = ("evolution", "seed")

NEUTRAL: Mapping[str, Sequence[str]] = {
    "run": (
        *("preset", "name", "overwrite", "formats", "rows_per_call", "weights_license", "export_on_stop"),
        *("log_every", "sample_every", "tensorboard", "checkpoint_every", "checkpoint_minutes", "keep_checkpoints"),
    ),
    "data": ("strict", "memory_mb", "cache_gb"),
    "metrics": ("metrics", "monitor", "by_class", "extractor", "extractor_path", "evaluation_samples"),
}
"""Settings that change no result, by section; folders, which are declared as such, are neutral too.

What is trained does not depend on them. Those of the metrics are in the name and protocol of each value, so that only
values of the same measurement meet; `evaluate_every` is not here, because the best of more evaluations is better.
"""


def is_neutral(section: str, name: str) -> bool:
    """Whether runs that differ in this setting, the seed among them, are of one group."""
    return (section, name) == SEED or name in NEUTRAL.get(section, ())
