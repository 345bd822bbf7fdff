"""The cost of a generation in two checkouts of the package: `python -m benchmarks.against OTHER_CHECKOUT --case toy`.

Each checkout runs in its own process (`benchmarks/against_worker.py`); both take turns, and who goes first alternates.
Every pair of turns gives a ratio of times, this checkout's over the other's; reported are the median of the ratios and
their quartiles. One turn of each, in which the generation is traced and compiled, and further warm-up pairs do not
count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.against_worker import CASES
from benchmarks.timing import machine, publish, summary

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("against_worker.py")
RESULT = ROOT / "docs" / "results" / "against.json"


class Worker:
    """A process that runs generations of one checkout on request."""

    def __init__(self, checkout: Path, case: str) -> None:
        """Starts the process; it builds the model while the caller goes on."""
        self._checkout = checkout
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), case],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def check_checkout(self) -> None:
        """Waits for the model; stops the program if the package is not that of the checkout."""
        found = Path(self._answer())
        if self._checkout not in found.resolve().parents:
            raise SystemExit(f"the package of {self._checkout} was not imported, but {found}")

    def seconds(self, generations: int) -> float:
        """Runs generations; returns the seconds that they took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{generations}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the worker of {self._checkout} stopped; its error is above")
        return json.loads(line)


def compare(case: str, other: Path, rounds: int, warm_up: int, generations: int) -> dict[str, Any]:
    """Times of both checkouts, pair by pair.

    Args:
        case: a name in `CASES`.
        other: the other checkout.
        rounds: pairs that count.
        warm_up: pairs before those, which do not count.
        generations: in a turn.
    """
    with Worker(ROOT, case) as mine, Worker(other, case) as others:
        workers = {"this": mine, "other": others}
        for worker in workers.values():
            worker.check_checkout()
            worker.seconds(CASES[case].per_call)
        pairs = []
        for turn in range(warm_up + rounds):
            order = list(workers) if turn % 2 == 0 else list(workers)[::-1]
            pairs.append({name: workers[name].seconds(generations) / generations for name in order})
    return {"case": case, "generations_per_turn": generations, **statistics(pairs[warm_up:])}


def statistics(pairs: list[dict[str, float]]) -> dict[str, Any]:
    """Medians and quartiles of the ratios and of the times.

    Args:
        pairs: seconds per generation of "this" and "other".
    """
    ratios = [pair["this"] / pair["other"] for pair in pairs]
    low, median, high = (round(float(value), 4) for value in np.percentile(ratios, [25, 50, 75]))
    return {
        "ratio": {"median": median, "quartile_1": low, "quartile_3": high},
        "this": summary([pair["this"] for pair in pairs]),
        "other": summary([pair["other"] for pair in pairs]),
        "ratios": [round(ratio, 4) for ratio in ratios],
    }


def commit_of(checkout: Path) -> dict[str, Any]:
    """The commit of a checkout, and whether files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", checkout, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return {"commit": git("rev-parse", "HEAD") or None, "modified": bool(git("status", "--porcelain", "-uno"))}


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the other checkout, a folder that holds egan_tf/")
    parser.add_argument("--case", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--rounds", type=int, default=40, help="pairs of turns")
    parser.add_argument("--warm-up", type=int, default=2, help="pairs before those, which do not count")
    parser.add_argument("--generations", type=int, default=0, help="in a turn; 0: as each case says")
    parser.add_argument("--out", default=str(RESULT), help="write the JSON to this file; empty for none")
    options = parser.parse_args()
    other = options.other.resolve()
    if not (other / "egan_tf").is_dir():
        parser.error(f"{options.other} holds no egan_tf")
    cases = []
    for case in options.case:
        per_call = CASES[case].per_call
        generations = -(-options.generations // per_call) * per_call or CASES[case].generations
        found = compare(case, other, options.rounds, options.warm_up, generations)
        ratio, times = found["ratio"], [found[name]["median_ms"] for name in ("this", "other")]
        quartiles = f"{ratio['quartile_1']} to {ratio['quartile_3']}"
        print(f"{case}: {ratio['median']} ({quartiles}), {times[0]} and {times[1]} ms", file=sys.stderr)
        cases.append(found)
    commits = {"this": commit_of(ROOT), "other": commit_of(other)}
    publish({"machine": machine(), **commits, "rounds": options.rounds, "cases": cases}, options.out)


if __name__ == "__main__":
    main()
