"""A format that computes other samples than the generator is refused, and leaves no files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, ExportMismatchError, export_generator
from egan_tf.export.formats.saved_model import SavedModel
from egan_tf.export.source import Source
from egan_tf.utils.checks import InputError
from tests.export.generators import NORMAL, conv_generator


class Training(Source):
    """Exports the generator in training mode."""

    def serve(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """BatchNorm normalises with the statistics of the batch."""
        return {"samples": self.model(noise, training=True)}


def export(model: keras.Model, directory: Path, **changes: Any) -> Path:
    return export_generator(model, directory, latent=NORMAL, value_range=(-1, 1), card={}, **changes)


# A .keras file holds the model itself, which has no mode.
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "keras"])
def test_export_in_training_mode_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type(FORMATS[name])

    class InTraining(kind):  # type: ignore[misc, valid-type]
        def write(self, source: Source, directory: Path) -> None:
            super().write(Training(source.original, source.model, source.spec), directory)

    monkeypatch.setitem(FORMATS, name, InTraining())
    with pytest.raises(InputError, match=f"generator: its {name} differs by|changes a variable in inference mode"):
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
def test_every_difference_is_refused(
    spoil: Any, message: str, conv: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Spoiled(SavedModel):
        def load(self, directory: Path) -> Any:
            sample_fn = super().load(directory)
            return lambda noise: spoil(sample_fn(noise))

    monkeypatch.setitem(FORMATS, "saved_model", Spoiled())
    with pytest.raises(ExportMismatchError, match=message) as caught:
        export(conv, tmp_path / "it", formats=["saved_model"])
    assert isinstance(caught.value, InputError)
    assert not list(tmp_path.iterdir())


def test_the_generator_is_unchanged(tmp_path: Path) -> None:
    model = conv_generator()
    before = [weight.numpy() for weight in model.variables]
    export(model, tmp_path / "it")
    for weight, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


class SpectralDense(keras.layers.SpectralNormalization):
    """A spectrally normalized layer whose kernel was trained without the normalization."""


@pytest.mark.parametrize("wrapper", [keras.layers.SpectralNormalization, SpectralDense])
def test_a_generator_without_what_its_layers_assign_is_refused(wrapper: type, tmp_path: Path) -> None:
    generator = keras.Sequential([keras.Input((3,)), wrapper(keras.layers.Dense(2, "tanh"))])
    kernel = next(weight for weight in generator.weights if "kernel" in weight.path)
    kernel.assign(2.0 * kernel)
    arguments: dict[str, Any] = {"latent": Latent(3), "value_range": None, "card": {}, "formats": ["saved_model"]}
    with pytest.raises(ExportMismatchError, match="generator: makes samples that differ by .* from those in training"):
        export_generator(generator, tmp_path / "model", **arguments)
    # A few power iterations, until the norm no longer changes.
    for _ in range(20):
        generator(np.ones([1, 3], "float32"), training=True)
    export_generator(generator, tmp_path / "model", **arguments)
