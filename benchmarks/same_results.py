"""Compares the records of two runs bit for bit.

    python -m benchmarks.same_results OLD/metrics.jsonl NEW/metrics.jsonl
    python -m benchmarks.same_results --checkouts OLD NEW --presets digits ring8

For a change that must change no result. The second form trains both checkouts first, at their defaults, one generation
per call and record. Reads the records of commit 3a36218 (`mutation`, `wins`) as well as today's.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RENAMED = {"mutation": "operator", "wins": "selection_counts"}
ADDED = {"operator", "parents"}
"""Lists about the children that records of 0.1.0 do not have."""
ADDED_VALUES = {"quality_error", "tournament", "decided", "decided_counts", "tournaments", "decided_tournaments"}
"""Entries that records before those of tournaments do not have."""


def read(path: Path) -> list[dict[str, Any]]:
    """The records with the current names, without entries that only newer records have."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        values = json.loads(line)
        record = {RENAMED.get(name, name): value for name, value in values.items() if name not in ADDED_VALUES}
        record["children"] = {name: values for name, values in record["children"].items() if name not in ADDED}
        records.append(record)
    return records


def difference(old: list[dict[str, Any]], new: list[dict[str, Any]], generations: int) -> str | None:
    """The first difference in words; None if the first `generations` records are equal, every number bit for bit."""
    for side, records in (("old", old), ("new", new)):
        if len(records) < generations:
            return f"the {side} run has {len(records)} records, {generations} are compared"
    for before, after in zip(old[:generations], new[:generations], strict=True):
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                where = f"generation {before['generation']}, {name}"
                return f"{where}: {before.get(name)} and {after.get(name)}"
    return None


def train(checkout: Path, preset: str, generations: int, folder: Path) -> Path:
    """Trains in a checkout until there are enough records, and returns its metrics.jsonl."""
    flags = ["--dataset", preset, "--log-every", "1", "--steps-per-execution", "1", "--name", preset]
    folders = ["--runs-dir", str(folder / "runs"), "--models-dir", str(folder / "models"), "--data-dir", "data"]
    command = [sys.executable, "train_tf.py", *flags, *folders]
    metrics = folder / "runs" / f"001-{preset}" / "metrics.jsonl"
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if metrics.exists() and len(metrics.read_bytes().splitlines()) > generations:
                process.send_signal(signal.SIGTERM)
                break
            time.sleep(0.5)
    return metrics


def compare(old: Path, new: Path, generations: int) -> str | None:
    """Prints and returns the first difference, or prints the number of equal values and returns None."""
    before, after = read(old), read(new)
    found = difference(before, after, generations)
    values = sum(len(json.dumps(record).split(",")) for record in before[:generations])
    print(found or f"{generations} generations, {values} values: equal bit for bit", flush=True)
    return found


def main() -> int:
    """Prints the first difference, or the number of equal values; returns 1 for a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs=2, help="two metrics.jsonl, or with --checkouts two checkouts")
    parser.add_argument("--checkouts", action="store_true", help="train first, in two checkouts")
    parser.add_argument("--presets", nargs="+", default=["digits", "ring8"], help="data sets to train on")
    parser.add_argument("--generations", type=int, default=200)
    options = parser.parse_args()
    if not options.checkouts:
        return int(compare(*options.paths, options.generations) is not None)
    different = False
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as folder:
            records = [
                train(checkout.resolve(), preset, options.generations, Path(folder) / str(side))
                for side, checkout in enumerate(options.paths)
            ]
            print(f"{preset}: ", end="")
            different |= compare(*records, options.generations) is not None
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
