"""Loads the data set of a configuration."""

from __future__ import annotations

from dataclasses import fields

from egan_tf import data
from egan_tf.training.config import Config
from egan_tf.training.config_groups import DataConfig
from egan_tf.utils.settings import settings_of
from egan_tf.utils.user_code import UserCode, references_in

IMAGE_OPTIONS = tuple(field.name for field in fields(data.ImageOptions) if field.name in settings_of(DataConfig))
"""The settings that `egan_tf.data.load` takes as options."""


def load_dataset(config: Config, code: UserCode | None = None) -> data.Dataset:
    """The data set of a configuration, prepared if necessary.

    Args:
        config: the configuration.
        code: functions of the user that it names.

    Raises:
        InputError: as `egan_tf.data.load`.
    """
    resolved = (code or UserCode()).resolved(config.data)
    options = {name: getattr(config.data, name) for name in IMAGE_OPTIONS}
    return data.load(resolved.dataset, config.data.data_dir, **options)  # type: ignore[attr-defined]


def check_data_available(config: Config) -> None:
    """Raises `InputError` if the data is not there and cannot be fetched: within 5 s, without importing TensorFlow."""
    if not references_in(config.data):
        data.check_available(config.data.dataset, config.data.data_dir)
