"""How often the cases draw each member: `python -m tests.evolution.fuzz.coverage` writes coverage.json."""

from __future__ import annotations

import json
from pathlib import Path

from tests.evolution.fuzz.grammar import FAST, MEMBERS, SLOW, draw


def coverage() -> dict[str, dict[str, int]]:
    """The number of cases that have each member, by group."""
    counts = {group: dict.fromkeys(members, 0) for group, members in MEMBERS.items()}
    for number in [*FAST, *SLOW]:
        for group, members in draw(number).chosen.items():
            for member in members:
                counts[group][member] += 1
    return counts


if __name__ == "__main__":
    Path(__file__).with_name("coverage.json").write_text(json.dumps(coverage(), indent=2) + "\n")
