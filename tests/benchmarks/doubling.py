"""Jobs for the test of `benchmarks/job_processes.py`."""

import os

from benchmarks.job_processes import serve


def work(number: int) -> dict[str, int]:
    print("what a library prints")
    return {"double": 2 * number, "process": os.getpid(), "failed": 1 // number}


if __name__ == "__main__":
    serve(work)
