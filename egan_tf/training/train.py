"""Trains and exports a model from a configuration, or resumes a run."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.training import run_folder
from egan_tf.training.build import build
from egan_tf.training.check import Prepared, check, check_resume, check_settings, locked_run
from egan_tf.training.checkpoint_folders import BEST, NEWEST
from egan_tf.training.checkpoints import Checkpoints, Manifest
from egan_tf.training.config import Config
from egan_tf.training.config_file import read_config
from egan_tf.training.data_loading import load_dataset
from egan_tf.training.devices import strategy_of
from egan_tf.training.export_run import export, export_event, unrecorded_export
from egan_tf.training.recorded_data import RecordedData, read_record
from egan_tf.training.run import Run, StoppedError, Trained, now
from egan_tf.training.run_errors import writing_to
from egan_tf.training.worker_run import WorkerRun
from egan_tf.training.workers import Workers
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, one_of
from egan_tf.utils.json_lines import read_records
from egan_tf.utils.log_line import log_line
from egan_tf.utils.paths import user_path
from egan_tf.utils.user_code import UserCode

__all__ = [
    "StoppedError",
    "Trained",
    "build",
    "check",
    "check_resume",
    "check_settings",
    "export",
    "load_run",
    "locked_run",
    "read_config",
    "resume",
    "train",
]


def train(config: Config, code: UserCode | None = None, dataset: data.Dataset | None = None) -> Trained | None:
    """Trains, records the run in `runs_dir/NNN-NAME/`, and exports the fittest generator to `models_dir/NAME/`.

    Args:
        config: the configuration.
        code: functions of the user that it names, as `module:function`.
        dataset: of the configuration, if it is loaded already.

    Returns:
        The model and the folders; None in a worker that is not the chief, which writes nothing.

    Raises:
        InputError: the configuration cannot work; nothing has been written.
        RunError: the run cannot continue, or its model cannot be exported; its records and checkpoints stay.
        StoppedError: by a signal, after a checkpoint.
    """
    code = code or UserCode()
    config = config.replace(user_code=code.sha256)
    workers = Workers(strategy_of(config.run))
    with workers.lost_in_one_line(None):
        prepared = check(config, code, dataset=dataset)
        _check_same(workers, config, prepared.dataset)
    if not workers.is_chief:
        _run_worker(prepared, config, workers, None)
        return None
    unused = 0 if config.network.conditional else len(prepared.dataset.class_names)
    if unused:
        log_line(f"{prepared.dataset.name}: the labels of its {unused} classes are not used; --conditional uses them")
    folder = run_folder.create_run_folder(user_path("runs_dir", config.run.runs_dir), config.name, config.to_json())
    with locked_run(folder):
        run = Run(prepared.egan, config, prepared.dataset, prepared.extractor, folder, workers)
        replicas = {"replicas": prepared.egan.replica_count}
        run.events.append({"event": "started", "time": now(), **replicas, **_imported(code)})
        return _run(run, workers, folder)


def resume(folder: Path, config: Config | None = None, code: UserCode | None = None) -> Trained | None:
    """Continues a run from its newest undamaged checkpoint, or from the start if there is none.

    With an unchanged configuration, and as many replicas, the result equals that of an uninterrupted run, bit for bit;
    with another number of replicas up to rounding.

    Args:
        folder: of the run.
        config: the run's own configuration with some values changed.
        code: functions of the user that it names, as `module:function`.

    Returns:
        As `train`.

    Raises:
        InputError: there is no such run, another process trains it, its data set has changed, or a setting must not
            change; nothing has been written.
        RunError: as `train`.
        StoppedError: as `train`.
    """
    code = code or UserCode()
    before = read_config(folder)
    config = (config or before).replace(user_code=code.sha256)
    workers = Workers(strategy_of(config.run))
    with locked_run(folder) if workers.is_chief else contextlib.nullcontext():
        with workers.lost_in_one_line(folder):
            prepared = check_resume(folder, config, code)
            _check_same(workers, config, prepared.dataset)
        if not workers.is_chief:
            _run_worker(prepared, config, workers, folder)
            return None
        run = Run(prepared.egan, config, prepared.dataset, prepared.extractor, folder, workers)
        run.roll_back(prepared.manifest)
        damaged = list(prepared.skipped)
        if prepared.manifest is not None:
            with writing_to(folder):
                damaged += run.checkpoints.set_aside_damaged(prepared.manifest)
        for sentence in damaged:
            log_line(f"{sentence}; it is set aside")
        unrecorded = unrecorded_export(folder, before)
        if unrecorded is not None:
            run.events.append({"time": now(), **export_event(unrecorded)})
        generation = 0 if prepared.manifest is None else prepared.manifest.generation
        count = prepared.egan.replica_count
        before_count = _recorded_replicas(run.events.path) or count
        changes = {**prepared.changed, **({} if count == before_count else {"replicas": [before_count, count]})}
        event = {"event": "resumed", "time": now(), "generation": generation, "changes": changes, "replicas": count}
        run.events.append({**event, "skipped": damaged, **_imported(code)})
        if config != before:
            with writing_to(folder):
                run.events.size()  # on the disk first: no record may lack a setting that the configuration has
                atomic_write(folder / run_folder.CONFIG, config.to_json())
        done = "; nothing is left to train, and the model is exported again: --steps N trains to generation N"
        left = "" if generation < config.run.steps else done
        log_line(f"resumed {folder} at generation {generation} of {config.run.steps}{left}")
        if count != before_count:
            rounding = "the result equals that of an uninterrupted run up to rounding"
            log_line(f"{count} replicas instead of {before_count}: {rounding}")
        return _run(run, workers, folder)


def _run(run: Run, workers: Workers, folder: Path) -> Trained:
    """Runs to the end; the other workers wait until the model is exported."""
    with workers.lost_in_one_line(folder):
        try:
            trained = run.run()
        except StoppedError:
            workers.wait()
            raise
        workers.wait()
        return trained


def _run_worker(prepared: Prepared, config: Config, workers: Workers, folder: Path | None) -> None:
    """Trains with the chief, which writes everything."""
    with workers.lost_in_one_line(folder):
        try:
            WorkerRun(prepared.egan, config, prepared.dataset, workers).run()
        except StoppedError:
            workers.wait()
            raise
        workers.wait()


def _check_same(workers: Workers, config: Config, dataset: data.Dataset) -> None:
    """Refuses workers with another configuration or other data than the chief's."""
    workers.check_same(config=json.dumps(config.public(), sort_keys=True), dataset=dataset.fingerprint)


def _recorded_replicas(events: Path) -> int | None:
    """The number of replicas when the run was started or resumed last; 1 in runs that did not record it.

    None if there is no event at all: the run was killed before it could train.
    """
    records = read_records(events) if events.exists() else []
    counts = [record["replicas"] for record in records if isinstance(record.get("replicas"), int)]
    return counts[-1] if counts else 1 if records else None


def _imported(code: UserCode) -> dict[str, dict[str, str]]:
    return {"user_code": dict(code.sha256)} if code.sha256 else {}


def load_run(
    folder: Path, checkpoint: str = NEWEST, code: UserCode | None = None
) -> tuple[EGAN, Config, data.Dataset | RecordedData]:
    """The model of a run, with its configuration and what it recorded of its data set, which is loaded only if the run
    recorded nothing.

    Args:
        folder: of the run.
        checkpoint: "newest", the newest undamaged one; or "best", by the metric that the run monitored last.
        code: functions of the user that its configuration names, as `module:function`.

    Raises:
        InputError: the folder is not that of a run, or has no such checkpoint that can be read.
    """
    one_of("checkpoint", checkpoint, (NEWEST, BEST))
    config = read_config(folder)
    dataset = read_record(folder) or load_dataset(config, code)
    egan = build(config, dataset.shape, code=code, classes=len(dataset.class_names))
    checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, egan)
    restored: tuple[Manifest | None, list[str]]
    restored = checkpoints.restore_best() if checkpoint == BEST else checkpoints.restore()
    manifest, sentences = restored
    for sentence in sentences:
        log_line(sentence)
    if manifest is None:
        raise InputError("run", f"{folder} has no checkpoint; the run did not get that far")
    return egan, config, dataset
