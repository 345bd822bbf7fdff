"""Every kind of real data that `fit` takes, made from one array."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from egan_tf import EGAN, InputError
from egan_tf.evolution.batches import Batches as GenerationBatches
from egan_tf.evolution.batches import sizes_for
from egan_tf.evolution.draw_source import draw
from egan_tf.evolution.real_data import source_of

LATENT = 3
POINT, IMAGE = (2,), (2, 2, 1)
BATCH = 8
TOTAL = 2 * BATCH
"""Samples in a generation of `model`."""
ENDLESS = {"function", "endless dataset", "endless PyDataset"}
"""Kinds that need steps_per_epoch."""


class Like:
    """An array of another library, such as a data frame's."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        del copy
        return self._values.astype(dtype) if dtype else self._values


class Batches(keras.utils.PyDataset):
    """Batches of any sizes; notes what Keras' contract promises."""

    def __init__(self, batches: list[Any], endless: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.batches, self.endless, self.events = batches, endless, []

    @property
    def num_batches(self) -> int | None:
        return None if self.endless else len(self.batches)

    def __getitem__(self, index: int) -> Any:
        return self.batches[index % len(self.batches)]

    def on_epoch_begin(self) -> None:
        self.events.append("begin")

    def on_epoch_end(self) -> None:
        self.events.append("end")


def cut(values: Any, sizes: tuple[int, ...] = (5, 1, 7, 3)) -> list[Any]:
    """Ragged batches."""
    found, start = [], 0
    while start < len(values):
        found.append(values[start : start + sizes[len(found) % len(sizes)]])
        start += len(found[-1])
    return found


def memmap(values: np.ndarray) -> np.ndarray:
    path = Path(mkdtemp()) / "samples"
    path.write_bytes(values.tobytes())
    return np.memmap(path, values.dtype, "r", shape=values.shape) if values.size else values


def pairs(x: np.ndarray, y: np.ndarray | None) -> list[Any]:
    return cut(x) if y is None else list(zip(cut(x), cut(y), strict=True))


def slices(x: np.ndarray, y: np.ndarray | None) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(x if y is None else (x, y))


def unknown(x: np.ndarray, y: np.ndarray | None) -> tf.data.Dataset:
    """Ragged batches in a dataset that knows nothing of their rank."""
    types = tf.as_dtype(x.dtype) if y is None else (tf.as_dtype(x.dtype), tf.as_dtype(y.dtype))
    specs = tf.nest.map_structure(lambda dtype: tf.TensorSpec(None, dtype), types)
    return tf.data.Dataset.from_generator(lambda: iter(pairs(x, y)), output_signature=specs)


def function(x: np.ndarray, y: np.ndarray | None) -> Callable[[tf.Tensor, int], Any]:
    def draw(generation: tf.Tensor, count: int) -> Any:
        indices = (generation * count + tf.range(count, dtype=tf.int64)) % len(x)
        parts = tuple(tf.gather(tf.constant(part), indices) for part in (x, y) if part is not None)
        return parts if len(parts) > 1 else parts[0]

    return draw


ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "array": lambda x: x,
    "list": list,
    "tensor": tf.constant,
    "variable": tf.Variable,
    "memmap": memmap,
    "array-like": Like,
}
STREAMS: dict[str, Callable[[np.ndarray, np.ndarray | None], Any]] = {
    "dataset of samples": slices,
    "dataset of batches": lambda x, y: slices(x, y).batch(BATCH),
    "dataset of full batches": lambda x, y: slices(x, y).batch(BATCH, drop_remainder=True),
    "dataset of 1-tuples": lambda x, y: slices((x,), None).batch(BATCH) if y is None else slices(x, y).batch(BATCH),
    "dataset of unknown rank": unknown,
    "prefetched dataset": lambda x, y: slices(x, y).cache().batch(BATCH).prefetch(2),
    "generator": lambda x, y: iter(pairs(x, y)),
    "generator of samples": lambda x, y: iter(list(x) if y is None else list(zip(x, y, strict=True))),
    "PyDataset": lambda x, y: Batches(pairs(x, y)),
    "PyDataset of lists": lambda x, y: Batches([list(p) if isinstance(p, tuple) else [p] for p in pairs(x, y)]),
    "PyDataset with threads": lambda x, y: Batches(pairs(x, y), workers=3, max_queue_size=4),
}
ENDLESS_KINDS: dict[str, Callable[[np.ndarray, np.ndarray | None], Any]] = {
    "function": function,
    "endless dataset": lambda x, y: slices(x, y).repeat().batch(BATCH),
    "endless PyDataset": lambda x, y: Batches(pairs(x, y), endless=True),
}
KINDS = [*ARRAYS, *STREAMS, *ENDLESS_KINDS]


def arguments(kind: str, x: np.ndarray, y: np.ndarray | None = None) -> dict[str, Any]:
    """The arguments of `fit` for data of a kind, in the order of the array."""
    if kind in ARRAYS:
        return {"x": ARRAYS[kind](x), "y": y, "shuffle": False}
    made = {**STREAMS, **ENDLESS_KINDS}[kind](x, y)
    return {"x": made, **({"steps_per_epoch": 2} if kind in ENDLESS else {})}


CLASSES = 4
"""Of `model`, unless it gets another number."""


def networks(
    shape: tuple[int, ...], conditional: bool = False, classes: int = CLASSES
) -> tuple[keras.Model, keras.Model]:
    """The smallest networks."""
    noise, sample = keras.Input((LATENT,)), keras.Input(shape)
    label = [keras.Input((), dtype="int32")] if conditional else []

    def dense(inputs: Any, units: int) -> Any:
        flat = [inputs, *(layers.Embedding(classes, 2)(one) for one in label)]
        return layers.Dense(units)(layers.Concatenate()(flat) if label else inputs)

    made = layers.Reshape(shape)(layers.Activation("tanh")(dense(noise, int(np.prod(shape)))))
    logit = dense(layers.Flatten()(sample), 1)
    return keras.Model([noise, *label], made), keras.Model([sample, *label], logit)


def model(shape: tuple[int, ...] = POINT, conditional: bool = False, classes: int = CLASSES, **settings: Any) -> EGAN:
    """A compiled model; a generation takes two batches."""
    keras.utils.set_random_seed(1)
    egan = EGAN(
        *networks(shape, conditional, classes), **{"discriminator_steps": 2, "mutations": ("heuristic",), **settings}
    )
    egan.compile(jit_compile=False)
    return egan


def samples(count: int, shape: tuple[int, ...] = POINT, dtype: Any = "float32") -> np.ndarray:
    """Numbers in [−1, 1] that every floating-point type holds exactly."""
    values = np.arange(count * int(np.prod(shape))) % 129 / 64 - 1
    return values.reshape(count, *shape).astype(dtype)


def refusal(egan: EGAN, **words: Any) -> str:
    """The message of the error that ends `fit` before it trains."""
    with pytest.raises(InputError) as error:
        egan.fit(**{"batch_size": BATCH, "verbose": 0, **words})
    assert egan.generation.numpy() == 0
    assert "\n" not in str(error.value)
    return str(error.value)


def generations(egan: EGAN, words: dict[str, Any], batch_size: int | None = BATCH) -> list[GenerationBatches]:
    """The real samples of an epoch."""
    expected = egan.expected
    steps, shuffle = words.get("steps_per_epoch"), words.get("shuffle")
    source = source_of(words["x"], words.get("y"), expected, batch_size, 0, shuffle, lambda: int(egan.generation))
    sizes = sizes_for(egan.settings, source.batch_size)
    if source.sample_fn is not None:
        return [draw(source.sample_fn, tf.constant(step, tf.int64), sizes, expected) for step in range(steps)]
    return list(itertools.islice(source.epoch(sizes, steps).dataset, steps))


def flat(batches: GenerationBatches) -> np.ndarray:
    return np.concatenate([batches.evaluation.numpy(), *batches.fresh.numpy()])
