"""Exports the model of a run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.export import export_generator
from egan_tf.export.arguments import states_rows
from egan_tf.export.card import is_unchanged
from egan_tf.sampling.integrity import CARD_FILE, read_card
from egan_tf.training import run_folder
from egan_tf.training.checkpoint_folders import checkpoint_folders, generation_of
from egan_tf.training.config import Config, from_dict
from egan_tf.training.export_place import export_dir, exported_as
from egan_tf.training.recorded_data import RecordedData
from egan_tf.training.reproduce import reproduce
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.json_lines import read_records

EXPORTED = "exported"
"""The name of the event."""
METRIC_ENTRIES = (
    *("metric", "value", "deviation", "n_real", "n_fake", "dataset", "split", "extractor", "extractor_hash", "resize"),
    *("protocol", "seed"),
)
"""What a card keeps of the record of an evaluation."""


def export(
    egan: EGAN,
    config: Config,
    dataset: data.Dataset | RecordedData,
    *,
    individual: int = 0,
    formats: Sequence[str] | None = None,
    name: str | None = None,
    models_dir: Path | None = None,
    overwrite: bool | None = None,
    weights_license: str | None = None,
    rows_per_call: int | None = None,
    run: Path | None = None,
) -> Path:
    """Exports one survivor with its card.

    Args:
        egan: the trained model.
        config: its configuration.
        dataset: what it was trained on, or the run's record of it.
        individual: its rank, 0 being the fittest.
        formats: instead of the configuration's.
        name: of the exported model, instead of the configuration's.
        models_dir: instead of the configuration's.
        overwrite: instead of the configuration's.
        weights_license: instead of the configuration's.
        rows_per_call: instead of the configuration's.
        run: the run's folder, whose evaluations of this generator the card gets.

    Returns:
        The directory.
    """
    config = exported_as(config, name, models_dir)
    given = {"weights_license": weights_license, "rows_per_call": rows_per_call}
    config = config.replace(run={key: value for key, value in given.items() if value is not None})
    names = tuple(formats or config.run.formats)
    # What the run's configuration says holds for the formats that state it, and is no obstacle to exporting others.
    rows = rows_per_call if rows_per_call is not None or not states_rows(names) else config.run.rows_per_call
    return export_generator(
        egan.individual(individual),
        export_dir(config),
        latent=egan.latent,
        value_range=dataset.value_range,
        card={**_card(egan, config, dataset, individual), **(_metrics(run, egan) if run and not individual else {})},
        formats=names,
        overwrite=config.run.overwrite if overwrite is None else overwrite,
        class_names=dataset.class_names if egan.conditional else (),
        rows_per_call=rows,
    )


def is_own_export(run: Path, config: Config) -> bool:
    """True if this run made the existing export, and nobody changed it since.

    The run's events record the SHA-256 of the card of every export, and a card lists those of the other files. If
    their last event is not an export, the run may have ended before it could record one, or is of an older version;
    then the card of its export has the run's configuration, and a number of generations at which the run may have
    exported.

    Args:
        run: the run's folder.
        config: its configuration; may differ from that of a recorded export.
    """
    if not is_unchanged(export_dir(config)):
        return False
    events = _events(run)
    if _is_recorded(export_dir(config), events):
        return True
    return (not events or events[-1].get("event") != EXPORTED) and _is_exported(config, _ends(run, config, events))


def unrecorded_export(run: Path, config: Config) -> Path | None:
    """The run's own export, if its events do not record it."""
    own = is_own_export(run, config) and not _is_recorded(export_dir(config), _events(run))
    return export_dir(config) if own else None


def _events(run: Path) -> list[dict[str, Any]]:
    path = run / run_folder.EVENTS
    return read_records(path) if path.exists() else []


def _is_recorded(directory: Path, events: Sequence[dict[str, Any]]) -> bool:
    return sha256_of(directory / CARD_FILE) in [event.get("card_sha256") for event in events]


def _ends(run: Path, config: Config, events: Sequence[dict[str, Any]]) -> set[Any]:
    """The generations at which a run ended, as planned or by a signal, and those of its checkpoints."""
    stopped = {event["generation"] for event in events if isinstance(event.get("generation"), int)}
    return {config.run.steps, *stopped, *map(generation_of, checkpoint_folders(run / run_folder.CHECKPOINTS))}


def _is_exported(config: Config, ends: Collection[Any]) -> bool:
    """Whether the existing export is of the fittest generator of a configuration, at one of some generations."""
    try:
        card: Any = read_card(export_dir(config))
        fittest = card.get("individual", 0) == 0 and card["steps"] in ends
        return fittest and from_dict(card["config"]).public() == config.public()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def export_event(directory: Path) -> dict[str, Any]:
    """What the events of a run record of an export: the SHA-256 of its card, and formats that failed."""
    card = read_card(directory) or {}
    failed = {name: card[name] for name in ("failed_formats",) if name in card}
    return {"event": EXPORTED, "card_sha256": sha256_of(directory / CARD_FILE), **failed}


def _metrics(run: Path, egan: EGAN) -> dict[str, list[dict[str, Any]]]:
    """The records of the fittest survivor's evaluation at this generation, if the run has them."""
    path, generation = run / run_folder.EVALUATIONS, int(egan.generation.numpy())
    records = read_records(path) if path.exists() else []
    found = [
        {name: record[name] for name in METRIC_ENTRIES if record.get(name) is not None}
        for record in records
        if record.get("step") == generation and record.get("value") is not None
    ]
    return {"metrics": found} if found else {}


def _card(egan: EGAN, config: Config, dataset: data.Dataset | RecordedData, individual: int) -> dict[str, Any]:
    """The part of the card that says how the generator was trained."""
    population = egan.population
    lineage = {name: np.asarray(value)[individual].tolist() for name, value in population.lineage._asdict().items()}
    return {
        "name": config.name,
        **({"license": config.run.weights_license} if config.run.weights_license else {}),
        "command": reproduce(config.public())[0],
        "data": dataset.facts(),
        "steps": int(egan.generation.numpy()),
        "failures": {name: int(count) for name, count in population.failures._asdict().items()},
        "individual": individual,
        "scores": {name: float(value[individual]) for name, value in population.scores._asdict().items()},
        "weights": "moving average of the lineage" if population.averages else "last generation",
        "lineage": {
            "root": lineage["root"],
            "last_operator": egan.operator_names[lineage["operator"]] if lineage["operator"] >= 0 else None,
            "ancestry": dict(zip(egan.operator_names, lineage["ancestry"], strict=True)),
        },
        "config": config.public(),
    }
