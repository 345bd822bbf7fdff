"""Settings for data that has no preset, from the shape and the number of its samples."""

from __future__ import annotations

import importlib.util

from egan_tf import data
from egan_tf.data.resolution import networks_make
from egan_tf.metrics.extractors.efficientnet import PACKAGE
from egan_tf.metrics.registry import METRICS
from egan_tf.training.config import Config
from egan_tf.training.config_groups import MIN_EVALUATION_SAMPLES, NetworkConfig
from egan_tf.training.presets import AUTO, PRESETS

MIN_SIDE_OF_FEATURES = 16
"""Below it, features of a network for photographs say little."""
EVALUATION_SAMPLES = 2000
ADAPTED = (
    *(("data", "batch_size"), ("network", "network"), ("network", "width")),
    *(("metrics", name) for name in ("metrics", "extractor", "evaluation_samples", "evaluate_every")),
)
"""Section and name of the settings that depend on the data."""


def suggest(dataset: data.Dataset, network: str | None = None) -> Config:
    """The configuration for a data set of the user; its preset is "auto".

    Args:
        dataset: loaded; neither its name nor its place enter.
        network: that the user chose, by name or as `module:function`; None for one that suits the samples. The settings
            of a function are those of `NetworkConfig`, which it may leave out.
    """
    if not isinstance(dataset, data.ImageDataset):
        return _of_points(dataset, network)
    height, width, _ = dataset.shape
    count = len(dataset.images)
    suits = "dcgan" if height == width and networks_make(height) else "mlp"
    batch = 64 if max(height, width) <= 32 else 32
    return PRESETS[AUTO].replace(
        data={"batch_size": batch},
        network={"network": suits, **_settings_of(network or suits)},
        metrics=_metrics(dataset.shape, count),
    )


def _is_function(network: str) -> bool:
    # Imported here: networks bring Keras, which a report does without.
    from egan_tf.networks import NETWORKS

    return network not in NETWORKS


def _settings_of(network: str) -> dict[str, object]:
    if _is_function(network):
        defaults = NetworkConfig()
        return {name: getattr(defaults, name) for name in ("width", "latent_size")}
    return {"width": 256} if network == "mlp" else {}


def _of_points(dataset: data.Dataset, network: str | None) -> Config:
    """Points of a mixture as in the toys; of others no metric is known, and two numbers of noise would be too few."""
    config = PRESETS["ring8"].replace(run={"preset": AUTO})
    if not isinstance(dataset, data.GaussianMixture):
        config = config.replace(network={"latent_size": NetworkConfig().latent_size}, metrics={"metrics": ()})
    of_user = network is not None and _is_function(network)
    return config.replace(network=_settings_of(network)) if of_user and network else config


def _metrics(shape: tuple[int, ...], count: int) -> dict[str, object]:
    """Metrics that work with as many samples, by the best features that are installed."""
    installed = importlib.util.find_spec(PACKAGE.replace("-", "_")) is not None
    large = min(shape[:2]) >= MIN_SIDE_OF_FEATURES
    names = ("frechet_distance", "kernel_distance") if large and installed else ("kernel_distance",)
    return {
        "metrics": tuple(name for name in names if count >= METRICS[name].min_real),
        "extractor": "efficientnet_lite0" if large and installed else "pixels",
        "evaluation_samples": max(MIN_EVALUATION_SAMPLES, min(EVALUATION_SAMPLES, count)),
        "evaluate_every": 2000,
    }
