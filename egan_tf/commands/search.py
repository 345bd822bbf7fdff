"""Searches settings, or sweeps over seeds: `egan-search --help`.

In a checkout `python -m egan_tf.commands.search --help`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from egan_tf.utils.checks import RunError, require
from egan_tf.utils.command_line import TRAINING_PACKAGES, program, run
from egan_tf.utils.log_line import log_line

if TYPE_CHECKING:
    from egan_tf.commands.search_arguments import SearchArguments
    from egan_tf.search.definition import Definition
    from egan_tf.search.start import Start
    from egan_tf.search.study import Study

SIGNAL_STATUS = 128


def cli() -> NoReturn:
    """The console script."""
    run(main, "search", needs=(*TRAINING_PACKAGES, "optuna"), extras="train,search")


def main(arguments: Sequence[str]) -> int:
    """Makes or resumes a study and works on it; returns the exit status.

    Args:
        arguments: without the program's name.

    Raises:
        InputError: an input is invalid; nothing has been trained.
        RunError: the study cannot go on, or its winner cannot be exported; its trials are kept.
        SystemExit: after printing the help or the version.
    """
    from egan_tf.commands.search_arguments import read_arguments

    options = read_arguments(arguments)
    if options.resume is None:
        from egan_tf.commands.search_setup import new_definition, preview

        _check_places(options)
        definition = new_definition(options)
        start = _start(definition, options)
        if options.dry_run:
            print("\n".join(preview(definition, options.seeds)))
            return 0
        from egan_tf.commands.search_arguments import STUDIES_DIR
        from egan_tf.search.study import create_study

        study = create_study(definition, options.studies_dir or STUDIES_DIR, options.storage, start)
    else:
        study = _opened(options, options.resume)
    from egan_tf.search.failures import failures_in_one_line

    with failures_in_one_line(study.folder):
        if options.list:
            _print_results(study)
            return 0
        if options.resume is not None:
            _check_code(study, options.trust_code)
            _raise_limits(study, options)
        print(f"study: {study.folder}")
        log_line(f"another worker, in another terminal: {_resuming(study)}")
        return _work(study, options)


def _check_places(options: SearchArguments) -> None:
    """Refuses places that a new study cannot have, without making or opening one: a dry run writes nothing."""
    from egan_tf.commands.search_arguments import STUDIES_DIR
    from egan_tf.search.engine import check_url
    from egan_tf.utils.paths import check_writable

    check_writable("studies_dir", options.studies_dir or STUDIES_DIR)
    if options.storage:
        check_url(options.storage)


def _resuming(study: Study) -> str:
    """The command that goes on with a study; a URL that may hold a password is not shown."""
    from egan_tf.search.study_file import HIDDEN, read_study_file

    storage = " --storage URL" if read_study_file(study.folder).storage == HIDDEN else ""
    return f"{program('search')} --resume {study.folder}{storage}"


def _start(definition: Definition, options: SearchArguments) -> Start:
    """How far a new study goes, and the seeds of a sweep."""
    from egan_tf.commands.search_arguments import DEFAULT_TRIALS
    from egan_tf.search.budget import check_new
    from egan_tf.search.start import Start

    generations = options.budget.generations if options.budget else None
    check_new(definition, generations)
    trials = options.trials
    if trials is None and options.budget is None and not definition.sweep:
        trials = DEFAULT_TRIALS
    return Start(trials or 0, generations or 0, tuple(options.seeds))


def _opened(options: SearchArguments, name: str) -> Study:
    """The study that `--resume` names."""
    from egan_tf.commands.search_arguments import NEWEST, STUDIES_DIR
    from egan_tf.search.study import join_study, open_study
    from egan_tf.search.study_file import STUDY
    from egan_tf.training.run_folder import newest_folder

    studies_dir = options.studies_dir or STUDIES_DIR
    if name == NEWEST:
        folder = newest_folder(studies_dir, STUDY, "study", "--studies-dir")
    elif options.storage and not os.path.isdir(name):  # noqa: PTH112 - of `Path.is_dir` a name too long is an error
        return join_study(name, options.storage, studies_dir)
    else:
        folder = Path(name)
        problem = f"has no meaning where --resume names a folder, {folder}; leave it out"
        require(options.studies_dir is None, "studies_dir", problem)
    require(os.path.isdir(folder), "resume", f"no study {folder}")  # noqa: PTH112
    return open_study(folder, options.storage)


def _check_code(study: Study, trusted: bool) -> None:
    """Refuses a study that names code to import, unless the user trusts it."""
    from egan_tf.commands.search_setup import references_of
    from egan_tf.utils.user_code import untrusted

    found = references_of(study.definition)
    if found and not trusted:
        raise untrusted(found[0][0].name, found[0][1], can_type=False)


def _raise_limits(study: Study, options: SearchArguments) -> None:
    """Changes how far a resumed study goes, and queues further seeds."""
    from egan_tf.search.budget import check_resumed
    from egan_tf.search.table import counted

    sweep = study.definition.sweep
    require(sweep or not options.seeds, "seeds", "are those of a sweep; this study is a search")
    require(not sweep or options.trials is None, "trials", "are the seeds of a sweep; name more --seeds instead")
    with study.locked():
        known = counted(study.trials)
        most = options.trials
        require(most is None or most >= known, "trials", f"the study has {known} trials; ask for at least as many")
        budget = options.budget.generations if options.budget else None
        if budget is not None:
            check_resumed(study, budget)
        study.limit(most, budget)
        study.enqueue(options.seeds)
        study.try_again(options.seeds)


def _work(study: Study, options: SearchArguments) -> int:
    from egan_tf.search.budget import needed
    from egan_tf.search.process import python_command
    from egan_tf.search.worker import Worker
    from egan_tf.training.signals import Signals

    # Whether code may be imported was decided for the whole study, whose folder may have moved.
    folders = ["--models-dir", str(study.models_dir)]
    folders += [] if options.data_dir is None else ["--data-dir", options.data_dir]
    command = python_command("egan_tf.commands.trial", "--trust-code", *folders, "--resume")
    seconds = options.budget.seconds if options.budget else None
    end = None if seconds is None else time.monotonic() + seconds
    with Signals() as signals:

        def stopped() -> bool:
            return signals.received is not None or (end is not None and time.monotonic() >= end)

        # A study that was limited by time alone goes on if there is more time; otherwise its open trials are finished.
        endless = study.limits == (0, 0) and end is None
        worker = Worker(study, command, stopped, lambda line: print(line, flush=True), not endless)
        finished = worker.work()
    try:
        if signals.received is not None:
            _print_results(study)
        else:
            _finish(study, options, finished)
    finally:
        if not finished:
            more = f" --budget {options.budget_text}" if study.limits == (0, 0) and end is not None else ""
            larger = needed(study) if signals.received is None else 0  # a signal is no fault of the budget
            more, why = (f" --budget {larger}", " by the budget") if larger else (more, "")
            print(f"stopped{why}; to resume: {_resuming(study)}{more}")
    if worker.fault:
        raise RunError(f"{worker.fault}; mend that, and --resume tries them again")
    return 0 if signals.received is None else SIGNAL_STATUS + signals.received


def _finish(study: Study, options: SearchArguments, finished: bool) -> None:
    """Exports the winner so far, writes the comparison and the results, and prints them.

    Raises:
        RunError: the winner cannot be exported; or the study is finished, and there is none.
    """
    from egan_tf.search.process import python_command
    from egan_tf.search.study import write_results
    from egan_tf.search.table import best_trial, summary
    from egan_tf.search.winner import EXPORT, export_winner, recorded_export

    failure, exported = "", None
    with study.locked():
        if best_trial(study) is not None:
            command = python_command("egan_tf.commands.export", "--trust-code")
            try:
                exported = export_winner(study, command, options.name, options.overwrite)
            except RunError as error:
                failure = str(error)
        # An export that fails leaves an earlier one, which the next may replace.
        write_results(study, {**summary(study), EXPORT: exported or recorded_export(study)})
    _print_results(study)
    if exported is not None:
        print(f"model: {exported['model']}")
    report = _compare(study)
    if report is not None:
        print(f"report: {report}")
    if failure:
        raise RunError(failure)
    if finished and best_trial(study) is None:
        raise RunError(f"no trial of {study.folder} came to its end with a finite metric; the table says why")


def _print_results(study: Study) -> None:
    from egan_tf.search.again import to_try_again
    from egan_tf.search.budget import queued
    from egan_tf.search.table import best_trial, spread_line, table

    print("\n".join(table(study)))
    spread, best, waiting = spread_line(study), best_trial(study), queued(study)
    failed = " ".join(str(trial.number) for trial in to_try_again(study.trials))
    if spread:
        print(spread)
    if waiting:
        print(f"queued: {waiting}")
    if failed:
        print(f"failed: trials {failed}; --resume tries them again")
    if best is not None:
        print(f"best: trial {best.number}, {study.definition.metric} {best.value:.5g}")
        print(f"run: {study.run_of(best.number)}")


def _compare(study: Study) -> Path | None:
    """The page that compares the trials, the best ones if there are too many; a failure is logged."""
    from egan_tf.report.write import MAX_RUNS, write_comparison
    from egan_tf.search.study import COMPARISON
    from egan_tf.search.table import ranked_runs

    runs = ranked_runs(study)[:MAX_RUNS]
    if len(runs) < 2:
        return None
    try:
        return write_comparison(runs, study.folder / COMPARISON)
    except Exception as error:  # drawing libraries may raise anything, which must not cost the results
        log_line(f"no comparison of the trials was written: {str(error) or type(error).__name__}")
        return None


if __name__ == "__main__":
    cli()
