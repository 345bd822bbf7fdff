"""Samples per second of an exported generator: `python -m benchmarks.throughput --help`.

In one process, turn by turn: `Sampler.sample`; bare onnxruntime, its noise drawn before, at each batch size, in a
session as `Sampler` opens it, with one thread ("onnxruntime"), and in one with no options given
("onnxruntime_defaults"); the SavedModel's `serve`, likewise; and Keras' `predict`. Generators are untrained: their
weights do not change the cost. The aim of `Sampler` is 0.95 of the best bare loop of onnxruntime, noise and checks
included, for 10,000 samples, on idle and on busy cores: `--busy N` keeps N other processes at work meanwhile.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnxruntime
import tensorflow as tf

from benchmarks.timing import interleaved, machine, publish
from egan_tf import Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator
from egan_tf.networks import build_generator
from egan_tf.sampling.session import open_session, read_model


class Case(NamedTuple):
    """A generator: shape of its samples, width, latent size, number of classes."""

    shape: tuple[int, int, int]
    width: int
    latent_size: int
    classes: int = 0


CASES = {
    "digits": Case((8, 8, 1), 32, 32),
    "28x28_conditional": Case((28, 28, 1), 32, 64, 10),
    "32x32_width_64": Case((32, 32, 3), 64, 100),
    "64x64": Case((64, 64, 3), 64, 100),
}
BATCHES = (32, 64, 128, 256, 512, 1024)
SAVED_MODEL_BATCHES = (32, 256, 1024, 10_000)
AIM = 0.95


def export(case: Case, folder: Path) -> tuple[keras.Model, Path]:
    """An untrained generator, and its export."""
    labels = {"classes": case.classes} if case.classes else {}
    generator = build_generator("dcgan", case.shape, latent_size=case.latent_size, width=case.width, **labels)
    names = tuple(map(str, range(case.classes)))
    options = {"latent": Latent(case.latent_size), "value_range": (-1, 1), "class_names": names}
    return generator, export_generator(generator, folder / "it", formats=["saved_model", "onnx"], **options)


def loop(call: Callable[..., Any], inputs: list[np.ndarray], size: int) -> None:
    """Calls a function with the rows of its inputs, `size` at a time."""
    for first in range(0, len(inputs[0]), size):
        call(*(value[first : first + size] for value in inputs))


def variants(case: Case, folder: Path, count: int) -> dict[str, Callable[[], Any]]:
    """Functions that each make `count` samples, by name."""
    generator, directory = export(case, folder)
    sampler = Sampler(directory)
    sessions = {
        "onnxruntime": open_session(sampler.path, read_model(sampler.path)),
        "onnxruntime_defaults": onnxruntime.InferenceSession(str(sampler.path)),
    }
    saved_model = tf.saved_model.load(str(directory / "saved_model"))
    labels = np.arange(count, dtype=np.int32) % case.classes if case.classes else None
    inputs = [sampler.noise(count), *([] if labels is None else [labels])]
    names = ["noise", "labels"][: len(inputs)]

    def bare(session: onnxruntime.InferenceSession, *rows: np.ndarray) -> Any:
        return session.run(["samples"], dict(zip(names, rows, strict=True)))

    def served(*rows: np.ndarray) -> np.ndarray:
        return saved_model.serve(*map(tf.constant, rows))["samples"].numpy()

    found: dict[str, Callable[[], Any]] = {
        f"sampler {sampler.rows_per_call}": functools.partial(sampler.sample, count, labels=labels)
    }
    for kind, session in sessions.items():
        call = functools.partial(bare, session)
        found |= {f"{kind} {size}": functools.partial(loop, call, inputs, size) for size in BATCHES if size <= count}
    for size in (size for size in SAVED_MODEL_BATCHES if size <= count):
        found[f"saved_model {size}"] = functools.partial(loop, served, inputs, size)
    given = inputs[0] if labels is None else inputs
    found["keras_predict 256"] = functools.partial(generator.predict, given, batch_size=256, verbose=0)
    return found


def shuffled(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, one of each in a round, in another order each time.

    Threads of TensorFlow keep cores busy for a while after their work, which would always hit the same variant.
    """
    interleaved(works, 0, warm_up=1)
    seconds: dict[str, list[float]] = {name: [] for name in works}
    order = np.random.default_rng(0)
    for _ in range(rounds):
        turn = {name: works[name] for name in order.permutation(list(works))}
        for name, (taken,) in interleaved(turn, 1, warm_up=0).items():
            seconds[name].append(taken)
    return seconds


def measure(case: Case, count: int, rounds: int) -> dict[str, Any]:
    """Samples per second of each variant; the best of each kind; the sampler's share of the best bare loop.

    The share is the median over rounds of the ratio within a round.
    """
    with tempfile.TemporaryDirectory() as folder:
        seconds = shuffled(variants(case, Path(folder), count), rounds)
    return compared(seconds, count)


def compared(seconds: Mapping[str, list[float]], count: int) -> dict[str, Any]:
    """The result of a case, from the seconds that each variant took for `count` samples in each round."""
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    best: dict[str, str] = {}
    for name in sorted(medians, key=medians.__getitem__):
        best.setdefault(name.split()[0], name)
    bare = min((best["onnxruntime"], best["onnxruntime_defaults"]), key=medians.__getitem__)
    shares = np.array(seconds[bare]) / np.array(seconds[best["sampler"]])
    return {
        "samples_per_second": {name: round(count / taken) for name, taken in medians.items()},
        "best": list(best.values()),
        "sampler_share_of_best_onnxruntime": round(float(np.median(shares)), 3),
        "aim": AIM,
    }


def work_forever() -> None:
    """Keeps a core busy."""
    values = np.random.default_rng(0).normal(size=(256, 256))
    while True:
        values = np.tanh(values @ values)


def main() -> None:
    """Prints the table, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--count", type=int, default=10_000, help="samples of each variant in a round (10000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds that count (7)")
    parser.add_argument("--busy", type=int, default=0, help="other processes that keep cores busy (0)")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=work_forever, daemon=True) for _ in range(options.busy)]
    for other in others:
        other.start()
    try:
        table = {name: measure(CASES[name], options.count, options.rounds) for name in options.cases}
    finally:
        for other in others:
            other.terminate()
    settings = {"count": options.count, "rounds": options.rounds, "busy_processes": options.busy}
    publish({"machine": machine(), **settings, "cases": table}, options.out)


if __name__ == "__main__":
    main()
