"""Where a configuration exports its model; imports no TensorFlow."""

from __future__ import annotations

from pathlib import Path

from egan_tf.training.config import Config
from egan_tf.utils.paths import user_path


def exported_as(config: Config, name: str | None, models_dir: Path | None) -> Config:
    """The configuration with another name or folder of its exported model, where these are given."""
    return config.replace(run={"name": name or config.run.name, "models_dir": str(models_dir or config.run.models_dir)})


def export_dir(config: Config) -> Path:
    """The folder of a configuration's exported model."""
    return user_path("models_dir", config.run.models_dir) / config.name
