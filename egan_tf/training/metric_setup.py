"""The metrics that a run records, and what they need."""

from __future__ import annotations

from pathlib import Path

from egan_tf import data
from egan_tf.metrics.evaluate import check_metrics
from egan_tf.metrics.extractors import Extractor, load_extractor
from egan_tf.metrics.registry import METRICS
from egan_tf.training.callbacks.evaluation import Evaluations
from egan_tf.training.config import Config
from egan_tf.utils.json_lines import JsonLinesWriter


def load_metric_extractor(config: Config, dataset: data.Dataset, trained: bool = True) -> Extractor | None:
    """The feature extractor that the configured metrics take; None where they take none.

    Args:
        config: the configuration.
        dataset: the real samples.
        trained: whether one that has to be trained first is trained; if not, it serves checks only.

    Raises:
        InputError: for metrics that do not fit the data, or an extractor that lacks something.
    """
    wanted = config.metrics
    images = any(not METRICS[name].points for name in wanted.metrics)
    extractor = None
    if images and not isinstance(dataset, data.GaussianMixture):
        path = wanted.extractor_path or None
        extractor = load_extractor(wanted.extractor, dataset, config.data.data_dir, path, trained=trained)
    if wanted.metrics:
        check_metrics(wanted.metrics, dataset, extractor)
    return extractor


def make_evaluations(
    config: Config, dataset: data.Dataset, extractor: Extractor | None, log: JsonLinesWriter
) -> Evaluations | None:
    """The callback that evaluates the metrics during the run; None where no metric is configured."""
    wanted = config.metrics
    if not wanted.metrics:
        return None
    return Evaluations(
        log,
        wanted.evaluate_every,
        dataset,
        wanted.metrics,
        extractor=extractor,
        count=wanted.evaluation_samples,
        cache_dir=Path(config.data.data_dir).expanduser() / "metrics",
        monitor=wanted.monitor or None,
    )
