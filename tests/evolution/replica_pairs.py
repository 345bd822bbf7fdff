"""Trains the same model on one device and on two replicas, in a process of its own, and prints how they differ.

`python -m tests.evolution.replica_pairs FOLDER CHECKS CASES`, both as JSON. TensorFlow must know of two virtual
devices before it starts, and a second strategy on the same devices would disturb the first.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.networks import build_discriminator, build_generator
from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.config_groups import RunConfig
from egan_tf.training.devices import strategy_of
from egan_tf.training.workers import Workers
from egan_tf.utils import randomness
from egan_tf.utils.checks import InputError, RunError

GENERATIONS, BATCH, SAMPLES, CLASSES = 5, 16, 400, 3
OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    # A bias before BatchNorm has no gradient but rounding, which a smaller epsilon would turn into steps.
    "adam": lambda: keras.optimizers.Adam(1e-3, beta_1=0.5, epsilon=1e-4),
    "sgd": lambda: keras.optimizers.SGD(0.05),
}
Case = dict[str, Any]


def networks(case: Case) -> tuple[keras.Model, keras.Model]:
    network, norm = case.get("network", "mlp"), case.get("norm", "none")
    labels = {"classes": CLASSES} if case.get("conditional") else {}
    generator = build_generator(network, shape_of(case), 3, 4, norm, **labels)
    pair = generator, build_discriminator(network, shape_of(case), 4, norm, **labels)
    for one in pair:
        one.set_weights([lively(weight) for weight in one.get_weights()])
    return pair


def lively(weight: np.ndarray) -> np.ndarray:
    """A kernel of variance 2 / fan-in: through the authors' N(0, 0.02) so small networks pass next to no gradient."""
    if weight.ndim < 2 or not weight.std():
        return weight
    return weight / weight.std() * np.sqrt(2 / np.prod(weight.shape[:-1]))


def shape_of(case: Case) -> tuple[int, ...]:
    return (2,) if case.get("network", "mlp") == "mlp" else (8, 8, 1)


def build(case: Case, eagerly: bool = False) -> EGAN:
    keras.utils.set_random_seed(3)
    egan = EGAN(*networks(case), gamma=0.05, **case.get("settings", {}))
    make, steps = OPTIMIZERS[case.get("optimizer", "sgd")], case.get("steps_per_execution", 1)
    egan.compile(make(), make(), jit_compile=False, steps_per_execution=steps, run_eagerly=eagerly)
    return egan


class Gap(keras.callbacks.Callback):
    """The smallest difference of fitness between two children in any generation: below rounding, chance chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.smallest = np.inf

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        fitness = np.sort(self.model.population.children_scores.fitness.numpy())
        self.smallest = min(self.smallest, float(np.diff(fitness[np.isfinite(fitness)]).min(initial=np.inf)))


def fit(egan: EGAN, case: Case, generations: int = GENERATIONS) -> float:
    """Trains, and returns the smallest difference of fitness between two children."""
    shape, start = shape_of(case), int(egan.generation.numpy())
    x = np.random.default_rng(0).uniform(-1, 1, (SAMPLES, *shape)).astype("float32")
    y = (np.arange(SAMPLES) % CLASSES).astype("int32") if case.get("conditional") else None
    gap = Gap()
    always: dict[str, Any] = {"batch_size": BATCH, "verbose": 0, "callbacks": [gap]}
    words: dict[str, Any] = {**always, "steps_per_epoch": generations}
    kind = case.get("data", "dataset")
    if kind == "array":
        # Twice as many samples as the generations need, in two epochs that end with the data.
        half = egan.samples_per_generation(BATCH) * generations // 2
        egan.fit(x[:half], None if y is None else y[:half], epochs=2, **always)
    elif kind == "function":
        egan.fit(lambda step, count: randomness.uniform([count, *shape], randomness.stream(5, step)), **words)
    elif kind == "one batch":
        count = egan.samples_per_generation(BATCH)
        for step in range(start, start + generations):
            part = slice(step * count, (step + 1) * count)
            egan.train_on_batch(x[part], None if y is None else y[part])
    else:
        samples = tf.data.Dataset.from_tensor_slices(x if y is None else (x, y)).repeat()
        egan.fit(samples.batch(7).skip(start), **words)
    return gap.smallest


def values_of(egan: EGAN) -> dict[str, np.ndarray]:
    return {f"{i} {variable.path}": variable.numpy() for i, variable in enumerate(egan.state_variables)}


def difference(one: EGAN, other: EGAN) -> dict[str, Any]:
    """The largest difference of any variable, and which it is of; infinite where only one is NaN."""
    found = {}
    for (name, first), second in zip(values_of(one).items(), values_of(other).values(), strict=True):
        first, second = first.astype("float64"), second.astype("float64")
        both = np.isnan(first) & np.isnan(second)
        found[name] = float(np.nan_to_num(np.abs(first - second)[~both], nan=np.inf).max(initial=0.0))
    worst = max(found, key=lambda name: found[name])
    return {"difference": found[worst], "variable": worst}


def replicas_equal(egan: EGAN) -> bool:
    copies = [variable.value.values for variable in egan.state_variables]
    return all(np.array_equal(one[0].numpy(), one[1].numpy(), equal_nan=True) for one in copies)


def digest(egan: EGAN) -> str:
    return hashlib.sha256(b"".join(value.tobytes() for value in values_of(egan).values())).hexdigest()


def pair(case: Case, strategy: tf.distribute.Strategy) -> dict[str, Any]:
    """A case on one device, eagerly as that takes half of the time, and on two replicas."""
    one = build(case, eagerly=True)
    before = one.generator.get_weights()
    gap = fit(one, case)
    with strategy.scope():
        two = build(case)
    fit(two, case)
    moved = max(float(np.abs(w - b).max()) for w, b in zip(one.generator.get_weights(), before, strict=True))
    scores = [np.stack(egan.population.scores) for egan in (one, two)]
    return {
        **difference(one, two),
        "scores": float(np.abs(scores[0] - scores[1]).max()),
        "gap": gap,
        "moved": moved,
        "equal": replicas_equal(two),
        "sampled": same_samples(one, two),
    }


def same_samples(one: EGAN, two: EGAN) -> bool:
    noise = one.latent.sample(4, tf.constant([1, 2], tf.int64))
    labels = tf.constant([0, 1, 2, 0]) if one.conditional else None
    return bool(np.allclose(one.sample(noise, labels), two.sample(noise, labels), atol=1e-4))


def resumed(strategy: tf.distribute.Strategy, folder: Path) -> dict[str, Any]:
    """Four generations, and the same with a checkpoint between them: two replicas, and one device between them."""
    case: Case = {"data": "one batch", "settings": {"mutations": ["heuristic"]}}

    def model(on_replicas: bool, restore: bool = True) -> EGAN:
        if not on_replicas:
            egan = build(case)
        else:
            with strategy.scope():
                egan = build(case)
        if restore:
            Checkpoints(folder, egan).restore()
        return egan

    def train(on_replicas: bool, generations: int, restore: bool = True, save: bool = True) -> EGAN:
        egan = model(on_replicas, restore)
        fit(egan, case, generations)
        if save:
            Checkpoints(folder, egan).save("", {})
        return egan

    whole = train(True, 4, restore=False, save=False)
    train(True, 2, restore=False)
    same = train(True, 2, save=False)
    train(False, 1)
    mixed = train(True, 1, save=False)
    return {"exact": digest(whole) == digest(same), **difference(whole, mixed)}


def drift(strategy: tf.distribute.Strategy) -> list[str]:
    """What the comparison of replicas says before and after one bit of one of them changes."""
    with strategy.scope():
        egan = build({})
    workers, said = Workers(strategy), []
    for _ in range(2):
        try:
            workers.check_replicas(egan.state_variables, 7)
            said.append("equal")
        except RunError as error:
            said.append(str(error))
        copy = egan.population.weights_stack.members[1].value.values[1]
        copy.assign(np.nextafter(copy.numpy(), np.float32(1.0)))
    return said


def refusals(strategy: tf.distribute.Strategy) -> dict[str, str]:
    """What each wrong use of a scope or of sizes says."""
    case: Case = {}
    outside = networks(case)
    with strategy.scope():
        inside, egan = networks(case), build(case)
    other = tf.distribute.OneDeviceStrategy("CPU:0")

    def in_scope(scope: tf.distribute.Strategy, action: Callable[[], Any]) -> None:
        with scope.scope():
            action()

    def scopes_of_compile() -> None:
        with strategy.scope():
            model = EGAN(*networks(case))
        model.compile()

    adam = keras.optimizers.Adam()
    x = np.zeros((200, 2), "float32")
    big = EGAN(*outside, population_size=9)
    big.compile()
    actions: dict[str, Callable[[], Any]] = {
        "network outside": lambda: in_scope(strategy, lambda: EGAN(*outside)),
        "network inside": lambda: EGAN(*inside),
        "other scope": lambda: in_scope(other, lambda: EGAN(*inside)),
        "optimizer outside": lambda: in_scope(strategy, lambda: egan.compile(adam)),
        "compile outside": scopes_of_compile,
        "fit in another scope": lambda: in_scope(other, lambda: egan.fit(x, batch_size=8, verbose=0)),
        "fit in a scope": lambda: in_scope(strategy, lambda: big.fit(x, batch_size=18, verbose=0)),
        "batch size": lambda: egan.fit(x, batch_size=9, verbose=0),
        "population": lambda: built_with(strategy, population_size=9).fit(x, batch_size=16, verbose=0),
        "evaluation size": lambda: built_with(strategy, evaluation_size=5).fit(x, batch_size=8, verbose=0),
        "xla": lambda: in_scope(strategy, lambda: egan.compile(jit_compile=True)),
        "kind": lambda: in_scope(tf.distribute.experimental.CentralStorageStrategy(), lambda: EGAN(*outside)),
    }
    said = {}
    for name, action in actions.items():
        try:
            action()
            said[name] = "accepted"
        except InputError as error:
            said[name] = str(error)
    return said


def built_with(strategy: tf.distribute.Strategy, **settings: int) -> EGAN:
    with strategy.scope():
        return build({"settings": settings})


def one_replica(strategy: tf.distribute.Strategy) -> dict[str, Any]:
    """A strategy with a single replica against none."""
    del strategy
    alone = tf.distribute.OneDeviceStrategy("CPU:1")
    mutations = ["minimax", "least_squares"]
    cases: dict[str, Case] = {
        "a dataset": {"settings": {"mutations": ["heuristic"], "discriminator_steps": 2}},
        "a function, several generations in one program": {
            "data": "function",
            "steps_per_execution": GENERATIONS,
            "settings": {"mutations": mutations, "tournaments": "auto"},
        },
    }
    found = {}
    for name, case in cases.items():
        one = build(case, eagerly=True)
        fit(one, case)
        with alone.scope():
            two = build(case)
        fit(two, case)
        found[name] = {**difference(one, two), "device": two.generator.trainable_variables[0].value.device[-5:]}
    return found


def main(folder: str, names: str, cases: str) -> None:
    # The programs are small, and run a few times: to optimize them takes longer.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    strategy = strategy_of(RunConfig(devices=("CPU:0", "CPU:1")))
    assert strategy is not None
    checks: dict[str, Callable[[], Any]] = {
        "refusals": lambda: refusals(strategy),
        "resumed": lambda: resumed(strategy, Path(folder)),
        "drift": lambda: drift(strategy),
        "one replica": lambda: one_replica(strategy),
    }
    found = {}
    for name in json.loads(names):
        start = time.process_time()
        found[name] = checks[name]()
        print(name, "took", round(time.process_time() - start, 1), "s of CPU", file=sys.stderr, flush=True)
    for name, case in json.loads(cases).items():
        start = time.process_time()
        found[name] = pair(case, strategy)
        print(name, "took", round(time.process_time() - start, 1), "s of CPU", file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
