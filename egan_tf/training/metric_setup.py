"""Which metrics a run is judged by, and what they need."""

from __future__ import annotations

from pathlib import Path

from egan_tf import data
from egan_tf.metrics.evaluate import check_metrics
from egan_tf.metrics.extractors import EXTRACTORS, Extractor, load_extractor
from egan_tf.metrics.registry import METRICS
from egan_tf.training.callbacks.evaluation import Evaluations
from egan_tf.training.config import Config
from egan_tf.utils.checks import one_of
from egan_tf.utils.json_lines import JsonLinesWriter


def check_names(config: Config) -> None:
    """Refuses unknown metrics and extractors.

    Raises:
        InputError: naming the flag.
    """
    for name in config.metrics.metrics:
        one_of("metrics", name, METRICS)
    one_of("extractor", config.metrics.extractor, EXTRACTORS)


def extractor_of(config: Config, dataset: data.Dataset) -> Extractor | None:
    """The extractor of features that the metrics of a configuration take; None where they take none.

    Raises:
        InputError: for metrics that do not fit the data, or an extractor that lacks something.
    """
    wanted = config.metrics
    images = any(not METRICS[name].points for name in wanted.metrics)
    extractor = None
    if images and not isinstance(dataset, data.GaussianMixture):
        path = wanted.extractor_path or None
        extractor = load_extractor(wanted.extractor, dataset, config.data.data_dir, path)
    if wanted.metrics:
        check_metrics(wanted.metrics, dataset, extractor)
    return extractor


def evaluations_of(
    config: Config, dataset: data.Dataset, extractor: Extractor | None, log: JsonLinesWriter
) -> Evaluations | None:
    """The callback that judges while a run goes on; None where no metric is wanted."""
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
        chosen=wanted.monitor or None,
    )
