"""How often each evaluation protocol picks the fittest child: `python -m benchmarks.selection --help`.

During a training run, every so many generations, the children of a generation are scored by the oracle (4,096 shared
samples of noise and of the data) and by each protocol: independent or shared noise, 16 to 256 samples. Reported for
each protocol: how often it picks the child that is best by the oracle, and the regret, which is the oracle's fitness of
that child minus its fitness of the protocol's choice. Where children are closer to each other than the oracle's
standard error, the best child is not known; those generations are counted separately.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import machine
from egan_tf import EGAN, data
from egan_tf.evolution.batches import as_batches
from egan_tf.evolution.evaluation import evaluator
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.samples import bytes_to_floats
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import NetworkState, apply_network, state_of
from egan_tf.training.build import build
from egan_tf.training.presets import PAPERS_CHOICE, preset
from egan_tf.utils import randomness

ORACLE = 4096
ORACLE_PARTS = 8
SIZES = (16, 32, 64, 128, 256)
# Streams of noise that no generation reaches.
STREAM, ORACLE_REPEATS = 2**14, 2**12


class Protocol(NamedTuple):
    """A way to score children: whether they share the noise, and on how many samples."""

    shared: bool
    samples: int

    @property
    def name(self) -> str:
        """For the report."""
        return f"{'shared' if self.shared else 'independent'}_{self.samples}"


PROTOCOLS = [Protocol(shared, samples) for shared in (False, True) for samples in SIZES]


class Scorer:
    """Fitness of children by any protocol, with the current discriminator of an `EGAN`."""

    def __init__(self, egan: EGAN) -> None:
        self.egan = egan
        self._score = tf.function(self._score_child)

    def _score_child(
        self, child: NetworkState, discriminator_state: NetworkState, real: tf.Tensor, noise: tf.Tensor
    ) -> tf.Tensor:
        _, fitness, loss = self.egan.choices
        fake, _ = apply_network(self.egan.generator, child, noise)
        evaluate = evaluator(self.egan.discriminator, loss, discriminator_state, real)
        return fitness(evaluate(fake, None), self.egan.settings.gamma)

    def scores(self, children: list[NetworkState], real: tf.Tensor, shared: bool, repeat: int) -> np.ndarray:
        """The fitness of every child."""
        state, step = state_of(self.egan.discriminator), tf.convert_to_tensor(self.egan.generation.value)
        fitness = []
        for position, child in enumerate(children):
            seed = randomness.stream(0, step, STREAM + repeat, 0 if shared else position + 1)
            noise = self.egan.latent.sample(real.shape[0], seed)
            fitness.append(self._score(child, state, real, noise).numpy())
        return np.array(fitness)

    def oracle(self, children: list[NetworkState], real: tf.Tensor) -> tuple[np.ndarray, float]:
        """The children's fitness on all real samples given, and the standard error of the gap between the best two.

        Both are from disjoint parts, each of which scores all children on its own samples.
        """
        parts = np.stack(
            [
                self.scores(children, part, shared=True, repeat=ORACLE_REPEATS + number)
                for number, part in enumerate(tf.split(real, ORACLE_PARTS))
            ]
        )
        fitness = parts.mean(axis=0)
        best, second = np.argsort(-fitness)[:2]
        gaps = parts[:, best] - parts[:, second]
        return fitness, float(gaps.std(ddof=1) / np.sqrt(ORACLE_PARTS))


def children_function(egan: EGAN) -> Callable[[Any], list[NetworkState]]:
    """A function that makes the children of the next generation from its real samples, without changing the model."""

    @tf.function
    def make(real: Any) -> NetworkState:
        step, restarts = (tf.identity(counter.value) for counter in (egan.generation, egan.restarts))
        noise = GenerationNoise(egan.latent, egan.settings.seed, step, restarts)
        samples = real[0] if isinstance(real, tuple) and not egan.conditional else real
        children = egan.generation_functions().make_children(
            noise, egan.population.individuals, state_of(egan.discriminator), as_batches(samples, egan.settings)
        )
        return children.individuals.network

    def members(real: Any) -> list[NetworkState]:
        network = make(real)
        return [take(network, position) for position in range(network.trainable[0].shape[0])]

    return members


def as_floats(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A batch as the networks take it."""
    return bytes_to_floats(images), labels


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Trains, and compares the protocols with the oracle every `options.every` generations."""
    config = preset(options.dataset).replace(evolution=PAPERS_CHOICE)
    dataset = data.load(options.dataset, options.data_dir)
    egan = build(config, dataset.shape)
    scorer, make_children = Scorer(egan), children_function(egan)
    size = egan.samples_per_generation(config.data.batch_size)
    oracle_data = iter(dataset.batches(ORACLE, seed=1).map(as_floats))
    test_data = iter(dataset.batches(max(SIZES), seed=2).map(as_floats))
    rows: list[dict[str, Any]] = []
    for done in range(0, options.generations, options.every):
        batches = dataset.batches(size, seed=0, start=done)
        egan.fit(batches, batch_size=config.data.batch_size, steps_per_epoch=options.every, verbose=0)
        children = make_children(next(iter(dataset.batches(size, seed=0, start=done + options.every).map(as_floats))))
        fitness, error = scorer.oracle(children, next(oracle_data)[0])
        best, second = np.argsort(-fitness)[:2]
        row = {"generation": done + options.every, "error": error, "gap": float(fitness[best] - fitness[second])}
        for protocol in PROTOCOLS:
            real = [next(test_data)[0][: protocol.samples] for _ in range(options.repeats)]
            picks = [
                int(np.argmax(scorer.scores(children, samples, protocol.shared, repeat)))
                for repeat, samples in enumerate(real)
            ]
            row[protocol.name] = {
                "right": float(np.mean([pick == best for pick in picks])),
                "regret": float(np.mean([fitness[best] - fitness[pick] for pick in picks])),
            }
        rows.append(row)
        print(f"generation {row['generation']}: gap {row['gap']:.2e}, error {error:.2e}", file=sys.stderr)
    return rows


def summarize(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over all generations, and over those in which the oracle knows the best child."""
    clear = [row for row in rows if row["gap"] > row["error"]]
    table = {
        protocol.name: {
            label: {
                "right": round(float(np.mean([row[protocol.name]["right"] for row in chosen])), 3),
                "regret": float(np.mean([row[protocol.name]["regret"] for row in chosen])),
            }
            for label, chosen in (("all", rows), ("clear", clear))
            if chosen
        }
        for protocol in PROTOCOLS
    }
    return {"generations": len(rows), "clear_generations": len(clear), "protocols": table}


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="fashion_mnist", choices=["digits", "fashion_mnist"])
    parser.add_argument("--generations", type=int, default=3000)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=4, help="draws of noise and data for each protocol")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--out", default="", help="write the JSON, with all rows, to this file")
    options = parser.parse_args()
    rows = measure(options)
    report = {"machine": machine(), "settings": vars(options), **summarize(rows), "rows": rows}
    if options.out:
        Path(options.out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in report.items() if key != "rows"}, indent=1))


if __name__ == "__main__":
    main()
