"""The engine: Optuna's storage, sampler and pruner for a study, without Optuna's messages."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url

from egan_tf.search.definition import SEED, Definition
from egan_tf.search.failures import reason_of
from egan_tf.search.halving import Halving
from egan_tf.search.sampler import SeededSampler, untried
from egan_tf.search.seeds import MAX_SWEPT_SEED
from egan_tf.search.space import Parameter
from egan_tf.utils.checks import InputError

SHARED = "it"
"""What a shared storage is called in messages, because its URL may hold a password."""
HEARTBEAT_SECONDS = 60
STALE_SECONDS = 600
"""After so long without a heartbeat a trial of another machine counts as abandoned."""
_BUSY_SECONDS = 120.0
"""How long a worker waits for the lock of the SQLite file."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Silences Optuna, whose warnings are about its experimental parts; its errors are raised."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sqlite_storage(file: Path) -> RDBStorage:
    """The storage in a study's folder; made if it is not there.

    Raises:
        InputError: it cannot be opened.
    """

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, timeout=_BUSY_SECONDS, check_same_thread=False)

    # Connects by itself, because an URL cannot hold every path.
    return _opened("sqlite:///study", str(file), engine_kwargs={"creator": connect})


def shared_storage(url: str) -> RDBStorage:
    """The storage of an URL of SQLAlchemy. Workers beat, because other machines do not see locks of files.

    Raises:
        InputError: it cannot be opened; the message does not show the URL, which may hold a password.
    """
    beats = {"heartbeat_interval": HEARTBEAT_SECONDS, "grace_period": STALE_SECONDS}
    return _opened(url, SHARED, **beats)


def beat(study: optuna.Study, trial: int) -> None:
    """Tells a shared storage that a trial is alive.

    Args:
        study: in a storage as `shared_storage` gives it.
        trial: the trial's number in the storage, over all studies.
    """
    study._storage.record_heartbeat(trial)  # type: ignore[attr-defined]


def check_url(url: str, shown: str = SHARED) -> None:
    """Refuses an URL that is none of a database that SQLAlchemy knows, without opening it.

    Args:
        url: of the storage.
        shown: its name in the error, because the URL may hold a password.

    Raises:
        InputError: as said.
    """
    try:
        parsed = make_url(url)
    except Exception as error:  # its message may hold a part of a password
        problem = f"{shown} is no URL of a database; write @, :, / and % of a password as %40, %3A, %2F and %25"
        raise InputError("storage", problem) from error
    try:
        parsed.get_dialect()
    except Exception as error:  # the plugin of any database may raise anything
        raise InputError("storage", f"{shown} cannot be opened: {reason_of(error)}") from error


def _opened(url: str, shown: str, **options: Any) -> RDBStorage:
    check_url(url, shown)
    try:
        with quietly():
            return RDBStorage(url, **options)
    except Exception as error:  # the driver of any database may raise anything
        raise InputError("storage", f"{shown} cannot be opened: {reason_of(error)}") from error


def load_study(storage: RDBStorage, name: str, definition: Definition, create: bool) -> optuna.Study:
    """The study of this name, with the sampler and the pruner of its definition.

    Raises:
        InputError: with `create`, if the storage has such a study, and anything in it; without, if it has none.
    """
    direction: Literal["maximize", "minimize"] = "maximize" if definition.higher_is_better else "minimize"
    options: dict[str, Any] = {
        "sampler": SeededSampler(definition, distributions(definition)),
        "pruner": _pruner(definition),
    }
    try:
        with quietly():
            if create:
                return optuna.create_study(storage=storage, study_name=name, direction=direction, **options)
            return optuna.load_study(storage=storage, study_name=name, **options)
    except optuna.exceptions.DuplicatedStudyError as error:
        with quietly():
            found = optuna.load_study(storage=storage, study_name=name, **options)
            unused = not found.user_attrs and not found.get_trials(deepcopy=False)
        if unused and found.direction.name.lower() == direction:  # left by a kill right after it was made
            return found
        problem = f"the storage has a study {name}; work on it with --resume {name}, or choose another --name"
        raise InputError("name", problem) from error
    except KeyError as error:
        raise InputError("resume", f"the storage has no study {name}") from error


def forget(storage: RDBStorage, name: str) -> None:
    """Removes a study that was just made; it stays where the storage cannot be reached any more."""
    with quietly(), contextlib.suppress(Exception):
        optuna.delete_study(study_name=name, storage=storage)


def distributions(definition: Definition) -> dict[str, BaseDistribution]:
    """Optuna's distributions, by the label of each parameter."""
    if definition.sweep:
        return {SEED: IntDistribution(0, MAX_SWEPT_SEED)}
    return {parameter.label: _distribution(parameter) for parameter in definition.space}


def _distribution(parameter: Parameter) -> BaseDistribution:
    if parameter.kind == "choice":
        return CategoricalDistribution(parameter.choices)
    log = parameter.kind == "log"
    if parameter.whole:
        step = 1 if parameter.step is None else int(parameter.step)
        low = int(parameter.low)
        return IntDistribution(low, low + (int(parameter.high) - low) // step * step, log=log, step=step)
    with quietly():  # the highest value moves to a multiple of the step
        return FloatDistribution(parameter.low, parameter.high, log=log, step=parameter.step)


def _pruner(definition: Definition) -> optuna.pruners.BasePruner:
    return optuna.pruners.NopPruner() if definition.pruning == "none" else Halving(definition.first_rung)


def suggestions(definition: Definition, enqueued: Sequence[Mapping[str, Any]], count: int) -> list[dict[str, Any]]:
    """What the first trials of a study would get, if none had a result yet; fewer where the space has no more."""
    with quietly():
        space = distributions(definition)
        study = optuna.create_study(sampler=SeededSampler(definition, space))
        for values in enqueued:
            study.enqueue_trial(dict(values))
        found: list[dict[str, Any]] = []
        while len(found) < count and untried(space, study.get_trials(deepcopy=False)) != []:
            found.append(study.ask(space).params)
        return found
