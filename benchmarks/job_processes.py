"""Jobs whose results are files, done by a few processes, each of which does one after the other.

A job is a mapping that JSON can hold. What is done is not done again, so an interrupted study goes on where it stopped.
What is published can be taken up again: `restore`. A module takes part by `--serve`, which calls `serve`.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

JOBS_OF_A_PROCESS = 12
"""Then another takes its place: what TensorFlow compiles is never freed."""
ANSWER = "answer "
"""Begins a line with a result; what else a job prints is no matter."""

Job = Mapping[str, Any]


class JobError(Exception):
    """A job has no result; the message says which, and why."""


def serve(work: Callable[..., dict[str, Any]]) -> None:
    """Reads jobs from standard input, one in a line, and prints the result of `work(**job)` for each."""
    for line in sys.stdin:
        print(ANSWER + json.dumps(work(**json.loads(line))), flush=True)


def restore(published: str, rule: str, file_of: Callable[[Job], Path], cost_file_of: Callable[[str], Path]) -> None:
    """Writes the files of the costs and rows of a published report, unless they are there.

    Raises:
        SystemExit: the report is of another rule.
    """
    if not published:
        return
    report = json.loads(Path(published).read_text(encoding="utf-8"))
    if report.get("rule") != rule:
        raise SystemExit(f"{published} is of the rule {report.get('rule')}, and today's is {rule}")
    costs = {cost_file_of(name): cost for name, cost in report["costs"].items()}
    for file, result in {**costs, **{file_of(row): row for row in report["rows"]}}.items():
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(result))


class Processes:
    """Does jobs by `python -m MODULE OPTIONS --serve`."""

    def __init__(self, module: str, options: Sequence[str] = (), jobs_each: int = JOBS_OF_A_PROCESS) -> None:
        """Args: jobs_each: of a process, before another takes its place."""
        self._command = [sys.executable, "-m", module, *options, "--serve"]
        self._jobs_each, self._mine = jobs_each, threading.local()

    def results(self, jobs: Sequence[tuple[Path, Job]], processes: int) -> list[dict[str, Any]]:
        """The results of jobs in order; a missing file is made by doing its job.

        Raises:
            SystemExit: a job failed twice; all others are done.
        """
        with ThreadPoolExecutor(processes) as pool:
            found = list(pool.map(lambda job: self._tried(*job), jobs))
        failures = [result for result in found if isinstance(result, str)]
        if failures:
            raise SystemExit("\n".join(failures))
        return [result for result in found if not isinstance(result, str)]

    def _tried(self, file: Path, job: Job) -> dict[str, Any] | str:
        """The result, or why there is none, after a second try in a new process."""
        try:
            return self._result(file, job)
        except JobError:
            try:
                return self._result(file, job)
            except JobError as error:
                return str(error)

    def _result(self, file: Path, job: Job) -> dict[str, Any]:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(".partial")
            partial.write_text(self._answer(file, json.dumps(dict(job))))
            partial.replace(file)
            print(file.stem, file.read_text(), file=sys.stderr, flush=True)
        return dict(json.loads(file.read_text()))

    def _answer(self, file: Path, job: str) -> str:
        mine = self._mine
        if getattr(mine, "left", 0) == 0:
            self._end()
            mine.errors, mine.left = tempfile.TemporaryFile("w+"), self._jobs_each  # noqa: SIM115
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": mine.errors}
            mine.process = subprocess.Popen(self._command, text=True, **pipes)
        mine.left -= 1
        with contextlib.suppress(BrokenPipeError):  # it has died, and says nothing below
            mine.process.stdin.write(job + "\n")
            mine.process.stdin.flush()
        for line in mine.process.stdout:
            if line.startswith(ANSWER):
                if mine.left == 0:
                    self._end()
                return str(line.removeprefix(ANSWER))
        mine.left = 0
        mine.errors.seek(0)
        raise JobError(f"{file}: {mine.errors.read()[-2000:]}")

    def _end(self) -> None:
        if hasattr(self._mine, "process"):
            with contextlib.suppress(BrokenPipeError):
                self._mine.process.stdin.close()
            self._mine.process.wait()
