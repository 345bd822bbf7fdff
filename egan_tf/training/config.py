"""The configuration of a run: one frozen dataclass per concern, presets, and their way to and from JSON.

Whatever the values come from (a preset, the command line, a file), they are checked here, before anything starts.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from egan_tf.utils.checks import InputError, format_value, integer, number, one_of, require

# More than any machine holds; what is below, and still too much, is refused when the networks are built.
MAX_UNITS = 2**16
MAX_SAMPLES = 2**20
# The generation is a coordinate of the noise, which has 31 bits for it.
MAX_GENERATIONS = 2**31 - 1
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"


def check_name(name: str) -> None:
    """Refuses a name that is no plain name of a folder; an empty one stands for the data set's."""
    require(
        not name or re.fullmatch(NAME_PATTERN, name) is not None,
        "name",
        f"must be letters, digits, '.', '_' and '-', at most 100, the first a letter or digit, got {format_value(name)}",
    )


@dataclass(frozen=True)
class DataConfig:
    """The real samples."""

    dataset: str = "digits"
    """Data set: digits, fashion_mnist, cifar10, ring8 or grid25."""
    data_dir: str = "data"
    """Folder of prepared data sets."""
    batch_size: int = 64
    """Samples in a step of the discriminator and of a mutation."""

    def __post_init__(self) -> None:
        from egan_tf.data import DATASETS

        one_of("dataset", self.dataset, DATASETS)
        integer("batch_size", self.batch_size, maximum=MAX_SAMPLES)


@dataclass(frozen=True)
class NetworkConfig:
    """The networks."""

    network: str = "dcgan"
    """Architecture: dcgan (square images) or mlp (points and images)."""
    width: int = 32
    """Channels of the widest map or units of a hidden layer."""
    generator_normalization: str = "none"
    """Normalisation in the generator: none or batch."""
    discriminator_normalization: str = "none"
    """Normalisation in the discriminator: none or batch."""
    latent_size: int = 32
    """Numbers of noise per sample."""
    latent_distribution: str = "normal"
    """Distribution of the noise: normal or uniform (in [-1, 1])."""

    def __post_init__(self) -> None:
        integer("width", self.width, maximum=MAX_UNITS)
        integer("latent_size", self.latent_size, maximum=MAX_UNITS)


@dataclass(frozen=True)
class EvolutionConfig:
    """The evolution."""

    mutations: tuple[str, ...] = ("minimax", "heuristic", "least_squares")
    """Mutations: some of minimax, heuristic, least_squares, least_squares_logit."""
    population_size: int = 1
    """Individuals that survive a generation."""
    gamma: float = 0.01
    """Weight of diversity in the fitness."""
    evaluation_size: int | None = None
    """Samples that a child is scored on; None for the batch size."""
    reuse_evaluation_batch: bool = True
    """Take the discriminator's first step on the scoring batch, whose gradient is there already."""
    discriminator_steps: int = 1
    """Optimizer steps of the discriminator per generation."""
    mutation_steps: int = 1
    """Optimizer steps of a child before it is scored."""
    fitness: str = "egan"
    """Fitness: egan (quality and diversity), quality or diversity."""
    r1_weight: float = 1.0
    """Weight of the R1 penalty on the discriminator's slope at real samples."""
    gradient_penalty_weight: float = 0.0
    """Weight of the WGAN-GP penalty on its slope between real and fake samples."""
    ema_decay: float = 0.999
    """Decay of the moving average of weights that follows each lineage; 0 for none."""


@dataclass(frozen=True)
class OptimizerConfig:
    """The optimizers: Adam for both networks."""

    generator_learning_rate: float = 1e-3
    """Learning rate of the generators."""
    discriminator_learning_rate: float = 1e-3
    """Learning rate of the discriminator."""
    generator_beta_1: float = 0.5
    """First decay rate of the generators' Adam."""
    discriminator_beta_1: float = 0.5
    """First decay rate of the discriminator's Adam."""
    beta_2: float = 0.99
    """Second decay rate of both."""
    epsilon: float = 1e-8
    """Adam's epsilon."""
    final_learning_rate_fraction: float = 0.05
    """Share of the learning rates that is left at the end, after a straight fall over the second half."""

    def __post_init__(self) -> None:
        for name in ("generator_learning_rate", "discriminator_learning_rate", "epsilon"):
            number(name, getattr(self, name), 0.0, above=True)
        for name in ("generator_beta_1", "discriminator_beta_1", "beta_2"):
            number(name, getattr(self, name), 0.0, 1.0, below=True)
        number("final_learning_rate_fraction", self.final_learning_rate_fraction, 0.0, 1.0)


@dataclass(frozen=True)
class MetricsConfig:
    """The metrics of the fittest survivor's samples while the run goes on."""

    metrics: tuple[str, ...] = ("frechet_distance", "precision", "recall")
    """Metrics. Of images: frechet_distance, kernel_distance, precision, recall, density, coverage, classifier_score; of
    points: modes_covered, high_quality_share, mode_divergence, mixture_mmd; without a name, none."""
    monitor: str = ""
    """The metric, one of these, by which the best checkpoint is kept; by default the first."""
    evaluate_every: int = 1000
    """Generations between evaluations."""
    evaluation_samples: int = 2000
    """Samples to judge, and as many real ones to compare with, if there are that many."""
    extractor: str = "cnn"
    """Features of images: pixels, pixels_pca, cnn (a classifier of the data set's labels), efficientnet_lite0 or
    inception."""
    extractor_path: str = ""
    """File of the official Inception graph."""

    def __post_init__(self) -> None:
        integer("evaluate_every", self.evaluate_every, maximum=MAX_GENERATIONS)
        integer("evaluation_samples", self.evaluation_samples, 10, MAX_SAMPLES)
        require(
            not self.monitor or self.monitor in self.metrics, "monitor", f"must be one of {', '.join(self.metrics)}"
        )


@dataclass(frozen=True)
class RunConfig:
    """The run."""

    preset: str = "digits"
    """Settings to start from: one for each of digits, fashion_mnist, cifar10, ring8, grid25; or paper, the authors'
    protocol on cifar10."""
    steps: int = 4000
    """Generations."""
    seed: int = 0
    """The run is a function of this."""
    name: str = ""
    """Name of the run and of its exported model; by default the data set's."""
    runs_dir: str = "runs"
    """Folder of the runs' records."""
    models_dir: str = "saved_models"
    """Folder of the exported models."""
    overwrite: bool = False
    """Replace an exported model of this name."""
    formats: tuple[str, ...] = ("saved_model", "onnx")
    """Formats to export: some of saved_model, onnx."""
    log_every: int = 20
    """Generations between records in metrics.jsonl."""
    sample_every: int = 500
    """Generations between sample grids."""
    checkpoint_every: int = 0
    """Generations between checkpoints; 0 for by the clock."""
    checkpoint_minutes: float = 1.0
    """Minutes between checkpoints by the clock; more where they would take over 1 % of the time."""
    keep_checkpoints: int = 3
    """Newest checkpoints to keep; the best is kept besides."""
    stagnation_limit: int = 100
    """Generations in a row without a viable child, after which the run goes back once, and the next time stops."""
    export_on_stop: bool = False
    """Export also when a signal stops the run."""
    tensorboard: bool = False
    """Write TensorBoard's event files too, into the run's folder."""
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    """Arithmetic of the networks; weights, optimizer state and fitness stay float32."""
    xla: Literal["auto", "on", "off"] = "auto"
    """Compile the generation by XLA; auto means on a GPU, and on a CPU for the toys, where it pays."""
    steps_per_execution: int = 1
    """Generations per call from Python; more is faster for small networks."""

    def __post_init__(self) -> None:
        for name in ("steps", "log_every", "sample_every", "steps_per_execution"):
            integer(name, getattr(self, name), maximum=MAX_GENERATIONS)
        for name in ("keep_checkpoints", "stagnation_limit"):
            integer(name, getattr(self, name), maximum=MAX_GENERATIONS)
        integer("checkpoint_every", self.checkpoint_every, 0, MAX_GENERATIONS)
        number("checkpoint_minutes", self.checkpoint_minutes, 0.0)
        check_name(self.name)
        require(bool(self.formats), "formats", "must name at least one format")
        for name in ("steps", "log_every", "sample_every", "checkpoint_every"):
            require(
                getattr(self, name) % self.steps_per_execution == 0,
                name,
                f"must be a multiple of steps_per_execution, {self.steps_per_execution}",
            )


@dataclass(frozen=True)
class Config:
    """Trains E-GAN: a population of generators evolves against one discriminator.

    Without a flag it trains on the digits of scikit-learn and exports the fittest generator. A flag changes one value
    of the preset; --dry-run prints what comes out.
    """

    run: RunConfig = field(default_factory=RunConfig)
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    evolution: EvolutionConfig = field(default_factory=EvolutionConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)

    def __post_init__(self) -> None:
        every, call = self.metrics.evaluate_every, self.run.steps_per_execution
        require(every % call == 0, "evaluate_every", f"must be a multiple of steps_per_execution, {call}")

    @property
    def name(self) -> str:
        """The name of the run and of its exported model."""
        return self.run.name or self.data.dataset

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries that JSON can hold."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """As JSON text, which `from_json` reads back."""
        return json.dumps(self.to_dict(), indent=2) + "\n"


def from_json(text: str, where: str = "config") -> Config:
    """Reads a configuration from JSON, whose text may be anything.

    Raises:
        InputError: if it is not JSON, has unknown sections or keys, or values of a wrong type or range.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"is not JSON: {error}") from error
    return from_dict(values, where)


def from_dict(values: Any, where: str = "config") -> Config:
    """The configuration with the given sections and keys; what is left out keeps its default.

    Raises:
        InputError: for unknown sections or keys, and values of a wrong type or range.
    """
    return _build(Config, values, where)


def _build(kind: type, values: Any, where: str) -> Any:
    require(isinstance(values, Mapping), where, f"must be a JSON object, got {format_value(values)}")
    hints = typing.get_type_hints(kind)
    for key in values:
        one_of(where, key, hints)
    return kind(**{key: _value(hints[key], value, key) for key, value in values.items()})


def _value(kind: Any, value: Any, name: str) -> Any:
    """`value` as JSON gave it, in the type of the field `name`."""
    if dataclasses.is_dataclass(kind):
        return _build(typing.cast(type, kind), value, name)
    if typing.get_origin(kind) is types.UnionType:
        return None if value is None else _value(typing.get_args(kind)[0], value, name)
    if typing.get_origin(kind) is Literal:
        return one_of(name, value, typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        valid = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        require(valid, name, f"must be a list of names, got {format_value(value)}")
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**300 else math.inf
    require(type(value) is kind, name, f"must be of type {kind.__name__}, got {format_value(value)}")
    return value
