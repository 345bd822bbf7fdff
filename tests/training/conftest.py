"""Disks that fill up or become read-only, and a finished run."""

from pathlib import Path

import keras
import pytest

from egan_tf.training import train as training
from tests.disks import disk, remount, small_disk
from tests.training.short import short

__all__ = ["disk", "remount", "small_disk", "whole"]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run that was not interrupted; tests only read it."""
    where = tmp_path_factory.mktemp("whole")
    keras.backend.clear_session()
    training.train(short(where))
    return where
