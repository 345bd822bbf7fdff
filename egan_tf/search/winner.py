"""Exports the winner of a study."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from egan_tf.export.card import is_unchanged
from egan_tf.sampling.integrity import CARD_FILE, read_card
from egan_tf.search.outcome import BEST_GENERATION
from egan_tf.search.process import environment, failure
from egan_tf.search.study import HOST, RESULTS, Study
from egan_tf.search.table import best_trial
from egan_tf.training.checkpoint_scores import comparable_scores
from egan_tf.training.config import Config, from_dict
from egan_tf.training.config_file import read_config
from egan_tf.training.export_place import exported_as
from egan_tf.training.run_folder import CHECKPOINTS
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import RunError
from egan_tf.utils.log_line import log_line
from egan_tf.utils.paths import user_path

EXPORT = "export"
"""In `results.json`: the trial and the generation that were exported, the SHA-256 of the card, and the folder."""


def export_winner(
    study: Study, command: Sequence[str], name: str | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Exports the best trial from its best checkpoint, unless that is done.

    An earlier export of this study is replaced if nobody changed it; any other only with `overwrite`.

    Args:
        study: with a trial that came to its end.
        command: exports the run that is appended to it.
        name: of the export; by default that of the study's earlier export, or else the study's.
        overwrite: replaces any export, as if the study's configuration said so.

    Returns:
        For `results.json`: "trial", "generation", "card_sha256", "model". The generation is that of the checkpoint,
        which is not the trial's best one if no checkpoint could be written there.

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
    settings, earlier = study.definition.config.run, recorded_export(study)
    name = name or (Path(earlier["model"]).name if earlier else study.definition.config.name)
    model = user_path("models_dir", settings.models_dir) / name
    now = {"trial": best.number, "generation": _kept(study, best)}
    before = _own_export(study, model)
    if before is not None and {entry: before.get(entry) for entry in now} == now:
        return before
    arguments = ["--checkpoint", "best", "--name", name, "--models-dir", settings.models_dir]
    if before is not None or overwrite or settings.overwrite:
        arguments.append("--overwrite")
    done = subprocess.run(
        [*command, str(run), *arguments], capture_output=True, text=True, check=False, env=environment()
    )
    if done.returncode:
        raise RunError(f"the winner, {run}, was not exported: {failure(done.stderr, done.returncode)}")
    exported = (read_card(model) or {}).get("steps")
    if exported != best.user_attrs.get(BEST_GENERATION):
        at = best.user_attrs.get(BEST_GENERATION)
        log_line(
            f"trial {best.number} was best at generation {at}, but has no checkpoint of it; exported is {exported}"
        )
    now["generation"] = exported
    return {**now, "card_sha256": sha256_of(model / CARD_FILE), "model": str(model)}


def recorded_export(study: Study) -> dict[str, Any] | None:
    """The last export of a study by its `results.json`; None if it records none."""
    try:
        found = json.loads((study.folder / RESULTS).read_text(encoding="utf-8"))[EXPORT]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("model"), str) else None


def _own_export(study: Study, model: Path) -> dict[str, Any] | None:
    """The export that this study made in a folder, if nobody changed it.

    A study that was killed before it could record its export knows it by the card, which has the configuration of a
    trial and the generation of its best checkpoint.
    """
    try:
        if not is_unchanged(model):
            return None
        card_sha256, recorded = sha256_of(model / CARD_FILE), recorded_export(study)
        if recorded is not None and recorded.get("card_sha256") == card_sha256:
            return recorded
        card = read_card(model) or {}
        config, generation = from_dict(card.get("config")), card.get("steps")
    except (OSError, ValueError):
        return None
    ended = (trial for trial in study.trials if trial.state == TrialState.COMPLETE and study.is_own(trial))
    alike = (trial.number for trial in ended if _kept(study, trial) == generation)
    number = next((number for number in alike if _is_exported(study.run_of(number), config, model)), None)
    if number is None:
        return None
    return {"trial": number, "generation": generation, "card_sha256": card_sha256, "model": str(model)}


def _kept(study: Study, trial: FrozenTrial) -> Any:
    """The generation of the best checkpoint of a trial; the best one by its records if no checkpoint has a score."""
    values = comparable_scores(study.run_of(trial.number) / CHECKPOINTS)
    if not values:
        return trial.user_attrs.get(BEST_GENERATION)
    best = max(values, key=lambda checkpoint: values[checkpoint])
    return int(best.name.partition("-")[0])


def _is_exported(run: Path, config: Config, model: Path) -> bool:
    """Whether a configuration of a card is that of a run, exported to a folder."""
    try:
        return exported_as(read_config(run), model.name, model.parent).public() == config.public()
    except ValueError:
        return False
