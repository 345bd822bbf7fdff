"""Earlier names in configurations and records, so that old runs and cards can still be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# (section, name): earlier to current.
SETTINGS = {
    ("run", "seed"): ("evolution", "seed"),
    ("network", "latent"): ("evolution", "latent_distribution"),
    ("network", "latent_distribution"): ("evolution", "latent_distribution"),
    ("evolution", "reuse_scoring"): ("evolution", "reuse_evaluation_batch"),
    ("evolution", "r1"): ("evolution", "r1_weight"),
    ("evolution", "gradient_penalty"): ("evolution", "gradient_penalty_weight"),
    ("evolution", "moving_average"): ("evolution", "ema_decay"),
    ("optimizer", "final_learning_rate"): ("optimizer", "final_learning_rate_fraction"),
    ("metrics", "best_by"): ("metrics", "monitor"),
    ("metrics", "metric_samples"): ("metrics", "evaluation_samples"),
}
METRICS = {"class_score": "classifier_score", "share_within_3_sigma": "high_quality_share"}
# Keys of a record in metrics.jsonl, current first.
SELECTION_COUNTS = ("decided_counts", "selection_counts", "wins")


def with_new_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces earlier names in a configuration from JSON; anything else is left for the validation to refuse.

    An earlier name beside its current one is left too, so that it is refused as unknown.
    """
    new = {section: dict(values) if isinstance(values, Mapping) else values for section, values in config.items()}
    for (section, name), (new_section, new_name) in SETTINGS.items():
        source, target = new.get(section), new.setdefault(new_section, {}) if section in new else None
        if isinstance(source, dict) and isinstance(target, dict) and name in source and new_name not in target:
            target[new_name] = source.pop(name)
    metrics = new.get("metrics")
    if isinstance(metrics, dict):
        for name, value in metrics.items():
            metrics[name] = _with_new_metrics(value) if name in ("metrics", "monitor") else value
    return new


def metric_name(name: Any) -> Any:
    """The current name of a metric."""
    return METRICS.get(name, name) if isinstance(name, str) else name


def selection_counts_of(record: Mapping[str, Any]) -> Any:
    """How often each mutation won since the beginning, of a record in metrics.jsonl; None if it has none.

    Wins by less than float32's rounding do not count in records that tell them apart.
    """
    return next((record[key] for key in SELECTION_COUNTS if key in record), None)


def _with_new_metrics(value: Any) -> Any:
    return [metric_name(name) for name in value] if isinstance(value, list) else metric_name(value)
