"""Compares the records of two runs bit for bit: `python -m benchmarks.same_results OLD NEW`, two `metrics.jsonl`.

For refactorings, which must change no result: run both versions with `--log-every 1` and the same seed. Reads the
records of version 0.1.0 (`mutation`, `wins`) as well as today's (`operator`, `selection_counts`).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

RENAMED = {"mutation": "operator", "wins": "selection_counts"}
ADDED = {"operator", "parents"}
"""Lists about the children that records of 0.1.0 do not have."""


def read(path: Path) -> list[dict[str, Any]]:
    """The records with today's names, without what only newer records hold."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = {RENAMED.get(name, name): value for name, value in json.loads(line).items()}
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


def main() -> int:
    """Prints the first difference, or what was equal; returns 1 for a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--generations", type=int, default=200)
    options = parser.parse_args()
    old, new = read(options.old), read(options.new)
    found = difference(old, new, options.generations)
    values = sum(len(json.dumps(record).split(",")) for record in old[: options.generations])
    print(found or f"{options.generations} generations, {values} values: equal bit for bit")
    return int(found is not None)


if __name__ == "__main__":
    sys.exit(main())
