"""Noise and labels as inputs: [noise, labels], functional or a subclass; otherwise one line says what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf import EGAN, InputError, Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator

NAMES = ("shirt", "shoe", "hat")
NOISE = np.random.default_rng(0).standard_normal((5, 6), dtype=np.float32)
LABELS = np.arange(5, dtype=np.int32) % 3


class Subclass(keras.Model):
    """Points of noise and labels; Keras can make no clone of it."""

    def __init__(self, offset: float = 0.0) -> None:
        super().__init__()
        self.dense, self.offset = layers.Dense(2), offset
        self.embedding = layers.Embedding(3, 2, embeddings_initializer="normal")

    def call(self, inputs: Any, training: bool = False) -> Any:
        noise, labels = inputs
        return self.dense(noise) + self.embedding(labels) + self.offset


class OfNoise(keras.Model):
    """Points of noise alone."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.dense(inputs)


class ByName(Subclass):
    """Takes a dictionary."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call([inputs["noise"], inputs["labels"]])


def built(model: keras.Model, inputs: Any) -> keras.Model:
    model(inputs)
    return model


def egan_of(generator: keras.Model) -> EGAN:
    points, labels = keras.Input((2,)), keras.Input((), dtype="int32")
    both = layers.Concatenate()([points, layers.Embedding(3, 2)(labels)])
    egan = EGAN(generator, keras.Model([points, labels], layers.Dense(1)(layers.Dense(4, "relu")(both))))
    egan.compile()
    egan.fit(np.zeros((64, 2), np.float32), np.zeros(64, np.int32), batch_size=16, verbose=0)
    return egan


CONDITIONAL: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
    "built": lambda: (built(Subclass(), [NOISE, LABELS]), {}),
    "built of a tuple": lambda: (built(Subclass(), (NOISE, LABELS)), {}),
    "never called": lambda: (Subclass(), {"latent": Latent(6)}),
    "an EGAN": lambda: (egan_of(built(Subclass(), [NOISE, LABELS])), {}),
    "a survivor of an EGAN": lambda: (egan_of(built(Subclass(), [NOISE, LABELS])).best_generator, {}),
}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_a_conditional_subclass_is_exported(name: str, tmp_path: Path) -> None:
    model, options = CONDITIONAL[name]()
    directory = export_generator(model, tmp_path / "it", class_names=NAMES, formats=["onnx"], **options)
    made_by = model.best_generator if isinstance(model, EGAN) else model
    sampler = Sampler(directory)
    assert (sampler.class_names, sampler.latent_size) == (NAMES, 6)
    expected = np.asarray(made_by([NOISE, LABELS], training=False))
    np.testing.assert_allclose(sampler.generate(NOISE, LABELS), expected, rtol=0, atol=1e-5)


def test_a_subclass_of_noise_alone_is_exported(tmp_path: Path) -> None:
    model = built(OfNoise(), NOISE)
    assert Sampler(export_generator(model, tmp_path / "it", formats=["onnx"])).classes == 0


def functional(order: Callable[[Any, Any], Any], noise_name: str = "noise") -> keras.Model:
    noise, labels = keras.Input((6,), name=noise_name), keras.Input((), dtype="int32", name="labels")
    return keras.Model(order(noise, labels), layers.Add()([layers.Dense(2)(noise), layers.Embedding(3, 2)(labels)]))


BY_NAME = r"generator: takes its inputs by name \(.*labels.*\); wanted is \[noise, labels\] in this order: export keras"
REFUSED: dict[str, tuple[Callable[[], keras.Model], tuple[str, ...], str]] = {
    "by name": (lambda: functional(lambda z, y: {"noise": z, "labels": y}), NAMES, BY_NAME),
    "by names that sort": (lambda: functional(lambda z, y: {"a": z, "labels": y}, "a"), NAMES, BY_NAME),
    "a subclass, by name": (lambda: built(ByName(), {"noise": NOISE, "labels": LABELS}), NAMES, BY_NAME),
    "one by name": (
        lambda: keras.Model({"z": (z := keras.Input((6,), name="z"))}, layers.Dense(2)(z)),
        (),
        r"generator: takes its inputs by name \(z\); wanted is noise: export keras",
    ),
    "labels first": (
        lambda: functional(lambda z, y: [y, z]),
        NAMES,
        r"generator: takes its labels before the noise; wanted are \[noise, labels\] in this order",
    ),
    "nested": (lambda: functional(lambda z, y: [[z], y]), NAMES, "generator: takes nested inputs; wanted are noise"),
    "labels that it does not take": (
        lambda: built(OfNoise(), NOISE),
        NAMES,
        r"class_names: the generator takes no labels; one that does is called with \[noise, labels\]",
    ),
    "no names": (lambda: built(Subclass(), [NOISE, LABELS]), (), "class_names: must be given"),
    "unknown noise": (Subclass, NAMES, r"latent: the generator does not say how long its noise is; give Latent\(SIZE"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("error:The structure of `inputs`")
def test_other_inputs_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, names, words = REFUSED[name]
    with pytest.raises(InputError, match=f"^{words}") as caught:
        export_generator(make(), tmp_path / "it", class_names=names)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_the_advice_helps(tmp_path: Path) -> None:
    """What the message says of inputs by name."""
    generator = functional(lambda z, y: {"noise": z, "labels": y})
    noise, labels = keras.Input((6,)), keras.Input((), dtype="int32")
    wrapped = keras.Model([noise, labels], generator({"noise": noise, "labels": labels}))
    directory = export_generator(wrapped, tmp_path / "it", class_names=NAMES, formats=["onnx"])
    np.testing.assert_allclose(
        Sampler(directory).generate(NOISE, LABELS), generator({"noise": NOISE, "labels": LABELS}), rtol=0, atol=1e-5
    )
