"""From a configuration, or from a run that was stopped, to a trained, exported model."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.real_data import check_batch_size
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.export import FORMATS
from egan_tf.training import run_folder
from egan_tf.training.build import build
from egan_tf.training.checkpoints import Checkpoints, Manifest
from egan_tf.training.config import Config, from_json
from egan_tf.training.export_run import export, export_dir, is_exported
from egan_tf.training.metric_setup import check_names, extractor_of
from egan_tf.training.resume_policy import changes
from egan_tf.training.run import Run, StoppedError, Trained, now
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, one_of, require
from egan_tf.utils.locks import LockedError, directory_lock
from egan_tf.utils.log_line import log_line

NEWEST, BEST = "newest", "best"

__all__ = ["StoppedError", "Trained", "build", "check", "export", "load_run", "read_config", "resume", "train"]


def check(config: Config) -> None:
    """Refuses what can be refused before data and networks are there.

    Raises:
        InputError: naming the flag.
    """
    EvolutionSettings(
        **dataclasses.asdict(config.evolution),
        latent_distribution=config.network.latent_distribution,
        seed=config.run.seed,
    )
    check_batch_size(config.data.batch_size, config.evolution.population_size)
    for chosen in config.run.formats:
        one_of("formats", chosen, FORMATS)
    check_names(config)
    target = export_dir(config)
    if target.exists() and not config.run.overwrite:
        raise InputError("name", f"{target} exists; choose another --name, or replace it with --overwrite")


def train(config: Config) -> Trained:
    """Trains, records the run in `runs_dir/NNN-NAME/`, and exports the fittest generator to `models_dir/NAME/`.

    Args:
        config: the configuration.

    Returns:
        The model and where things are.

    Raises:
        InputError: before anything is written, for what cannot work.
        RunError: where the run cannot go on, or its model cannot be exported; what there is stays.
        StoppedError: by a signal, after a checkpoint.
    """
    check(config)
    dataset = data.load(config.data.dataset, config.data.data_dir)
    extractor = extractor_of(config, dataset)
    egan = build(config, dataset.shape)
    folder = run_folder.create_run_folder(Path(config.run.runs_dir), config.name, config.to_json())
    with _held_run(folder):
        run = Run(egan, config, dataset, extractor, folder)
        run.events.append({"event": "started", "time": now()})
        return run.go()


def resume(folder: Path, config: Config | None = None) -> Trained:
    """Goes on with a run that was stopped, from its newest sound checkpoint, or from the start if there is none.

    With nothing changed it ends where it would have ended, bit for bit.

    Args:
        folder: of the run.
        config: the run's own configuration with some values changed.

    Returns:
        As `train`.

    Raises:
        InputError: before anything is written: no such run, another process has it, its data set has changed, or a
            setting that cannot change.
        RunError: as `train`.
        StoppedError: as `train`.
    """
    before = read_config(folder)
    config = config or before
    changed = changes(before, config)
    check(dataclasses.replace(config, run=dataclasses.replace(config.run, overwrite=True)))
    with _held_run(folder):
        dataset = data.load(config.data.dataset, config.data.data_dir)
        extractor = extractor_of(config, dataset)
        egan = build(config, dataset.shape)
        run = Run(egan, config, dataset, extractor, folder)
        manifest, passed_over = run.checkpoints.restore()
        _check_resumed(config, dataset, manifest)
        for sentence in passed_over:
            log_line(sentence)
        run.go_back_to(manifest)
        if changed:
            atomic_write(folder / run_folder.CONFIG, config.to_json())
        generation = 0 if manifest is None else manifest.generation
        event = {"event": "resumed", "time": now(), "generation": generation, "changes": changed}
        run.events.append({**event, "passed_over": passed_over})
        log_line(f"resumed {folder} at generation {generation} of {config.run.steps}")
        return run.go()


def _check_resumed(config: Config, dataset: data.Dataset, manifest: Manifest | None) -> None:
    generation = 0 if manifest is None else manifest.generation
    if manifest is not None and manifest.fingerprint != dataset.fingerprint:
        raise InputError(
            "dataset",
            f"{dataset.name} is not what the run was trained on (SHA-256 {dataset.fingerprint[:12]}, "
            f"then {manifest.fingerprint[:12]}); bring the old data back, or start a new run",
        )
    require(
        config.run.steps >= generation, "steps", f"the run has had {generation} generations; ask for at least as many"
    )
    require(
        (config.run.steps - generation) % config.run.steps_per_execution == 0,
        "steps_per_execution",
        f"must divide the generations that are left, {config.run.steps - generation}",
    )
    if export_dir(config).exists() and not config.run.overwrite and not is_exported(config, config.run.steps):
        raise InputError("name", f"{export_dir(config)} exists; choose another --name, or replace it with --overwrite")


@contextlib.contextmanager
def _held_run(folder: Path) -> Iterator[None]:
    try:
        with directory_lock(folder):
            yield
    except LockedError as error:
        raise InputError("resume", f"{folder} is being trained by another process; wait for it, or stop it") from error


def read_config(folder: Path) -> Config:
    """The configuration of a run.

    Raises:
        InputError: if the folder is none of a run.
    """
    file = folder / run_folder.CONFIG
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError("run", f"{folder} is not the folder of a run: {file.name} cannot be read") from error
    return from_json(text, where=str(file))


def load_run(folder: Path, checkpoint: str = NEWEST) -> tuple[EGAN, Config, data.Dataset]:
    """The model of a run, with its configuration and data set.

    Args:
        folder: of the run.
        checkpoint: "newest", the newest sound one; or "best", that of the best metric (`monitor`).

    Raises:
        InputError: if the folder is none of a run, or has no such checkpoint that can be read.
    """
    one_of("checkpoint", checkpoint, (NEWEST, BEST))
    config = read_config(folder)
    dataset = data.load(config.data.dataset, config.data.data_dir)
    egan = build(config, dataset.shape)
    checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, egan)
    if checkpoint == BEST:
        checkpoints.restore_best()
        return egan, config, dataset
    manifest, passed_over = checkpoints.restore()
    for sentence in passed_over:
        log_line(sentence)
    if manifest is None:
        raise InputError("run", f"{folder} has no checkpoint; the run did not get that far")
    return egan, config, dataset
