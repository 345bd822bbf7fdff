"""The folders of checkpoints, without reading what is in them; imports no TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

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


def name_of(generation: int, restarts: int) -> str:
    """The name of the checkpoint of a generation, after some rollbacks."""
    return f"{generation:08d}" + (f"-r{restarts}" if restarts else "")


def generation_of(checkpoint: Path) -> int:
    """The generation of a checkpoint, one of `checkpoint_folders`, by its name."""
    return int(checkpoint.name.partition("-")[0])
