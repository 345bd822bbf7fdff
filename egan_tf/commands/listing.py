"""What `--list` prints: every name that a setting takes, with a line each."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from egan_tf.utils.command_line import import_tensorflow_quietly
from egan_tf.utils.registries import load_registry

SECTIONS: Mapping[str, tuple[str, str]] = {
    "data sets": ("--dataset", "egan_tf.data:DATASETS"),
    "networks": ("--network", "egan_tf.networks:NETWORKS"),
    "objectives": ("--mutations", "egan_tf.evolution.objectives:OBJECTIVES"),
    "variation operators": ("--operators", "egan_tf.evolution.operators:OPERATORS"),
    "discriminator losses": ("--discriminator-loss", "egan_tf.evolution.losses:DISCRIMINATOR_LOSSES"),
    "augmentations": ("--augmentations", "egan_tf.evolution.augmentation:AUGMENTATIONS"),
    "fitnesses": ("--fitness", "egan_tf.evolution.fitness:FITNESSES"),
    "metrics": ("--metrics", "egan_tf.metrics.registry:METRICS"),
    "extractors of features": ("--extractor", "egan_tf.metrics.extractors:EXTRACTORS"),
    "formats": ("--formats", "egan_tf.export.formats:FORMATS"),
    "presets": ("--preset", "egan_tf.training.presets:PRESETS"),
}


def print_listing() -> NoReturn:
    """Prints the lines, and ends the program."""
    import_tensorflow_quietly()
    print("\n".join(listing()))
    sys.exit(0)


def listing() -> Iterator[str]:
    """The lines."""
    for title, (flag, registry) in SECTIONS.items():
        yield f"{title} ({flag})"
        entries: Any = load_registry(registry)
        named = {_usage(name, entry): _summary(name, entry) for name, entry in entries.items()}
        width = max(map(len, named))
        yield from (f"  {name:{width}}  {line}" for name, line in named.items())
        yield ""
    yield "data sets, networks, objectives, losses and fitnesses may also be functions of your own: module:function"


def summary(entry: Any) -> str:
    """One line about an entry of a registry: its `summary`, or the first line of the documentation of its function."""
    given = getattr(entry, "summary", "")
    if given:
        return str(given)
    documented = entry if inspect.isroutine(entry) or inspect.isclass(entry) else type(entry)
    return (inspect.getdoc(documented) or "").partition("\n")[0].rstrip(".")


def _summary(name: str, entry: Any) -> str:
    from egan_tf.training import presets

    return presets.summary(name) if entry is presets.PRESETS.get(name) else summary(entry)


def _usage(name: str, entry: Any) -> str:
    """The name as it is typed."""
    argument = getattr(entry, "argument", "")
    return f"{name}:{argument}" if argument else name
