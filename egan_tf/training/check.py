"""The checks before training, shared by a run and a dry run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf import data
from egan_tf.evolution.batches import divides_evaluation, sizes_for
from egan_tf.evolution.choices import BURN_IN_ONLY, check_burn_in, choices_of
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.strategies import check_sizes
from egan_tf.export.arguments import check_rows_per_call
from egan_tf.export.directory import check_export_directory
from egan_tf.metrics.extractors import Extractor
from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.training import run_folder
from egan_tf.training.build import build
from egan_tf.training.checkpoints import Checkpoints, Manifest
from egan_tf.training.config import Config
from egan_tf.training.config_file import read_config
from egan_tf.training.data_loading import load_dataset
from egan_tf.training.devices import replicas_of, strategy_of
from egan_tf.training.export_place import export_dir
from egan_tf.training.export_run import is_own_export
from egan_tf.training.metric_setup import check_extractor_is_used, load_metric_extractor
from egan_tf.training.rehearsal import rehearse
from egan_tf.training.resume_policy import changed_settings
from egan_tf.training.workers import Workers
from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.locks import LockedError, directory_lock
from egan_tf.utils.paths import check_writable, user_path
from egan_tf.utils.registries import load_registry
from egan_tf.utils.settings import sections_of, settings_of
from egan_tf.utils.user_code import UserCode, check_registered

MULTIPLES = {
    "run": ("steps", "log_every", "sample_every", "checkpoint_every"),
    "metrics": ("evaluate_every",),
}
"""By section, what must be a multiple of `steps_per_execution`: Keras calls callbacks only between executions."""


@dataclass(frozen=True)
class Prepared:
    """The checked inputs of a new run.

    Attributes:
        dataset: the real samples.
        extractor: of features for the metrics; None if they take none. After a dry run it may be untrained.
        egan: the compiled model, with initial weights from the seed.
    """

    dataset: data.Dataset
    extractor: Extractor | None
    egan: EGAN


@dataclass(frozen=True)
class PreparedResume(Prepared):
    """The checked inputs of a resumed run; `egan` has the state of the checkpoint.

    Attributes:
        changed: settings that differ from the run's, `section.name` to [before, now].
        manifest: of the checkpoint; None if there is none, and the run starts from the beginning.
        skipped: a sentence for each newer checkpoint that is damaged.
    """

    changed: dict[str, list[Any]]
    manifest: Manifest | None
    skipped: list[str]


def check(
    config: Config, code: UserCode | None = None, *, dry_run: bool = False, dataset: data.Dataset | None = None
) -> Prepared:
    """Checks a configuration, and loads and builds what the run needs.

    Args:
        config: the configuration.
        code: functions of the user that it names.
        dry_run: whether an extractor that would have to be trained first stays untrained.
        dataset: of the configuration, if it is loaded already.

    Raises:
        InputError: the run cannot work; the message names the setting.
    """
    return _prepare(config, code or UserCode(), dry_run, dataset, None, new_extractor=True)


def _prepare(
    config: Config, code: UserCode, dry_run: bool, dataset: data.Dataset | None, run: Path | None, new_extractor: bool
) -> Prepared:
    """As `check`, for a new run or the one in a folder; an older one may have an extractor that is not used."""
    check_settings(config, code)
    strategy = strategy_of(config.run)
    _check_replicas(config, replicas_of(strategy))
    check_export_directory(export_dir(config), config.run.overwrite)
    if run is None:
        runs_dir = user_path("runs_dir", config.run.runs_dir)
        check_outside_exports("runs_dir", runs_dir / config.name)
        check_writable("runs_dir", runs_dir)
    else:
        check_writable("resume", run)
    check_writable("models_dir", user_path("models_dir", config.run.models_dir))
    dataset = load_dataset(config, code) if dataset is None else dataset
    if config.network.conditional:
        _check_classes(dataset)
    if new_extractor:
        check_extractor_is_used(config, dataset)
    is_chief = Workers(strategy).is_chief
    extractor = load_metric_extractor(config, dataset, trained=is_chief and not dry_run)
    egan = build(config, dataset.shape, code=code, classes=len(dataset.class_names), strategy=strategy)
    if is_chief:
        rehearse(config, egan, dataset)
    return Prepared(dataset, extractor, egan)


def _check_classes(dataset: data.Dataset) -> None:
    """Raises `InputError` if a class has no image: its samples would never be trained."""
    labels = getattr(dataset, "labels", None)
    if labels is None:
        return
    counts = np.bincount(labels, minlength=len(dataset.class_names))
    empty = [format_value(name) for name, count in zip(dataset.class_names, counts, strict=True) if not count]
    named = ", ".join(empty[:5]) + (", ..." if len(empty) > 5 else "")
    problem = f"{dataset.name} has no image of the class {named} that can be used; --conditional needs some of each"
    require(not empty, "dataset", problem)


def _check_replicas(config: Config, count: int) -> None:
    """Refuses batches that replicas cannot share, and XLA between them."""
    evolution, divided = config.evolution, divides_evaluation(config.evolution)
    sizes = sizes_for(evolution, config.data.batch_size)
    check_sizes(sizes, evolution.population_size, count, evaluation_divided=divided)
    problem = f"cannot be on with {count} replicas: a program of XLA does not communicate; leave it at auto"
    require(count == 1 or config.run.xla != "on", "xla", problem)


def check_settings(config: Config, code: UserCode | None = None) -> None:
    """Checks names and combinations of values, without loading data or building networks.

    Raises:
        InputError: an unknown name, or values that do not fit each other; the message names the setting.
    """
    for section, group in sections_of(type(config)).items():
        for name, declared in settings_of(group).items():
            if declared.registry:
                check_registered(getattr(getattr(config, section), name), declared, load_registry(declared.registry))
            if declared.folder:
                _check_path(name, getattr(getattr(config, section), name))
    code = code or UserCode()
    code.resolved(config.network)
    evolution: Any = code.resolved(config.evolution)
    assert isinstance(evolution, EvolutionSettings)
    choices_of(evolution)
    sizes_for(evolution, config.data.batch_size)
    _check_burn_in(config)
    check_rows_per_call(config.run.rows_per_call, config.run.formats)
    for section, names in MULTIPLES.items():
        for name in names:
            whole = getattr(getattr(config, section), name) % config.run.steps_per_execution == 0
            problem = f"must be a multiple of steps_per_execution, {config.run.steps_per_execution}"
            require(whole, name, problem)
    monitor, metrics = config.metrics.monitor, config.metrics.metrics
    require(not monitor or monitor in metrics, "monitor", f"must be one of {', '.join(metrics)}")


def _check_burn_in(config: Config) -> None:
    """Refuses an initial beta_2 without a burn-in, and a burn-in of nothing; `choices_of` checks the others."""
    evolution, beta_2 = config.evolution, config.optimizer.initial_beta_2
    require(evolution.burn_in > 0 or beta_2 is None, "initial_beta_2", BURN_IN_ONLY)
    check_burn_in(evolution, beta_2 is not None)


def _check_path(name: str, folder: Path | str) -> None:
    """Refuses a path that TensorFlow, which takes all paths as UTF-8, cannot open."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        problem = "is not UTF-8 text in this locale; choose another path, or set PYTHONUTF8=1 if it is UTF-8"
        raise InputError(name, f"{str(folder)!r} {problem}") from None


def check_resume(
    folder: Path, config: Config | None = None, code: UserCode | None = None, *, dry_run: bool = False
) -> PreparedResume:
    """As `check`, for a run to be resumed: the model has the state of its newest undamaged checkpoint.

    Args:
        folder: of the run.
        config: the run's own configuration with some values changed; by default unchanged.
        code: functions of the user that it names.
        dry_run: as `check`.

    Raises:
        InputError: there is no such run, its data set has changed, or a setting must not change; the message names the
            setting.
    """
    before = read_config(folder)
    _check_path("resume", folder)
    config = config or before
    changed = changed_settings(before, config)
    new_extractor = any(name.startswith("metrics.extractor") for name in changed)
    prepared = _prepare(
        config.replace(run={"overwrite": True}), code or UserCode(), dry_run, None, folder, new_extractor
    )
    checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, prepared.egan)
    manifest, skipped = checkpoints.restore()
    _check_progress(folder, config, prepared.dataset, manifest)
    return PreparedResume(prepared.dataset, prepared.extractor, prepared.egan, changed, manifest, skipped)


def _check_progress(folder: Path, config: Config, dataset: data.Dataset, manifest: Manifest | None) -> None:
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
    before = read_config(folder)
    own = is_own_export(folder, config) or (export_dir(before) == export_dir(config) and is_own_export(folder, before))
    if export_dir(config).exists() and not (config.run.overwrite or own):
        problem = f"{export_dir(config)} exists, and is not as this run exported it"
        raise InputError("name", f"{problem}; choose another --name, or replace it with --overwrite")


@contextlib.contextmanager
def locked_run(folder: Path) -> Iterator[None]:
    """Locks the folder of a run, so that no other process trains it.

    Raises:
        InputError: another process trains the run.
    """
    try:
        with directory_lock(folder):
            yield
    except LockedError as error:
        raise InputError("resume", f"{folder} is being trained by another process; wait for it, or stop it") from error
