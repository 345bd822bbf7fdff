"""The process that trains a trial."""

from __future__ import annotations

import contextlib
import os
import site
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LAST_BYTES = 4096
WAIT_SECONDS = 0.2


class TrialProcess:
    """A process that trains a run, in a session of its own, so that keys of the terminal do not reach it.

    Its standard input is a pipe that nothing is written to: when the worker ends, also by a kill, the pipe closes, and
    the process saves a checkpoint and stops.
    """

    def __init__(self, command: Sequence[str], run: Path, log: Path) -> None:
        """Starts it.

        Args:
            command: to which the run is appended.
            run: the folder of the run.
            log: receives what it prints; replaced.
        """
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, str(run)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    def stop(self, meanwhile: Callable[[], None]) -> None:
        """Asks it to save a checkpoint and stop, and waits until it has, which a long compilation may delay.

        Args:
            meanwhile: called again and again while it waits.
        """
        self._process.terminate()
        while self._process.poll() is None:
            meanwhile()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(WAIT_SECONDS)

    def close(self, meanwhile: Callable[[], None]) -> None:
        """Ends it if it still runs, as `stop`."""
        if self._process.poll() is None:
            self.stop(meanwhile)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    @property
    def last_line(self) -> str:
        """The last line that it printed."""
        return last_line(self._log.read_bytes()[-LAST_BYTES:].decode("utf-8", "replace"))


def last_line(text: str) -> str:
    """The last line of a text that is not empty; of a progress bar, its last state."""
    lines = [line.strip() for line in text.replace("\r", "\n").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def failure(printed: str, status: int) -> str:
    """Why a process failed, in one line: what it printed last, without the name of its command, or how it ended.

    Args:
        printed: by the process, or the end of that.
        status: its exit status; negative for a signal.
    """
    line = last_line(printed)
    ended = f"ended by signal {-status}" if status < 0 else f"exit status {status}, and no reason was printed"
    return ended if status < 0 else line.partition("error: ")[2] or line or ended


def python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module in this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def environment() -> Mapping[str, str]:
    """The environment of a process that finds this package where this process found it."""
    root = str(Path(__file__).resolve().parents[2])
    installed = [*site.getsitepackages(), site.getusersitepackages()]
    if root in map(os.path.realpath, installed):
        return os.environ
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, root])}
