"""A writer that does not write what the generator does is caught, and nothing of it stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf.export import FORMATS, ExportMismatchError, export_generator, saved_model
from egan_tf.export.source import Source
from egan_tf.utils.checks import InputError
from tests.export.generators import NORMAL, conv_generator


class Training(Source):
    """Serves the generator as it trains."""

    def serve(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """BatchNorm with the batch's own statistics."""
        return {"samples": self.model(noise, training=True)}


def with_other_source(name: str, other: type[Source]) -> Any:
    def write(source: Source, directory: Path) -> None:
        FORMATS_BEFORE[name].write(other(source.original, source.model, source.recipe), directory)

    return FORMATS_BEFORE[name]._replace(write=write)


FORMATS_BEFORE = dict(FORMATS)


def export(model: keras.Model, directory: Path, **changes: Any) -> Path:
    return export_generator(model, directory, latent=NORMAL, value_range=(-1, 1), card={}, **changes)


@pytest.mark.parametrize("name", list(FORMATS))
def test_export_in_training_mode_is_caught(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, name, with_other_source(name, Training))
    with pytest.raises(ExportMismatchError, match=f"generator: its {name} differs by"):
        export(conv_generator(), tmp_path / "it", formats=[name])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda samples: samples + 2e-5, "differs by"),
        (lambda samples: samples * np.nan, "differs by nan"),
        (lambda samples: samples.astype(np.float64), "makes float64"),
        (lambda samples: samples[:, :8], "makes float32"),
        (lambda samples: samples[:1], "makes float32"),
        (lambda samples: samples[::-1], "differs by"),
    ],
)
def test_every_difference_is_caught(
    spoil: Any, message: str, conv: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(directory: Path) -> Any:
        run = saved_model.load(directory)
        return lambda noise: spoil(run(noise))

    monkeypatch.setitem(FORMATS, "saved_model", FORMATS["saved_model"]._replace(load=load))
    with pytest.raises(ExportMismatchError, match=message) as caught:
        export(conv, tmp_path / "it", formats=["saved_model"])
    assert isinstance(caught.value, InputError)
    assert not list(tmp_path.iterdir())


def test_the_generator_is_left_as_it_was(tmp_path: Path) -> None:
    model = conv_generator()
    before = [weight.numpy() for weight in model.variables]
    export(model, tmp_path / "it")
    for weight, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
