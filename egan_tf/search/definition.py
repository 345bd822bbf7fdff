"""The definition of a study, and its conversion to and from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egan_tf.metrics.registry import METRICS
from egan_tf.search.searchable import SECTIONS
from egan_tf.search.space import Parameter, parse_parameter
from egan_tf.training.config import Config, from_dict
from egan_tf.training.config_file import MAX_BYTES
from egan_tf.utils.checks import InputError, format_value, one_of, require

FORMAT = 1
SAMPLERS = ("tpe", "random")
PRUNING = ("halving", "none")
REDUCTION = 3
"""Of the trials that reach a rung, one in so many goes on to the next, which is so many times as far."""
SEED = "seed"
"""The label of the parameter of a sweep."""
_MODEL = ("network", "evolution", "optimizer")
"""Sections of the configuration whose settings depend on each other."""


@dataclass(frozen=True)
class Definition:
    """What the trials of a study have in common; it never changes.

    Attributes:
        config: of all trials, but for the searched settings; its name and models_dir are those of the export.
        space: the searched settings; empty in a sweep over seeds.
        sweep: whether the study is a sweep over seeds.
        sampler: of `SAMPLERS`.
        pruning: of `PRUNING`.
    """

    config: Config
    space: tuple[Parameter, ...]
    sweep: bool = False
    sampler: str = "tpe"
    pruning: str = "halving"

    @property
    def metric(self) -> str:
        """The metric that decides."""
        return self.config.metrics.monitor or self.config.metrics.metrics[0]

    @property
    def higher_is_better(self) -> bool:
        """Whether larger values of the metric are better."""
        return METRICS[self.metric].higher_is_better

    @property
    def first_rung(self) -> int:
        """The generation at which a trial may be pruned first: the first evaluation after a ninth of the run."""
        every = self.config.metrics.evaluate_every
        return every * max(1, -(-self.config.run.steps // (REDUCTION**2 * every)))

    @property
    def rungs(self) -> list[int]:
        """The generations, before the last one, at which trials are pruned."""
        rungs: list[int] = []
        steps = self.config.run.steps
        while self.pruning != "none" and (rung := self.first_rung * REDUCTION ** len(rungs)) < steps:
            rungs.append(rung)
        return rungs

    @property
    def blamed(self) -> frozenset[str]:
        """The settings that a trial may be refused for by its values: the searched ones, and those that must fit them.

        Data and machine were there when the study was made, and may be there again. Seeds are never refused.
        """
        searched = [name for parameter in self.space for name in parameter.names]
        fitting = [name for name, section in SECTIONS.items() if section in _MODEL and searched]
        return frozenset(searched + fitting)

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries that JSON can hold."""
        values = {name: getattr(self, name) for name in ("sweep", "sampler", "pruning")}
        space = {parameter.label: parameter.text for parameter in self.space}
        return {"format": FORMAT, **values, "space": space, "config": self.config.to_dict()}


def from_json_object(values: Any, where: str) -> Definition:
    """Reads a definition from untrusted values; nothing that they name is imported.

    Raises:
        InputError: they are not those of a study of this version.
    """
    require(isinstance(values, Mapping) and values.get("format") == FORMAT, where, "is not a study of this version")
    sweep = values.get("sweep")
    require(isinstance(sweep, bool), where, "sweep must be true or false")
    return Definition(
        checked_config(from_dict(values.get("config"), where)),
        read_space(values.get("space"), where),
        bool(sweep),
        one_of(where, values.get("sampler"), SAMPLERS),
        one_of(where, values.get("pruning"), PRUNING),
    )


def checked_config(config: Config) -> Config:
    """The configuration, if it has a metric that can decide.

    Raises:
        InputError: it records no metric, or its monitored one is unknown.
    """
    metrics, monitor = config.metrics.metrics, config.metrics.monitor
    require(bool(metrics), "metric", "a study needs a metric that its runs record; name some with --metrics")
    for name in metrics:
        one_of("metrics", name, METRICS)
    require(not monitor or monitor in metrics, "metric", f"must be one of {', '.join(metrics)}")
    return config


def read_space(values: Any, where: str) -> tuple[Parameter, ...]:
    """The space of a JSON object: `NAME` or `NAME,NAME` to `KIND:VALUES`.

    Raises:
        InputError: it is another value, or a parameter is invalid.
    """
    valid = isinstance(values, Mapping) and all(isinstance(text, str) for text in values.values())
    require(valid, where, f"must be an object of NAME: KIND:VALUES, got {format_value(values)}")
    space = tuple(parse_parameter(names, text) for names, text in values.items())
    named = [name for parameter in space for name in parameter.names]
    require(len(named) == len(set(named)), where, "a setting is searched twice; name each setting once")
    return space


def read_space_file(path: Path) -> tuple[Parameter, ...]:
    """The space in a JSON file: an object as of `read_space`, or a study's `study.json`.

    Raises:
        InputError: the file cannot be read, or holds no space.
    """
    values = read_json(path, "space")
    inner = values.get("space") if isinstance(values, dict) and "format" in values else values
    space = read_space(inner, str(path))
    require(bool(space), str(path), "names no setting to search")
    return space


def read_json(path: Path, field: str) -> Any:
    """The JSON in a small file.

    Raises:
        InputError: it cannot be read, or is not JSON.
    """
    try:
        # Reading a device or pipe might never end.
        require(path.is_file(), field, f"no file {path}")
        require(path.stat().st_size <= MAX_BYTES, field, f"{path} is too large")
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(field, f"{path} cannot be read: {error.strerror}") from error
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(field, f"{path} is not JSON: {error}") from error
