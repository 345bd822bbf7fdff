"""Exports the winner of a study."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from egan_tf.export.card import is_unchanged
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.search.outcome import BEST_GENERATION
from egan_tf.search.process import environment, last_line
from egan_tf.search.study import HOST, RESULTS, Study
from egan_tf.search.table import best_trial
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import RunError

EXPORT = "export"
"""In `results.json`: the trial and the generation that were exported, and the SHA-256 of the export's card."""


def export_winner(study: Study, command: Sequence[str]) -> dict[str, Any]:
    """Exports the best trial from its best checkpoint, unless that is done.

    An earlier export of this study is replaced if nobody changed it; any other only if the study has `overwrite`.

    Args:
        study: with a trial that came to its end.
        command: exports the run that is appended to it.

    Returns:
        For `results.json`: "trial", "generation", "card_sha256", "model".

    Raises:
        RunError: the winner cannot be exported, or its run is on another machine; nothing has been replaced.
    """
    best = best_trial(study)
    assert best is not None
    run = study.run_of(best.number)
    if not study.is_own(best):
        machine = best.user_attrs.get(HOST)
        raise RunError(
            f"the winner, trial {best.number}, was trained on {machine}; resume the study there to export it"
        )
    settings = study.definition.config.run
    model = Path(settings.models_dir) / study.definition.config.name
    now = {"trial": best.number, "generation": best.user_attrs.get(BEST_GENERATION)}
    before = _exported(study, model)
    if before is not None and {name: before.get(name) for name in now} == now:
        return before
    arguments = ["--checkpoint", "best", "--name", study.definition.config.name, "--models-dir", settings.models_dir]
    if before is not None or settings.overwrite:
        arguments.append("--overwrite")
    done = subprocess.run(
        [*command, str(run), *arguments], capture_output=True, text=True, check=False, env=environment()
    )
    if done.returncode:
        raise RunError(f"the winner, {run}, was not exported: {last_line(done.stderr).partition('error: ')[2]}")
    return {**now, "card_sha256": sha256_of(model / CARD_FILE), "model": str(model)}


def _exported(study: Study, model: Path) -> dict[str, Any] | None:
    """The export that this study made, if it is unchanged."""
    try:
        found = json.loads((study.folder / RESULTS).read_text(encoding="utf-8"))[EXPORT]
        own = is_unchanged(model) and found["card_sha256"] == sha256_of(model / CARD_FILE)
        return found if own and isinstance(found, dict) else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
