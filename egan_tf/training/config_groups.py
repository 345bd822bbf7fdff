"""The groups of settings of a run. What `EGAN` takes is in `evolution.settings`.

The limits of single values are declared and checked here. What depends on other values, on registries, on the data or
on the disk is checked by `training.check`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import pydantic

from egan_tf.data.options import MAX_RESOLUTION, MIN_RESOLUTION
from egan_tf.evolution.settings import MAX_GENERATIONS, MAX_SAMPLES
from egan_tf.sampling.calls import MAX_ROWS
from egan_tf.utils.checks import format_value, require
from egan_tf.utils.settings import Settings, setting

# More than any machine can hold. Smaller values that still do not fit are refused when the networks are built.
MAX_UNITS = 2**16
MIN_EVALUATION_SAMPLES = 10
DEVICE_PATTERN = r"(CPU|GPU):(\d{1,3})"
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"


def check_name(name: str) -> None:
    """Refuses a name that is not a plain folder name; an empty name is allowed, for that of the data set."""
    require(
        not name or re.fullmatch(NAME_PATTERN, name) is not None,
        "name",
        "must be letters, digits, '.', '_' and '-', at most 100, the first a letter or digit, "
        f"got {format_value(name)}",
    )


def check_devices(devices: tuple[str, ...]) -> None:
    """Refuses anything but "auto", "1", "all" or names of devices such as GPU:0."""
    named = all(re.fullmatch(DEVICE_PATTERN, name) for name in devices)
    problem = f"must be auto, 1, all or names such as GPU:0 GPU:1, got {format_value(' '.join(devices))}"
    require(named or devices in (("auto",), ("1",), ("all",)), "devices", problem)


class RunConfig(Settings):
    """Run."""

    preset: str = setting(
        "digits",
        "named settings to start from; by default those with the data set's name",
        registry="egan_tf.training.presets:PRESETS",
    )
    steps: int = setting(4000, "generations", ge=1, le=MAX_GENERATIONS, changeable=True)
    name: str = setting("", "name of the run and of its exported model; by default the data set's", changeable=True)
    runs_dir: str = setting("runs", "folder of the runs' records", folder=True)
    models_dir: str = setting("saved_models", "folder of the exported models", folder=True)
    overwrite: bool = setting(False, "replace an exported model of this name", changeable=True)
    formats: tuple[str, ...] = setting(
        ("saved_model", "onnx"),
        "formats of the export",
        min_length=1,
        registry="egan_tf.export.formats:FORMATS",
        changeable=True,
    )
    rows_per_call: int | None = setting(
        None,
        "rows of noise that a sampler gives onnxruntime at once, fixed in the ONNX files; none: what "
        "an export measures as the fastest",
        ge=1,
        le=MAX_ROWS,
        changeable=True,
    )
    weights_license: str = setting(
        "", "licence of the exported weights, for the card, such as CC-BY-4.0", changeable=True
    )
    log_every: int = setting(
        20, "generations between records in metrics.jsonl", ge=1, le=MAX_GENERATIONS, changeable=True
    )
    sample_every: int = setting(500, "generations between sample grids", ge=1, le=MAX_GENERATIONS, changeable=True)
    checkpoint_every: int = setting(
        0, "generations between checkpoints; 0 for by the clock", ge=0, le=MAX_GENERATIONS, changeable=True
    )
    checkpoint_minutes: float = setting(
        1.0,
        "minutes between checkpoints by the clock; more if they would take over 1 % of the time",
        ge=0.0,
        changeable=True,
    )
    keep_checkpoints: int = setting(
        3,
        "newest checkpoints to keep; the best by the monitored metric is kept besides",
        ge=1,
        le=MAX_GENERATIONS,
        changeable=True,
    )
    stagnation_limit: int = setting(
        100,
        "generations in a row without a viable child after which the run rolls back once; the second time it stops",
        ge=1,
        le=MAX_GENERATIONS,
        changeable=True,
    )
    export_on_stop: bool = setting(False, "export also when a signal stops the run", changeable=True)
    tensorboard: bool = setting(False, "write TensorBoard event files too, into the run's folder", changeable=True)
    precision: Literal["float32", "mixed_bfloat16"] = setting(
        "float32", "arithmetic of the networks; weights, optimizer state and fitness stay float32"
    )
    xla: Literal["auto", "on", "off"] = setting(
        "auto",
        "compile the generation by XLA; auto means on a GPU, and on a CPU for the toys, where it pays",
        changeable=True,
    )
    devices: tuple[str, ...] = setting(
        ("auto",),
        "devices that share every batch: auto, one, or with a strategy or TF_CONFIG all GPUs; 1; all; or names such as "
        "GPU:0 GPU:1",
        min_length=1,
        changeable=True,
    )
    strategy: Literal["auto", "one", "mirrored", "multiworker"] = setting(
        "auto",
        "tf.distribute: one device, mirrored over those of this machine, or multiworker over the processes that "
        "TF_CONFIG names; auto for what devices and TF_CONFIG ask for",
        changeable=True,
    )
    steps_per_execution: int = setting(
        1,
        "generations per call from Python; more is faster for small networks",
        ge=1,
        le=MAX_GENERATIONS,
        changeable=True,
    )

    @pydantic.field_validator("devices")
    @classmethod
    def _check_devices(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        check_devices(devices)
        return devices

    @pydantic.field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        check_name(name)
        return name


class DataConfig(Settings):
    """Data."""

    dataset: str | Callable[..., Any] = setting(
        "digits",
        "data set: a name, folder:PATH, npz:PATH, npy:PATH, lsun:PATH, tfds:NAME[/CONFIG][:SPLIT]",
        registry="egan_tf.data:DATASETS",
        functions=True,
    )
    data_dir: str = setting("data", "folder of prepared data sets, and of decoded pictures", folder=True)
    batch_size: int = setting(64, "samples in a step of the discriminator and of a mutation", ge=1, le=MAX_SAMPLES)
    resolution: int | None = setting(
        None,
        "side of the images: the square in the middle of each picture, resized with antialiasing; none: a side that "
        "suits the pictures",
        ge=MIN_RESOLUTION,
        le=MAX_RESOLUTION,
    )
    channels: int | None = setting(
        None, "1 (grey), 3 (RGB) or 4 (RGB with alpha); none: as in the pictures", ge=1, le=4
    )
    flip: bool = setting(False, "let every image count mirrored, too")
    strict: bool = setting(
        False, "refuse pictures that cannot be used, instead of leaving them out by name", changeable=True
    )
    memory_mb: float = setting(
        512.0,
        "images of up to this many MiB are held in memory; more are read from the cache on disk",
        ge=0.0,
        changeable=True,
    )
    cache_gb: float = setting(
        50.0, "limit of the cache of decoded pictures, in data_dir/decoded", ge=0.0, changeable=True
    )


class NetworkConfig(Settings):
    """Networks."""

    network: str | Callable[..., Any] = setting(
        "dcgan",
        "architecture: mlp for points and images, the others for square images; or a function that returns "
        "(generator, discriminator)",
        registry="egan_tf.networks:NETWORKS",
        functions=True,
    )
    conditional: bool = setting(
        False, "class-conditional networks, which get the labels of the data and sample by class"
    )
    width: int = setting(
        32, "channels at the full resolution of images, or units of a hidden layer", ge=1, le=MAX_UNITS
    )
    generator_normalization: str = setting(
        "auto",
        "normalization in the generator; auto for what the network's authors have",
        registry="egan_tf.networks:NORMALIZATIONS",
    )
    discriminator_normalization: str = setting(
        "auto",
        "normalization in the discriminator; auto for what the network's authors have",
        registry="egan_tf.networks:NORMALIZATIONS",
    )
    latent_size: int = setting(32, "numbers of noise per sample", ge=1, le=MAX_UNITS)


class OptimizerConfig(Settings):
    """Optimizers: Adam for both networks."""

    generator_learning_rate: float = setting(1e-3, "learning rate of the generators", gt=0.0, changeable=True)
    discriminator_learning_rate: float = setting(1e-3, "learning rate of the discriminator", gt=0.0, changeable=True)
    generator_beta_1: float = setting(
        0.5, "decay rate of the first moment, generators", ge=0.0, lt=1.0, changeable=True
    )
    discriminator_beta_1: float = setting(
        0.5, "decay rate of the first moment, discriminator", ge=0.0, lt=1.0, changeable=True
    )
    beta_2: float = setting(0.99, "decay rate of the second moment, both", ge=0.0, lt=1.0, changeable=True)
    initial_beta_2: float | None = setting(
        None, "beta_2 at the start of the burn-in; none: beta_2", ge=0.0, lt=1.0, changeable=True
    )
    epsilon: float = setting(1e-8, "Adam's epsilon", gt=0.0, changeable=True)
    final_learning_rate_fraction: float = setting(
        0.05,
        "fraction of the learning rates left at the end, after a linear decay over the second half of training",
        ge=0.0,
        le=1.0,
        changeable=True,
    )


class MetricsConfig(Settings):
    """Metrics: of the fittest survivor's samples, during the run."""

    metrics: tuple[str, ...] = setting(
        ("frechet_distance", "precision", "recall"),
        "metrics to record; none if no name follows",
        registry="egan_tf.metrics.registry:METRICS",
        changeable=True,
    )
    monitor: str = setting(
        "", "the metric, one of these, that decides which checkpoint is best; by default the first", changeable=True
    )
    evaluate_every: int = setting(1000, "generations between evaluations", ge=1, le=MAX_GENERATIONS, changeable=True)
    evaluation_samples: int = setting(
        2000,
        "generated samples per evaluation, compared with as many real ones if there are that many",
        ge=MIN_EVALUATION_SAMPLES,
        le=MAX_SAMPLES,
        changeable=True,
    )
    by_class: bool = setting(
        True, "metrics of each class as well, for conditional networks of at most 100 classes", changeable=True
    )
    extractor: str = setting(
        "cnn",
        "features of images; cnn is a classifier of the data set's labels",
        registry="egan_tf.metrics.extractors:EXTRACTORS",
        changeable=True,
    )
    extractor_path: str = setting("", "file of the official Inception graph", changeable=True)
