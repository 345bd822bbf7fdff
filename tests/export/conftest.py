"""One export of each small generator, shared by the tests."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from egan_tf.export import export_generator
from tests.export.generators import CARD, NORMAL, UNIFORM, conv_generator, mlp_generator


@pytest.fixture(scope="session")
def conv() -> keras.Model:
    """The convolutional generator."""
    return conv_generator()


@pytest.fixture(scope="session")
def mlp() -> keras.Model:
    """The generator of points."""
    return mlp_generator()


@pytest.fixture(scope="session")
def conv_export(conv: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of `conv`; tests only read it."""
    directory = tmp_path_factory.mktemp("models") / "conv"
    return export_generator(conv, directory, latent=NORMAL, value_range=(-1, 1), card=CARD)


@pytest.fixture(scope="session")
def mlp_export(mlp: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of `mlp`; tests only read it."""
    directory = tmp_path_factory.mktemp("models") / "mlp"
    return export_generator(mlp, directory, latent=UNIFORM, value_range=None, card={})
