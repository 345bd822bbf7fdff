"""How many generations a study may spend, and what a spent budget leaves queued."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from egan_tf.search.definition import SEED, Definition
from egan_tf.search.sampler import settings_of
from egan_tf.search.seeds import format_seeds
from egan_tf.search.study import Study
from egan_tf.search.table import generations_of
from egan_tf.utils.checks import InputError, require


def check_new(definition: Definition, generations: int | None) -> None:
    """Refuses a budget of generations that a new study cannot keep, or that does not reach to the end of one trial.

    Raises:
        InputError: as said.
    """
    if generations is None:
        return
    check_countable(definition)
    steps = definition.config.run.steps
    problem = f"{generations:,} generations are fewer than a trial has, {steps:,}; ask for more, or for fewer --steps"
    require(generations >= steps, "budget", problem)


def check_countable(definition: Definition) -> None:
    """Raises `InputError` where trials differ in their generations."""
    steps_vary = any("steps" in parameter.names for parameter in definition.space)
    require(not steps_vary, "budget", "cannot count generations where steps is searched")


def check_resumed(study: Study, generations: int) -> None:
    """Refuses a budget of a study that has it behind it.

    Raises:
        InputError: no trial is left to be finished, and another one does not fit in.
    """
    check_countable(study.definition)
    trials = study.trials
    begun = any(trial.state == TrialState.RUNNING for trial in trials)
    if not begun and not _fits(study, trials, generations):
        raise InputError("budget", _spent(study, trials, generations))


def allows_another(study: Study, trials: Sequence[FrozenTrial]) -> bool:
    """Whether the study's budget has room for another trial in full."""
    return not study.limits[1] or _fits(study, trials, study.limits[1])


def spent(study: Study, trials: Sequence[FrozenTrial]) -> str:
    """A line that says that the study's budget has no room for another trial."""
    return f"the budget is spent: {_spent(study, trials, study.limits[1])}"


def queued(study: Study) -> str:
    """The trials that wait to be begun, of a sweep their seeds; empty if there are none."""
    return _queued(study, study.trials)


def needed(study: Study) -> int:
    """The budget for all trials so far, the queued ones included; 0 if the study's own suffices."""
    trials = study.trials
    waiting = sum(trial.state == TrialState.WAITING for trial in trials)
    if not waiting or allows_another(study, trials):
        return 0
    return generations_of(trials, study.definition.config.run.steps) + waiting * study.definition.config.run.steps


def _fits(study: Study, trials: Sequence[FrozenTrial], generations: int) -> bool:
    steps = study.definition.config.run.steps
    return generations_of(trials, steps) + steps <= generations


def _spent(study: Study, trials: Sequence[FrozenTrial], generations: int) -> str:
    steps = study.definition.config.run.steps
    used, waiting = generations_of(trials, steps), _queued(study, trials)
    known = f"of {generations:,} generations the trials take {used:,}, and another needs {steps:,}"
    return f"{known}; ask for at least {used + steps:,}{f'; queued: {waiting}' if waiting else ''}"


def _queued(study: Study, trials: Sequence[FrozenTrial]) -> str:
    waiting = [trial for trial in trials if trial.state == TrialState.WAITING]
    if not waiting:
        return ""
    if study.definition.sweep:
        return f"seeds {format_seeds(sorted(int(settings_of(trial)[SEED]) for trial in waiting))}"
    return f"trials {' '.join(str(trial.number) for trial in waiting)}"
