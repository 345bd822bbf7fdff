"""Sets up the metrics that a run records, and the feature extractor that they need."""

from __future__ import annotations

from egan_tf import data
from egan_tf.metrics.evaluate import check_counts, check_metrics
from egan_tf.metrics.extractors import Extractor, load_extractor, reads_file
from egan_tf.metrics.registry import METRICS
from egan_tf.training.callbacks.class_evaluation import MAX_CLASSES, ClassEvaluations
from egan_tf.training.callbacks.evaluation import Evaluations
from egan_tf.training.config import Config
from egan_tf.training.config_groups import MetricsConfig
from egan_tf.utils.checks import require
from egan_tf.utils.json_lines import JsonLinesWriter
from egan_tf.utils.paths import user_path


def check_extractor_is_used(config: Config, dataset: data.Dataset) -> None:
    """Refuses an extractor, or a file for it, that no metric of a run takes.

    Raises:
        InputError: `extractor` is not at its default for points, or `extractor_path` is given where no file is read.
    """
    settings, default = config.metrics, MetricsConfig().extractor
    images = any(not METRICS[name].points for name in settings.metrics)
    points = isinstance(dataset, data.GaussianMixture)
    problem = f"is not used for {dataset.name}, which holds points; leave it at its default, {default}"
    # Metrics of images do not fit points, which is said elsewhere.
    require(settings.extractor == default or not points or images, "extractor", problem)
    if not settings.extractor_path:
        return
    require(images, "extractor_path", "is not used, as no metric of the run takes an extractor; leave it out")
    require(reads_file(settings.extractor), "extractor_path", f"{settings.extractor} reads no file; leave it out")


def load_metric_extractor(config: Config, dataset: data.Dataset, trained: bool = True) -> Extractor | None:
    """The feature extractor of the configured metrics; None if they take none.

    Args:
        config: the configuration.
        dataset: the real samples.
        trained: whether an extractor that has to be trained first is trained; if not, it only serves for checks.

    Raises:
        InputError: the metrics do not fit the data, or something that the extractor needs is missing.
    """
    settings = config.metrics
    check_counts(settings.metrics, dataset)  # before an extractor is trained for them
    images = any(not METRICS[name].points for name in settings.metrics)
    extractor = None
    if images and not isinstance(dataset, data.GaussianMixture):
        path = (settings.extractor_path or None) if reads_file(settings.extractor) else None
        extractor = load_extractor(settings.extractor, dataset, config.data.data_dir, path, trained=trained)
    if settings.metrics:
        check_metrics(settings.metrics, dataset, extractor)
    return extractor


def make_evaluations(
    config: Config, dataset: data.Dataset, extractor: Extractor | None, log: JsonLinesWriter
) -> Evaluations | None:
    """The callback that evaluates the metrics during the run; None if no metric is configured."""
    settings = config.metrics
    if not settings.metrics:
        return None
    return Evaluations(
        log,
        settings.evaluate_every,
        dataset,
        settings.metrics,
        extractor=extractor,
        count=settings.evaluation_samples,
        cache_dir=user_path("data_dir", config.data.data_dir) / "metrics",
        monitor=settings.monitor or None,
    )


def make_class_evaluations(
    config: Config, dataset: data.Dataset, extractor: Extractor | None, log: JsonLinesWriter
) -> ClassEvaluations | None:
    """The callback that evaluates the metrics of each class; None if there are none, or they are not asked for."""
    settings, wanted = config.metrics, config.network.conditional and config.metrics.by_class
    few = 0 < len(dataset.class_names) <= MAX_CLASSES
    if not (wanted and few and settings.metrics and extractor and isinstance(dataset, data.ImageDataset)):
        return None
    return ClassEvaluations(
        log,
        settings.evaluate_every,
        dataset,
        settings.metrics,
        extractor=extractor,
        count=settings.evaluation_samples,
        cache_dir=user_path("data_dir", config.data.data_dir) / "metrics",
    )
