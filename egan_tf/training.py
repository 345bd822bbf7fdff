"""From a configuration to a trained, exported model."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf import data
from egan_tf.checkpoints import restore_checkpoint, save_checkpoint
from egan_tf.checks import InputError, one_of
from egan_tf.config import Config, OptimizerConfig, from_json
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.real_data import check_batch_size
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.card import versions
from egan_tf.networks import build_discriminator, build_generator
from egan_tf.reporting import run_folder
from egan_tf.reporting.metrics_log import MetricsLog, read_metrics
from egan_tf.reporting.mutations_plot import draw_mutations_plot
from egan_tf.reporting.progress import ProgressBar
from egan_tf.reporting.report import write_report_or_warn
from egan_tf.reporting.sample_grid import SampleGrid


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes:
        egan: the model.
        run: the folder of the run's record.
        export: the folder of the exported generator.
    """

    egan: EGAN
    run: Path
    export: Path


class LateDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, then over the second half of training a straight fall to a share of it."""

    def __init__(self, learning_rate: float, steps: int, final: float) -> None:
        """Args: learning_rate: the constant. steps: optimizer steps in all. final: the share at the end."""
        self.learning_rate, self.steps, self.final = learning_rate, steps, final

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The learning rate at an optimizer step, float32 scalar."""
        past_half = tf.clip_by_value(2.0 * tf.cast(step, tf.float32) / float(self.steps) - 1.0, 0.0, 1.0)
        return self.learning_rate * (1.0 - (1.0 - self.final) * past_half)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"learning_rate": self.learning_rate, "steps": self.steps, "final": self.final}


def check(config: Config) -> None:
    """Refuses what can be refused before data and networks are there.

    Raises:
        InputError: naming the flag.
    """
    EvolutionSettings(**dataclasses.asdict(config.evolution), latent=config.network.latent, seed=config.run.seed)
    check_batch_size(config.data.batch_size, config.evolution.population_size)
    for chosen in config.run.formats:
        one_of("formats", chosen, FORMATS)
    target = Path(config.run.models_dir) / config.name
    if target.exists() and not config.run.overwrite:
        raise InputError("name", f"{target} exists; choose another --name, or replace it with --overwrite")


def build(config: Config, sample_shape: tuple[int, ...]) -> EGAN:
    """The compiled model of a configuration, its weights drawn from the seed.

    Args:
        config: the configuration.
        sample_shape: of the data set.

    Raises:
        InputError: if the networks do not fit the data.
    """
    # A seed for initial weights: Keras takes 32 bits of it.
    keras.utils.set_random_seed(config.run.seed % 2**32)
    keras.config.set_dtype_policy(config.run.precision)
    try:
        return _build(config, sample_shape)
    finally:
        keras.config.set_dtype_policy("float32")


def _build(config: Config, sample_shape: tuple[int, ...]) -> EGAN:
    network = config.network
    generator = build_generator(
        network.network, sample_shape, network.latent_size, network.width, network.generator_normalization
    )
    discriminator = build_discriminator(
        network.network, sample_shape, network.width, network.discriminator_normalization
    )
    egan = EGAN(
        generator,
        discriminator,
        **dataclasses.asdict(config.evolution),
        latent=network.latent,
        seed=config.run.seed,
    )
    generator_steps = config.run.steps * config.evolution.mutation_steps
    discriminator_steps = config.run.steps * config.evolution.discriminator_steps
    rates = config.optimizer
    egan.compile(
        _adam(rates, rates.generator_learning_rate, rates.generator_beta_1, generator_steps),
        _adam(rates, rates.discriminator_learning_rate, rates.discriminator_beta_1, discriminator_steps),
        jit_compile="auto" if config.run.xla == "auto" else config.run.xla == "on",
        steps_per_execution=config.run.steps_per_execution,
    )
    return egan


def _adam(rates: OptimizerConfig, learning_rate: float, beta_1: float, steps: int) -> keras.optimizers.Optimizer:
    schedule = LateDecay(learning_rate, steps, rates.final_learning_rate)
    return keras.optimizers.Adam(schedule, beta_1=beta_1, beta_2=rates.beta_2, epsilon=rates.epsilon)


def train(config: Config) -> Trained:
    """Trains, records the run in `runs_dir/NNN-NAME/`, and exports the fittest generator to `models_dir/NAME/`.

    Args:
        config: the configuration.

    Returns:
        The model and where things are.

    Raises:
        InputError: before anything is written, for what cannot work.
    """
    check(config)
    dataset = data.load(config.data.dataset, config.data.data_dir)
    egan = build(config, dataset.shape)
    folder = run_folder.create_run_folder(Path(config.run.runs_dir), config.name)
    run_folder.write_whole(folder / run_folder.CONFIG, config.to_json())
    run_folder.write_whole(folder / run_folder.VERSIONS, json.dumps(versions(), indent=2) + "\n")
    evolve(egan, config, dataset, folder)
    save_checkpoint(egan, folder / run_folder.CHECKPOINTS)
    records = read_metrics(folder / run_folder.METRICS)
    draw_mutations_plot(records, folder / run_folder.MUTATIONS_PLOT)
    exported = export(egan, config, dataset)
    write_report_or_warn(folder)
    return Trained(egan, folder, exported)


def evolve(egan: EGAN, config: Config, dataset: data.Dataset, folder: Path) -> None:
    """Runs the generations that are left, with progress, records and sample grids."""
    run = config.run
    start = int(egan.generation.numpy())
    callbacks: Sequence[keras.callbacks.Callback] = [
        MetricsLog(folder / run_folder.METRICS, run.log_every),
        SampleGrid(folder / run_folder.SAMPLES, run.sample_every, dataset.value_range),
        ProgressBar(run.steps, run.log_every),
    ]
    size = egan.samples_per_generation(config.data.batch_size)
    egan.fit(
        dataset.batches(size, run.seed, start),
        batch_size=config.data.batch_size,
        steps_per_epoch=run.steps - start,
        callbacks=list(callbacks),
        verbose=0,
    )


def load_run(folder: Path) -> tuple[EGAN, Config, data.Dataset]:
    """The model of a run at its last checkpoint, with its configuration and data set.

    Raises:
        InputError: if the folder is none of a run, or has no checkpoint that can be read.
    """
    file = folder / run_folder.CONFIG
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("run", f"{folder} is not the folder of a run: {file.name} cannot be read") from error
    config = from_json(text, where=str(file))
    dataset = data.load(config.data.dataset, config.data.data_dir)
    egan = build(config, dataset.shape)
    restore_checkpoint(egan, folder / run_folder.CHECKPOINTS)
    return egan, config, dataset


def export(
    egan: EGAN,
    config: Config,
    dataset: data.Dataset,
    *,
    individual: int = 0,
    formats: Sequence[str] | None = None,
    directory: Path | None = None,
    overwrite: bool | None = None,
) -> Path:
    """Exports one survivor with its card.

    Args:
        egan: the trained model.
        config: its configuration.
        dataset: what it was trained on.
        individual: its rank, 0 being the fittest.
        formats: instead of the configuration's.
        directory: instead of the configuration's `models_dir/NAME`.
        overwrite: instead of the configuration's.

    Returns:
        The directory.
    """
    return export_generator(
        egan.individual(individual),
        directory or Path(config.run.models_dir) / config.name,
        latent=egan.latent,
        value_range=dataset.value_range,
        card=_card(egan, config, dataset, individual),
        formats=tuple(formats or config.run.formats),
        overwrite=config.run.overwrite if overwrite is None else overwrite,
    )


def _card(egan: EGAN, config: Config, dataset: data.Dataset, individual: int) -> dict[str, Any]:
    """What the exported files' reader wants to know of their making."""
    population = egan.population
    lineage = {name: np.asarray(value)[individual].tolist() for name, value in population.lineage._asdict().items()}
    return {
        "name": config.name,
        "data": {
            "name": dataset.name,
            "split": dataset.split,
            "description": dataset.description,
            "fingerprint": dataset.fingerprint,
        },
        "steps": int(egan.generation.numpy()),
        "individual": individual,
        "scores": {name: float(value[individual]) for name, value in population.scores._asdict().items()},
        "weights": "moving average of the lineage" if population.averages else "last generation",
        "lineage": {
            "founder": lineage["founder"],
            "last_mutation": egan.mutation_names[lineage["mutation"]],
            "ancestry": dict(zip(egan.mutation_names, lineage["ancestry"], strict=True)),
        },
        "config": _told(config),
    }


def _told(config: Config) -> dict[str, Any]:
    """The configuration without the folders of the machine that it ran on."""
    values = config.to_dict()
    for section, key in (("run", "runs_dir"), ("run", "models_dir"), ("data", "data_dir")):
        del values[section][key]
    return values
