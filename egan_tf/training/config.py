"""The configuration of a run, and its conversion to and from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from egan_tf.data.names import public_name, short_name
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.training.config_groups import DataConfig, MetricsConfig, NetworkConfig, OptimizerConfig, RunConfig
from egan_tf.training.old_config import with_new_names
from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.settings import Settings, sections_of, settings_of, unknown_setting


class Config(Settings):
    """Configuration."""

    run: RunConfig = RunConfig()
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    evolution: EvolutionSettings = EvolutionSettings()
    optimizer: OptimizerConfig = OptimizerConfig()
    metrics: MetricsConfig = MetricsConfig()
    user_code: Mapping[str, str] = {}
    """SHA-256 of the source file of each `module:function` that was imported for the run; no flag sets it."""

    @property
    def name(self) -> str:
        """The name of the run and of its exported model."""
        return self.run.name or short_name(str(self.data.dataset))

    @property
    def summary(self) -> str:
        """One line for lists of presets."""
        network, batch = self.network, self.data.batch_size
        evaluated = self.evolution.evaluation_size or batch
        made = f"{network.network} of width {network.width}, batch {batch}, scored on {evaluated}"
        return f"{self.data.dataset}: {made}, {self.run.steps:,} generations"

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries that JSON can hold, without an empty `user_code`."""
        values = super().to_dict()
        if not self.user_code:
            del values["user_code"]
        return values

    def to_json(self) -> str:
        """As JSON text, which `from_json` reads back."""
        return json.dumps(self.to_dict(), indent=2) + "\n"

    def public(self) -> dict[str, Any]:
        """As `to_dict`, without local folders, for published files; of other paths only the last part is left."""
        values = self.to_dict()
        values["data"]["dataset"] = public_name(str(self.data.dataset))
        values["metrics"]["extractor_path"] = PurePath(self.metrics.extractor_path).name
        for section, group in sections_of(type(self)).items():
            for name, declared in settings_of(group).items():
                if declared.folder:
                    del values[section][name]
        return values


def from_json(text: str, where: str = "config") -> Config:
    """Reads a configuration from untrusted JSON text.

    Raises:
        InputError: it is not JSON, has unknown sections or keys, or values of a wrong type or range.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"is not JSON: {error}") from error
    return from_dict(values, where)


def from_dict(values: Any, where: str = "config") -> Config:
    """The configuration with the given sections and keys; everything else has its default.

    Names of older versions are accepted. Nothing that the values name is imported.

    Raises:
        InputError: unknown sections or keys, and values of a wrong type or range.
    """
    require(isinstance(values, Mapping), where, f"must be a JSON object, got {format_value(values)}")
    sections = tuple(Config.model_fields)
    for section in values:
        if section not in sections:
            raise unknown_setting(section, sections, where)
    return Config(**with_new_names(values))
