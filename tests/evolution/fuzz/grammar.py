"""A grammar of trainings: networks, optimizers, data, settings, words of `compile` and `fit`, valid or not.

A case is a function of its number. Its coverage, how often each member is drawn, is in `coverage.json`, made by
`python -m tests.evolution.fuzz.coverage`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.evolution import kinds, test_keras_networks, test_keras_optimizers, test_network_checks

GENERATIONS = 4
BATCH = kinds.BATCH
SIZES = {"generator": (kinds.LATENT, 2), "discriminator": (2, 1)}
"""Inputs and outputs of the networks."""

FAST, SLOW = range(12), range(12, 340)
"""Numbers of the cases that every run of the tests draws, and of those that are slow only because they are many."""

# Keras' Muon fails on float64, and is tested by itself.
OPTIMIZERS = {name: make for name, make in test_keras_optimizers.MEMBERS.items() if name != "Muon"}
# Keras' OrthogonalRegularizer fails on float64, and is tested by itself.
LAYERS = {name: make for name, make in test_keras_networks.MEMBERS.items() if name != "orthogonal regularizer"}
RANDOM_LAYERS = ("Dropout", "GaussianNoise")
# TensorFlow's random numbers differ under XLA, which has no buckets, and evaluates a function as a rate only once.
NOT_IN_XLA = (*RANDOM_LAYERS, "Embedding of a bucket")

NETWORKS: dict[str, Callable[[int, int], Any]] = {
    "subclass": test_network_checks.subclass,
    "subclass of functional": test_network_checks.Functional,
    "own layer": test_network_checks.NOT_CLONED["own layer"],
    "function of Keras": lambda size, outputs: keras.Model(
        inputs := keras.Input((size,)), keras.layers.Dense(outputs)(keras.ops.tanh(keras.layers.Dense(5)(inputs)))
    ),
}
BAD_NETWORKS = {name: make for name, (make, _) in test_network_checks.BOTH.items()}
BAD_OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "unknown name": lambda: "no such optimizer",
    "number": lambda: 0.01,
    "layer": lambda: keras.layers.Dense(1),
}
DTYPES = ("float16", "bfloat16", "float32", "float64")
BAD_DTYPES = ("uint8", "int64", "bool", "complex64")
BAD_DATA: dict[str, Callable[[np.ndarray], Any]] = {
    "nothing": lambda x: None,
    "text": lambda x: "samples",
    "empty": lambda x: x[:0],
    "too few": lambda x: x[:5],
    "other shape": lambda x: x[:, :1],
    "infinite": lambda x: np.where(np.arange(len(x))[:, None] == 1, np.inf, x),
    "weighted": lambda x: tf.data.Dataset.from_tensor_slices((x, x, x)).batch(BATCH),
    "dictionary": lambda x: {"samples": x},
    "dataset of dictionaries": lambda x: tf.data.Dataset.from_tensor_slices({"samples": x}).batch(BATCH),
    "sparse": tf.sparse.from_dense,
    "ragged": lambda x: tf.RaggedTensor.from_row_lengths(x.ravel(), [1, *[2] * (len(x) - 1), 1]),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "fresh batch": {"reuse_evaluation_batch": False},
    "gamma": {"gamma": 3.0},
    "schedule of gamma": {"gamma": keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5)},
    "average": {"ema_decay": 0.5},
    "own objective": {
        "mutations": {"own": lambda logits: -0.5 * tf.reduce_mean(tf.math.log_sigmoid(logits))},
    },
    "quality": {"fitness": "quality"},
}
BAD_SETTINGS: dict[str, dict[str, Any]] = {
    "unknown mutation": {"mutations": ["minimix"]},
    "objective of samples": {"mutations": {"own": lambda logits: logits**2}},
    "gamma is NaN": {"gamma": float("nan")},
    "no generators": {"population_size": 0},
    "unknown setting": {"gama": 1.0},
    "fitness of samples": {"fitness": lambda evaluation, gamma: evaluation.fake_logits},
}
COMPILE: dict[str, dict[str, Any]] = {
    "defaults": {},
    "XLA": {"jit_compile": True},
    "eager": {"run_eagerly": True},
    "two generations at once": {"steps_per_execution": 2},
}
BAD_COMPILE: dict[str, dict[str, Any]] = {
    "loss": {"loss": "mse"},
    "metrics": {"metrics": ["accuracy"]},
    "optimizer": {"optimizer": "adam"},
    "no generations at once": {"steps_per_execution": 0},
    "unknown word": {"jit": True},
}
COMMON = {"defaults": 5, "eager": 2, "layers": 10}
"""Members that are drawn more often than others; compilation by XLA takes seconds."""
FIT: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no log": {"verbose": 0},
    "callbacks": {"callbacks": [keras.callbacks.TerminateOnNaN(), keras.callbacks.LambdaCallback()]},
    "first epoch": {"initial_epoch": 0},
}
BAD_FIT: dict[str, dict[str, Any]] = {
    "class_weight": {"class_weight": {0: 1.0}},
    "sample_weight": {"sample_weight": np.ones(BATCH)},
    "validation_split": {"validation_split": 0.5},
    "validation_data": {"validation_data": np.ones([BATCH, 2])},
    "no epochs": {"epochs": 0},
    "half an epoch": {"epochs": 0.5},
    "no batch": {"batch_size": 0},
    "misspelt": {"epoch": 1},
    "SwapEMAWeights": {"callbacks": [keras.callbacks.SwapEMAWeights()]},
    "waits for a validation": {"callbacks": [keras.callbacks.EarlyStopping()]},
    "no callback": {"callbacks": [3]},
}
MEMBERS: dict[str, list[str]] = {
    "generator layers": [*LAYERS],
    "discriminator layers": [*LAYERS],
    "generator": ["layers", *NETWORKS, *BAD_NETWORKS],
    "discriminator": ["layers", *NETWORKS, *BAD_NETWORKS],
    "generator optimizer": [*OPTIMIZERS, *BAD_OPTIMIZERS],
    "discriminator optimizer": [*OPTIMIZERS, *BAD_OPTIMIZERS],
    "data": [*kinds.KINDS, *BAD_DATA],
    "dtype": [*DTYPES, *BAD_DTYPES],
    "settings": [*SETTINGS, *BAD_SETTINGS],
    "compile": [*COMPILE, *BAD_COMPILE],
    "fit": [*FIT, *BAD_FIT],
}
BAD: dict[str, list[str]] = {
    "generator": [*BAD_NETWORKS],
    "discriminator": [*BAD_NETWORKS],
    "generator optimizer": [*BAD_OPTIMIZERS],
    "discriminator optimizer": [*BAD_OPTIMIZERS],
    "data": [*BAD_DATA],
    "dtype": [*BAD_DTYPES],
    "settings": [*BAD_SETTINGS],
    "compile": [*BAD_COMPILE],
    "fit": [*BAD_FIT],
}
ALL_BAD = [(group, member) for group, members in BAD.items() for member in members]
random.Random(0).shuffle(ALL_BAD)


@dataclass
class Case:
    """One training.

    Attributes:
        chosen: the members of each group.
        bad: the group whose member must be refused; "" if the training must equal the plain loop.
    """

    chosen: dict[str, list[str]] = field(default_factory=dict)
    bad: str = ""

    def one(self, group: str) -> str:
        return self.chosen[group][0]

    def network(self, side: str) -> Any:
        name, (size, outputs) = self.one(side), SIZES[side]
        if name != "layers":
            return {**NETWORKS, **BAD_NETWORKS}[name](size, outputs)
        inner = [LAYERS[layer]() for layer in self.chosen[f"{side} layers"]]
        dense = keras.layers.Dense
        return keras.Sequential([keras.Input((size,)), dense(6, "tanh"), *inner, dense(outputs)])

    def optimizer(self, side: str) -> Any:
        return {**OPTIMIZERS, **BAD_OPTIMIZERS}[self.one(f"{side} optimizer")]()

    def samples(self, count: int) -> np.ndarray:
        dtype = self.one("dtype")
        dtype = tf.as_dtype(dtype).as_numpy_dtype
        return kinds.samples(count, (2,), dtype)

    def data(self, samples: np.ndarray) -> dict[str, Any]:
        """The arguments of `fit`, samples in their order."""
        name = self.one("data")
        if name in BAD_DATA:
            return {"x": BAD_DATA[name](samples)}
        arguments = kinds.arguments(name, samples)
        return {**arguments, **({"steps_per_epoch": GENERATIONS} if "steps_per_epoch" in arguments else {})}

    def settings(self) -> dict[str, Any]:
        return {"mutations": ["heuristic"], **{**SETTINGS, **BAD_SETTINGS}[self.one("settings")]}

    def compile_words(self) -> dict[str, Any]:
        return {**COMPILE, **BAD_COMPILE}[self.one("compile")]

    def fit_words(self) -> dict[str, Any]:
        return {"verbose": 0, "batch_size": BATCH, **{**FIT, **BAD_FIT}[self.one("fit")]}


def draw(number: int) -> Case:
    """The case of this number. Two of three are valid; the others have one member that must be refused."""
    chance = random.Random(number)
    case = Case()
    for group, members in MEMBERS.items():
        good = [member for member in members if member not in BAD.get(group, [])]
        if group.endswith("layers"):
            case.chosen[group] = chance.sample(good, chance.randint(0, 3))
        else:
            case.chosen[group] = chance.choices(good, [COMMON.get(member, 1) for member in good])
    for side in SIZES:
        # A network of another make has none of the layers.
        if case.one(side) != "layers":
            case.chosen[f"{side} layers"] = []
    layers = {*case.chosen["generator layers"], *case.chosen["discriminator layers"]}
    if not layers.isdisjoint(NOT_IN_XLA) and case.one("compile") == "XLA":
        case.chosen["compile"] = ["defaults"]
    if number % 3 == 0:
        # In turn, so that all of them are drawn.
        case.bad, member = ALL_BAD[number // 3 % len(ALL_BAD)]
        case.chosen[case.bad] = [member]
        if case.bad in SIZES:
            case.chosen[f"{case.bad} layers"] = []
    return case
