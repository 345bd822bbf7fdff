"""Runs generations of one checkout of the package whenever a line on standard input asks for some.

A line holds a number of generations; the answer on standard output is the time in seconds. Used by
`benchmarks.against`, which sets PYTHONPATH to the checkout. Works with version 0.1.0 and later: only public names are
used, and renamed settings are looked up in the constructor's signature.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

OLD_NAMES = {
    "reuse_evaluation_batch": "reuse_scoring",
    "latent_distribution": "latent",
    "r1_weight": "r1",
    "ema_decay": "moving_average",
}
ENDLESS = 10**9


@dataclass(frozen=True)
class Case:
    """What to train.

    Attributes:
        network: "dcgan" or "mlp".
        shape: of one sample.
        latent: numbers of noise per sample.
        width: of the networks.
        normalization: in the discriminator.
        batch: samples in a batch.
        settings: of the evolution.
        adam: arguments of both optimizers.
        xla: whether XLA compiles the generation.
        drawn: whether the real samples are drawn inside the step.
        per_call: generations in a call from Python.
        generations: in a turn; a multiple of `per_call`.
    """

    network: str
    shape: tuple[int, ...]
    latent: int
    width: int
    normalization: str
    batch: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    adam: Mapping[str, float] = field(default_factory=lambda: {"learning_rate": 2e-4, "beta_1": 0.5, "beta_2": 0.999})
    xla: bool = False
    drawn: bool = False
    per_call: int = 1
    generations: int = 10


_CIFAR10: dict[str, Any] = {"network": "dcgan", "shape": (32, 32, 3), "latent": 100, "width": 64}
_CIFAR10 |= {"normalization": "batch", "batch": 32, "generations": 5}

CASES = {
    "dcgan64": Case(**_CIFAR10, settings={"discriminator_steps": 3}),
    "paper": Case(
        **_CIFAR10,
        settings={
            "discriminator_steps": 3,
            "evaluation_size": 256,
            "reuse_evaluation_batch": False,
            "latent_distribution": "uniform",
        },
    ),
    "digits": Case(
        network="dcgan",
        shape=(8, 8, 1),
        latent=32,
        width=32,
        normalization="none",
        batch=64,
        settings={"r1_weight": 1.0, "ema_decay": 0.999},
        adam={"learning_rate": 1e-3, "beta_1": 0.5, "beta_2": 0.99},
        generations=50,
    ),
    "toy": Case(
        network="mlp",
        shape=(2,),
        latent=2,
        width=128,
        normalization="none",
        batch=64,
        settings={"gamma": 0.05, "r1_weight": 0.02, "ema_decay": 0.999},
        adam={"learning_rate": 1e-3, "beta_1": 0.0, "beta_2": 0.999},
        xla=True,
        drawn=True,
        per_call=20,
        generations=400,
    ),
}
"""CIFAR-10's size, with our defaults and in the paper's protocol; the sizes and settings of the presets for the digits
and for ring8, but for the tournaments, which are held in every generation."""


def spelled(settings: Mapping[str, Any], constructor: Callable[..., Any]) -> dict[str, Any]:
    """The settings under the names that a version of the package uses."""
    known = inspect.signature(constructor).parameters
    return {OLD_NAMES[name] if OLD_NAMES.get(name) in known else name: value for name, value in settings.items()}


def compiled_model(case: Case) -> Any:
    """The model of a case."""
    import keras

    from egan_tf import EGAN
    from egan_tf.networks import build_discriminator, build_generator

    keras.utils.set_random_seed(0)
    egan = EGAN(
        build_generator(case.network, case.shape, case.latent, case.width),
        build_discriminator(case.network, case.shape, case.width, case.normalization),
        **spelled(case.settings, EGAN.__init__),
    )
    optimizers = (keras.optimizers.Adam(**case.adam, epsilon=1e-8) for _ in range(2))
    egan.compile(*optimizers, jit_compile=case.xla, steps_per_execution=case.per_call)
    return egan


def real_samples(case: Case) -> Any:
    """Noise in place of real samples, as a function of the generation or as a dataset of batches."""
    import tensorflow as tf

    if case.drawn:
        return lambda step, count: tf.random.stateless_normal([count, *case.shape], tf.stack([step, step]))
    batch = tf.tanh(tf.random.stateless_normal([case.batch, *case.shape], [0, 0]))
    return tf.data.Dataset.from_tensors(batch).repeat()


def turns_callback(requests: TextIO, answers: TextIO) -> Any:
    """A Keras callback that pauses training until generations are requested, and answers with their time."""
    import keras

    class Turns(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self._done = -1
            self._wait()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch < self._last:
                return
            float(logs["discriminator_loss"])  # waits for the device
            print(json.dumps(time.perf_counter() - self._start), file=answers, flush=True)
            self._done = batch
            self._wait()

        def _wait(self) -> None:
            line = requests.readline()
            if not line:
                os._exit(0)
            self._last = self._done + int(line)
            self._start = time.perf_counter()

    return Turns()


def main() -> None:
    """Trains until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    case = CASES[parser.parse_args().case]
    # Only answers may reach the standard output.
    answers, sys.stdout = sys.stdout, sys.stderr
    egan = compiled_model(case)
    import egan_tf

    print(json.dumps(str(egan_tf.__file__)), file=answers, flush=True)
    egan.fit(
        real_samples(case),
        batch_size=case.batch,
        steps_per_epoch=ENDLESS // case.per_call * case.per_call,
        callbacks=[turns_callback(sys.stdin, answers)],
        verbose=0,
    )


if __name__ == "__main__":
    main()
