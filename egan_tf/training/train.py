"""Trains and exports a model from a configuration, or resumes a run."""

from __future__ import annotations

from pathlib import Path

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.training import run_folder
from egan_tf.training.build import build
from egan_tf.training.check import check, check_resume, check_settings, locked_run
from egan_tf.training.checkpoint_folders import BEST, NEWEST
from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.config import Config
from egan_tf.training.config_file import read_config
from egan_tf.training.data_loading import load_dataset
from egan_tf.training.export_run import export, export_event, unrecorded_export
from egan_tf.training.recorded_data import RecordedData, read_record
from egan_tf.training.run import Run, StoppedError, Trained, now
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, one_of
from egan_tf.utils.log_line import log_line
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


def train(config: Config, code: UserCode | None = None, dataset: data.Dataset | None = None) -> Trained:
    """Trains, records the run in `runs_dir/NNN-NAME/`, and exports the fittest generator to `models_dir/NAME/`.

    Args:
        config: the configuration.
        code: functions of the user that it names, as `module:function`.
        dataset: of the configuration, if it is loaded already.

    Returns:
        The model and the folders.

    Raises:
        InputError: the configuration cannot work; nothing has been written.
        RunError: the run cannot continue, or its model cannot be exported; its records and checkpoints stay.
        StoppedError: by a signal, after a checkpoint.
    """
    code = code or UserCode()
    config = config.replace(user_code=code.sha256)
    prepared = check(config, code, dataset=dataset)
    unused = 0 if config.network.conditional else len(prepared.dataset.class_names)
    if unused:
        log_line(f"{prepared.dataset.name}: the labels of its {unused} classes are not used; --conditional uses them")
    folder = run_folder.create_run_folder(Path(config.run.runs_dir), config.name, config.to_json())
    with locked_run(folder):
        run = Run(prepared.egan, config, prepared.dataset, prepared.extractor, folder)
        run.events.append({"event": "started", "time": now(), **_imported(code)})
        return run.run()


def resume(folder: Path, config: Config | None = None, code: UserCode | None = None) -> Trained:
    """Continues a run from its newest undamaged checkpoint, or from the start if there is none.

    With an unchanged configuration the result equals that of an uninterrupted run, bit for bit.

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
    with locked_run(folder):
        prepared = check_resume(folder, config, code)
        run = Run(prepared.egan, config, prepared.dataset, prepared.extractor, folder)
        for sentence in prepared.skipped:
            log_line(sentence)
        run.roll_back(prepared.manifest)
        unrecorded = unrecorded_export(folder, before)
        if unrecorded is not None:
            run.events.append({"time": now(), **export_event(unrecorded)})
        if config != before:
            atomic_write(folder / run_folder.CONFIG, config.to_json())
        generation = 0 if prepared.manifest is None else prepared.manifest.generation
        event = {"event": "resumed", "time": now(), "generation": generation, "changes": prepared.changed}
        run.events.append({**event, "skipped": prepared.skipped, **_imported(code)})
        done = "; nothing is left to train, and the model is exported again: --steps N trains to generation N"
        left = "" if generation < config.run.steps else done
        log_line(f"resumed {folder} at generation {generation} of {config.run.steps}{left}")
        return run.run()


def _imported(code: UserCode) -> dict[str, dict[str, str]]:
    return {"user_code": dict(code.sha256)} if code.sha256 else {}


def load_run(
    folder: Path, checkpoint: str = NEWEST, code: UserCode | None = None
) -> tuple[EGAN, Config, data.Dataset | RecordedData]:
    """The model of a run, with its configuration and what it recorded of its data set, which is loaded only if the run
    recorded nothing.

    Args:
        folder: of the run.
        checkpoint: "newest", the newest undamaged one; or "best", by the monitored metric.
        code: functions of the user that its configuration names, as `module:function`.

    Raises:
        InputError: the folder is not that of a run, or has no such checkpoint that can be read.
    """
    one_of("checkpoint", checkpoint, (NEWEST, BEST))
    config = read_config(folder)
    dataset = read_record(folder) or load_dataset(config, code)
    egan = build(config, dataset.shape, code=code, classes=len(dataset.class_names))
    checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, egan)
    if checkpoint == BEST:
        checkpoints.restore_best()
        return egan, config, dataset
    manifest, skipped = checkpoints.restore()
    for sentence in skipped:
        log_line(sentence)
    if manifest is None:
        raise InputError("run", f"{folder} has no checkpoint; the run did not get that far")
    return egan, config, dataset
