"""Jobs for the test of `benchmarks/job_processes.py`."""

import os
import signal
from pathlib import Path

from benchmarks.job_processes import serve


def work(number: int, dies_once: str = "") -> dict[str, int]:
    """The double; the first time, the process dies and leaves the file `dies_once`."""
    print("what a library prints")
    if dies_once and not Path(dies_once).exists():
        Path(dies_once).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"double": 2 * number, "process": os.getpid(), "failed": 1 // number}


if __name__ == "__main__":
    serve(work)
