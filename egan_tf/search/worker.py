"""A worker: claims trials, trains each in a process of its own, and records what became of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from egan_tf.search import budget, engine
from egan_tf.search import outcome as outcomes
from egan_tf.search.again import FOLDER, begin_silent_again
from egan_tf.search.failures import failures_in_one_line
from egan_tf.search.outcome import DONE, FAILED, INTERRUPTED, Outcome, outcome_of, values_of
from egan_tf.search.process import TrialProcess
from egan_tf.search.pulse import Pulse
from egan_tf.search.sampler import untried
from egan_tf.search.study import HOST, Study, first_trials, host, is_unfinished
from egan_tf.search.table import counted, trial_line
from egan_tf.search.watcher import Watcher, decision_of, tell
from egan_tf.training import run_folder
from egan_tf.training.config import Config
from egan_tf.utils.atomic import atomic_directory, atomic_write
from egan_tf.utils.locks import LockedError, directory_lock
from egan_tf.utils.log_line import log_line

POLL_SECONDS = 0.2
WAIT_SECONDS = 1.0
MAX_INTERRUPTIONS = 3
"""A process that ends by a signal so often fails its trial; it may need more memory than there is."""

MAX_FAILURES = 5
"""So many trials in a row that fail before their first evaluation end the work: all others would fail, too."""


@dataclass
class Worker:
    """A worker on a study.

    Attributes:
        study: that it works on.
        command: trains or resumes the run that is appended to it.
        stopped: whether to stop, as far as possible with a checkpoint.
        report: receives one line for each finished trial.
        new_trials: whether to begin trials that are not queued.
        fault: why it begins no more trials, in one line; empty if it does.
    """

    study: Study
    command: Sequence[str]
    stopped: Callable[[], bool]
    report: Callable[[str], None]
    new_trials: bool = True
    fault: str = field(default="", init=False)
    _failures: int = field(default=0, init=False)
    _said: set[str] = field(default_factory=set, init=False)
    _beaten: set[int] = field(default_factory=set, init=False)

    def work(self) -> bool:
        """Trains until the study has no unfinished trial, waiting for those of other workers.

        Returns:
            Whether the study is finished; False if it was stopped, also by its budget of generations, or by a fault.

        Raises:
            RunError: the storage cannot be reached any more, or the study's folder cannot be written.
        """
        with failures_in_one_line(self.study.folder), engine.quietly():
            while not (self.stopped() or self.fault):
                with self._claim() as trial:
                    if trial is not None:
                        self._train(trial)
                        continue
                if not self._others():
                    return not budget.queued(self.study)
                time.sleep(WAIT_SECONDS)
        return False

    @contextlib.contextmanager
    def _claim(self) -> Iterator[optuna.Trial | None]:
        """Holds a trial: one that its worker left, or a new one; None if there is neither."""
        with contextlib.ExitStack() as held:
            with self.study.locked():
                trial = self._abandoned(held)
                if self.study.shared:
                    self._beat_for_unclaimed()
                    begin_silent_again(self.study.engine)
                trial = trial or self._new(held)
            yield trial

    def _beat_for_unclaimed(self) -> None:
        """Beats once for trials that no folder has: their workers may have been killed before they could.

        A trial without any heartbeat never counts as abandoned.
        """
        for trial in self.study.trials:
            unclaimed = trial.state == TrialState.RUNNING and FOLDER not in trial.user_attrs
            if unclaimed and trial.number not in self._beaten:
                engine.beat(self.study.engine, trial._trial_id)
                self._beaten.add(trial.number)

    def _abandoned(self, held: contextlib.ExitStack) -> optuna.Trial | None:
        """Holds the first trial of this folder that its worker left; None if there is none.

        On a shared storage it beats for all of them. A worker of this folder goes on from their checkpoints, however
        long ago they were left, unless another machine was faster.
        """
        first: optuna.Trial | None = None
        for found in self.study.trials:
            if found.state != TrialState.RUNNING or not self.study.is_own(found):
                continue
            with contextlib.suppress(LockedError), contextlib.ExitStack() as lock:
                lock.enter_context(self.study.trial_lock(found.number))
                # It may have ended between the two calls.
                current = self.study.engine.get_trials(deepcopy=False)[found.number]
                if current.state != TrialState.RUNNING:
                    continue
                if self.study.shared:
                    engine.beat(self.study.engine, current._trial_id)
                if first is None:
                    first = optuna.trial.Trial(self.study.engine, current._trial_id)
                    held.enter_context(lock.pop_all())
        return first

    def _new(self, held: contextlib.ExitStack) -> optuna.Trial | None:
        trials = self.study.trials
        most, _ = self.study.limits
        queued = any(trial.state == TrialState.WAITING for trial in trials)
        begin = self.new_trials and not self.study.definition.sweep and not (most and counted(trials) >= most)
        if not queued and begin and untried(engine.distributions(self.study.definition), trials) == []:
            self._say("each setting of the space has been tried")
            return None
        if not (queued or begin):
            return None
        if not budget.allows_another(self.study, trials):
            self._say(budget.spent(self.study, trials))
            return None
        trial = self.study.engine.ask(engine.distributions(self.study.definition))
        if self.study.shared:
            engine.beat(self.study.engine, trial._trial_id)
        held.enter_context(self.study.trial_lock(trial.number))
        trial.set_user_attr(FOLDER, self.study.identity)
        trial.set_user_attr(HOST, host())
        return trial

    def _others(self) -> bool:
        """Whether other workers have unfinished trials; says so once for the same ones."""
        names = [str(trial.number) for trial in self.study.trials if trial.state == TrialState.RUNNING]
        if names:
            self._say(f"waiting for the trials of other workers: {', '.join(names)}")
        return bool(names)

    def _say(self, line: str) -> None:
        """Prints a line once."""
        if line not in self._said:
            log_line(line)
        self._said.add(line)

    def _train(self, trial: optuna.Trial) -> None:
        """Trains a trial to its end, or until the worker is stopped; then the trial stays unfinished."""
        try:
            decided = decision_of(trial)
            if decided is None:
                decided = self._followed(trial)
            if decided is None:
                return
            tell(self.study.engine, trial, *decided)
            self._count(*decided)
        except UpdateFinishedTrialError:
            log_line(f"trial {trial.number} was taken over by another machine while this one did not answer")
            return
        self.report(trial_line(self.study, trial.number))

    def _count(self, outcome: Outcome, values: Sequence[tuple[int, float]]) -> None:
        """Counts the trials in a row that failed before their first evaluation; so many are no trials' fault."""
        self._failures = self._failures + 1 if outcome.kind == FAILED and not values else 0
        if self._failures >= MAX_FAILURES:
            self.fault = f"{self._failures} trials in a row failed at their start, the last one by: {outcome.reason}"

    def _followed(self, trial: optuna.Trial) -> tuple[Outcome, list[tuple[int, float]]] | None:
        """Runs a trial; returns its outcome and the values that count, None if it stays unfinished."""
        for name, distribution in engine.distributions(self.study.definition).items():
            if name not in trial.params:  # a worker was killed before it came to them
                trial._suggest(name, distribution)
        config, run = self.study.config_of(trial), self.study.run_of(trial.number)
        _make_run(run, config)
        metric = self.study.definition.metric
        pulse = Pulse(trial, beats=self.study.shared)
        # The result is never worse than what the search started from.
        prunable = trial.params not in first_trials(self.study.definition)
        watcher = Watcher(trial, run, metric, config.run.steps, pulse, prunable)
        begun = time.monotonic()
        outcome = self._run(trial, run, watcher, pulse) if self._is_free(run, pulse) else None
        spent = float(trial.user_attrs.get(outcomes.SECONDS, 0.0)) + time.monotonic() - begun
        trial.set_user_attr(outcomes.SECONDS, round(spent, 1))
        if outcome is not None and outcome.kind == INTERRUPTED:
            outcome = self._interrupted(trial, outcome)
        if outcome is None:
            return None
        # A run that rolled back has cut its records, and written others.
        return outcome, values_of(run, metric) if outcome.kind == DONE else watcher.values

    def _is_free(self, run: Path, pulse: Pulse) -> bool:
        """Waits until the process of a killed worker, which stops by itself, has left the run; False if stopped."""
        while not self.stopped():
            pulse.beat()
            try:
                with directory_lock(run):
                    return True
            except LockedError:
                time.sleep(POLL_SECONDS)
        return False

    def _run(self, trial: optuna.Trial, run: Path, watcher: Watcher, pulse: Pulse) -> Outcome | None:
        """Runs the process; returns the outcome, None if the worker was stopped."""
        process = TrialProcess(self.command, run, self.study.log_of(trial.number))
        try:
            while not self.stopped():
                status = process.poll()
                ending = watcher.look()
                if ending is not None:
                    return ending
                if status is not None:
                    blamed = self.study.definition.blamed
                    return outcome_of(status, watcher.values, run, process.last_line, blamed)
                time.sleep(POLL_SECONDS)
            return None
        finally:
            process.close(pulse.beat)

    def _interrupted(self, trial: optuna.Trial, outcome: Outcome) -> Outcome | None:
        """Counts an interruption that did not come from here; fails the trial when there were too many."""
        times = int(trial.user_attrs.get(outcomes.INTERRUPTIONS, 0)) + 1
        trial.set_user_attr(outcomes.INTERRUPTIONS, times)
        if times >= MAX_INTERRUPTIONS:
            return Outcome(FAILED, f"{outcome.reason}, {times} times")
        log_line(f"trial {trial.number}: {outcome.reason}; it will be resumed")
        return None


def _make_run(run: Path, config: Config) -> None:
    """Makes the folder of a run, unless it is there; training resumes it at generation 0."""
    if not (run / run_folder.CONFIG).exists():
        with atomic_directory(run) as partial:
            atomic_write(partial / run_folder.CONFIG, config.to_json())


def finished(study: Study) -> bool:
    """Whether a study has no unfinished trial."""
    return not any(map(is_unfinished, study.trials))
