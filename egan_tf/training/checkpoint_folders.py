"""The folders of checkpoints, without reading what is in them; imports no TensorFlow."""

from __future__ import annotations

import json
import re
from pathlib import Path

from egan_tf.utils.checks import one_of, require

MANIFEST = "manifest.json"
NEWEST, BEST = "newest", "best"
"""Which checkpoint: the newest undamaged one, or the best by the monitored metric."""

_NAME = re.compile(r"(\d{8,18})(?:-r(\d{1,9}))?")


def checkpoint_folders(folder: Path) -> list[Path]:
    """All checkpoints of a run, the oldest first.

    Args:
        folder: of the checkpoints; may not exist.
    """
    if not folder.is_dir():
        return []
    found = [(match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, key=lambda pair: (int(pair[0][2] or 0), int(pair[0][1])))]


def score_of(directory: Path) -> float | None:
    """The score in the manifest of a checkpoint; None if there is none."""
    try:
        score = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))["score"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return score if isinstance(score, float) else None


def check_checkpoint(run: Path, folder: Path, which: str) -> None:
    """Raises `InputError` if a run has no such checkpoint, whether or not it can be read.

    Args:
        run: its folder.
        folder: of its checkpoints.
        which: `NEWEST` or `BEST`.
    """
    one_of("checkpoint", which, (NEWEST, BEST))
    found = checkpoint_folders(folder)
    require(bool(found), "run", f"{run} has no checkpoint; the run did not get that far")
    scored = which == NEWEST or any(score_of(directory) is not None for directory in found)
    require(scored, "checkpoint", f"no checkpoint in {folder} has a value of a metric; take the newest")
