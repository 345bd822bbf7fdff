"""A study: its folder, its definition, and its trials in the storage.

The folder `studies/NNN-NAME/` holds `study.json` (the definition), `trials.db` (the storage, unless it is elsewhere),
`runs/trial-NNN/` (an ordinary run for each trial), `models/` (the trials' exports), and `locks/`. A worker holds the
lock of the trial that it works on. The system releases locks when their process ends, also after a kill, so that the
next worker finds the trial abandoned at once: SQLite would allow heartbeats too, but a heartbeat is a clock, and takes
a worker that was suspended for a dead one.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from egan_tf.search import engine
from egan_tf.search.again import FOLDER, failed, queue_again, run_number, to_try_again
from egan_tf.search.definition import SEED, Definition
from egan_tf.search.failures import unreadable_in_one_line
from egan_tf.search.sampler import settings_of
from egan_tf.search.space import config_of, own_values
from egan_tf.search.start import Start
from egan_tf.search.study_file import HIDDEN, STUDY, create_study_folder, parse_study, read_study_file
from egan_tf.search.unchanged import DEFINITION, changed_error, check_unchanged, record_definition
from egan_tf.training.config import Config
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.locks import LocksUnsupportedError, directory_lock, path_lock

STORAGE, RUNS, MODELS, LOCKS, LOGS = "trials.db", "runs", "models", "locks", "logs"
RESULTS, COMPARISON = "results.json", "comparison.html"
TRIALS, BUDGET, STARTED = "trials", "budget", "started"
"""Attributes of a study in its storage: the number of trials, and of generations, to stop at; and whether the limits of
its start are set, and the first trials are queued."""
HOST = "host"
"""Attribute of a trial: the machine that it was begun on."""


@dataclass(frozen=True)
class Study:
    """A study that can be worked on.

    Attributes:
        folder: of the study on this machine.
        name: in the storage.
        identity: of the folder, which tells trials of this folder from those of other machines.
        definition: what the trials have in common.
        engine: Optuna's study.
        shared: whether the storage is outside the folder, so that other machines may work on it.
    """

    folder: Path
    name: str
    identity: str
    definition: Definition
    engine: optuna.Study
    shared: bool

    @property
    def trials(self) -> list[optuna.trial.FrozenTrial]:
        """All trials as they are now, in order."""
        with engine.quietly():
            return self.engine.get_trials(deepcopy=False)

    @property
    def limits(self) -> tuple[int, int]:
        """The number of trials, and of generations of all trials, to stop at; 0 for no limit."""
        attributes = self.engine.user_attrs
        return int(attributes.get(TRIALS, 0)), int(attributes.get(BUDGET, 0))

    def limit(self, trials: int | None, budget: int | None) -> None:
        """Changes the limits; None leaves one as it is."""
        for name, value in ((TRIALS, trials), (BUDGET, budget)):
            if value is not None:
                self.engine.set_user_attr(name, value)

    @property
    def models_dir(self) -> Path:
        """The folder of the trials' exports, the same wherever a worker is started."""
        return self.folder.absolute() / MODELS

    def run_of(self, number: int) -> Path:
        """The folder of the run of a trial; one that tries a failed trial of this folder again has its run."""
        return self.folder / RUNS / trial_name(run_number(self.trials, number))

    def log_of(self, number: int) -> Path:
        """The file that receives what the run of a trial prints."""
        return self.folder / LOGS / f"{trial_name(number)}.log"

    def config_of(self, trial: optuna.Trial | optuna.trial.FrozenTrial) -> Config:
        """The configuration of a trial."""
        definition = self.definition
        name = self.run_of(trial.number).name
        folders = {"runs_dir": str(self.folder.absolute() / RUNS), "models_dir": str(self.models_dir)}
        base = definition.config.replace(run={"name": name, "overwrite": False, **folders})
        if definition.sweep:
            return base.replace(evolution={"seed": int(trial.params["seed"])})
        return config_of(base, definition.space, trial.params)

    def is_own(self, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether the run of a trial is in this folder."""
        return not self.shared or bool(trial.user_attrs.get(FOLDER) == self.identity)

    def enqueue(self, seeds: list[int]) -> None:
        """Queues the seeds of a sweep that it does not have yet, or the configuration's own values as first trial."""
        known = [settings_of(trial) for trial in self.trials]
        if self.definition.sweep:
            swept = [params.get("seed") for params in known]
            queued: list[dict[str, Any]] = [{"seed": seed} for seed in seeds if seed not in swept]
        else:
            queued = [] if known else first_trials(self.definition)
        with engine.quietly():
            for params in queued:
                self.engine.enqueue_trial(params)

    def try_again(self, seeds: Collection[int] = ()) -> None:
        """Queues the trials that failed less often than `again.MAX_TRIES`, and those of some seeds in any case."""
        trials = self.trials
        named = [trial for trial in failed(trials) if self.definition.sweep and settings_of(trial).get(SEED) in seeds]
        with engine.quietly():
            for trial in {trial.number: trial for trial in (*to_try_again(trials), *named)}.values():
                queue_again(self.engine, trial)

    def begin(self, start: Start) -> None:
        """Sets the first limits and queues the first trials, unless that is done; after a kill it is done again."""
        if self.engine.user_attrs.get(STARTED):
            return
        self.limit(start.trials, start.budget)
        self.enqueue(list(start.seeds))
        self.engine.set_user_attr(STARTED, True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Excludes the other workers of this folder, for a moment."""
        with directory_lock(self.folder / LOCKS, wait=True):
            yield

    @contextlib.contextmanager
    def trial_lock(self, number: int) -> Iterator[None]:
        """Holds a trial.

        Raises:
            LockedError: another worker holds it.
        """
        path = self.folder / LOCKS / trial_name(number)
        path.touch()
        with path_lock(path):
            yield


def trial_name(number: int) -> str:
    """The name of a trial's folder."""
    return f"trial-{number:03d}"


def first_trials(definition: Definition) -> list[dict[str, Any]]:
    """The values of the first trial: the configuration's own, if they are in the space."""
    own = own_values(definition.config, definition.space)
    return [] if own is None or not definition.space else [own]


def create_study(definition: Definition, studies_dir: Path, url: str = "", start: Start | None = None) -> Study:
    """Makes a new study and its folder.

    Args:
        definition: of the study; its configuration has a name.
        studies_dir: the folder of all studies.
        url: of a storage outside the folder.
        start: the limits and the seeds that the study begins with; None to set them later.

    Raises:
        InputError: the folder cannot be made, or the storage cannot be used or has a study of this name.
    """
    if not url:
        return open_study(create_study_folder(definition, start, studies_dir))
    storage = engine.shared_storage(url)
    with unreadable_in_one_line(engine.SHARED):
        created = engine.load_study(storage, definition.config.name, definition, create=True)
        record_definition(created, definition, start)
    try:
        return open_study(create_study_folder(definition, start, studies_dir, url), url)
    except InputError:
        engine.forget(storage, definition.config.name)  # so that the same command can be given again
        raise


def open_study(folder: Path, url: str = "") -> Study:
    """The study in a folder.

    Args:
        folder: of the study.
        url: of its storage, where the folder does not know it because it may hold a password.

    Raises:
        InputError: the folder is not that of a study, or its storage cannot be used.
    """
    file = read_study_file(folder)
    shared, definition = bool(file.storage), file.definition
    require(shared or not url, "storage", f"the study has its own, {folder / STORAGE}; leave --storage out")
    problem = "may hold a password, so that it is not written to files; give it again"
    require(file.storage != HIDDEN or bool(url), "storage", problem)
    _check_locks(folder)
    storage = engine.shared_storage(url or file.storage) if shared else engine.sqlite_storage(folder / STORAGE)
    name = definition.config.name
    shown = engine.SHARED if shared else str(folder / STORAGE)
    with directory_lock(folder / LOCKS, wait=True), unreadable_in_one_line(shown):
        if not shared:
            _create_once(storage, folder, definition)
        loaded = engine.load_study(storage, name, definition, create=False)
        with engine.quietly():
            check_unchanged(loaded, definition, engine.distributions(definition), str(folder / STUDY))
            record_definition(loaded, definition, file.start)
        study = Study(folder, name, file.identity, definition, loaded, shared)
        if file.start is not None:
            study.begin(file.start)
    return study


def join_study(name: str, url: str, studies_dir: Path) -> Study:
    """A study of another machine, with a new folder on this one.

    Raises:
        InputError: the storage cannot be used or has no study of this name, or the folder cannot be made.
    """
    storage = engine.shared_storage(url)
    with engine.quietly(), unreadable_in_one_line(engine.SHARED):
        found = [one for one in storage.get_all_studies() if one.study_name == name]
    if not found or DEFINITION not in found[0].user_attrs:
        raise InputError("resume", f"{name} is neither a folder of a study nor a study of the storage")
    definition, start = parse_study(found[0].user_attrs[DEFINITION], "storage")
    return open_study(create_study_folder(definition, start, studies_dir, url), url)


def _create_once(storage: RDBStorage, folder: Path, definition: Definition) -> None:
    """Makes the study in the storage of a folder, unless it is there."""
    name, found = definition.config.name, [one.study_name for one in storage.get_all_studies()]
    if name in found:
        return
    if found:
        raise changed_error(str(folder / STUDY), ["run.name"])
    lost = f"{folder / RUNS} holds trials, and {folder / STORAGE} none; restore that file, or begin a new study"
    require(not any((folder / RUNS).iterdir()), "storage", lost)
    engine.load_study(storage, name, definition, create=True)


def _check_locks(folder: Path) -> None:
    """Makes the folders of a study, and refuses one where two workers would not notice each other."""
    try:
        for name in (LOCKS, LOGS, RUNS):
            (folder / name).mkdir(exist_ok=True)
        with path_lock(folder / LOGS, wait=True):
            pass
    except LocksUnsupportedError as error:
        problem = f"{folder} is on a system without file locks, so that workers would not notice each other"
        raise InputError("studies_dir", problem) from error
    except OSError as error:
        raise InputError("studies_dir", f"{folder} cannot be written: {error.strerror or error}") from error


def host() -> str:
    """The name of this machine."""
    return socket.gethostname()


def write_results(study: Study, results: Mapping[str, Any]) -> None:
    """Writes `results.json` of a study."""
    atomic_write(study.folder / RESULTS, json.dumps(results, indent=2) + "\n")


def is_unfinished(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether a trial is queued, or has not come to its end."""
    return trial.state in (TrialState.WAITING, TrialState.RUNNING)
