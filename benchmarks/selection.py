"""Whether the fittest child is picked: `python -m benchmarks.selection --help`.

Over a training run on `fashion_mnist`, every so many generations, the children of a generation are scored by the
oracle (4,096 shared samples of noise and of the data) and by each protocol: independent or shared noise, 16 to 256
samples. For each protocol: how often it picks the child that the oracle calls best, and the regret, which is the
oracle's fitness of its own choice less that of the protocol's. Where children are closer to each other than the
oracle's own standard error nobody can tell which is best; those generations are counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import machine
from egan_tf import data
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.fitness import evaluate_fake, evaluate_real
from egan_tf.evolution.individuals import take
from egan_tf.evolution.stateless import NetworkState, apply_network, state_of
from egan_tf.training import train as training
from egan_tf.training.presets import preset
from egan_tf.utils import randomness

ORACLE = 4096
ORACLE_PARTS = 8
SIZES = (16, 32, 64, 128, 256)
# Streams of noise that no generation reaches.
NOISE, REPEATS = 2**14, 2**12


class Scorer:
    """The fitness of children by any protocol, at one state of an `EGAN`."""

    def __init__(self, egan: EGAN) -> None:
        self.egan = egan
        self._score = tf.function(self._score_child)

    def _score_child(self, child: NetworkState, judge: NetworkState, real: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        networks = self.egan.rules.networks
        fake, _ = apply_network(networks.generator, child, noise)
        evaluation = evaluate_fake(
            networks.discriminator, judge, evaluate_real(networks.discriminator, judge, real), fake
        )
        return self.egan._fitness(evaluation, self.egan.settings.gamma)

    def scores(self, children: NetworkState, count: int, real: tf.Tensor, shared: bool, repeat: int) -> np.ndarray:
        """The fitness of every child, [count]."""
        judge, step = state_of(self.egan.discriminator), tf.convert_to_tensor(self.egan.generation.value)
        fitness = []
        for position in range(count):
            seed = randomness.stream(0, step, NOISE + repeat, 0 if shared else position + 1)
            noise = self.egan.latent.sample(real.shape[0], seed)
            fitness.append(self._score(take(children, position), judge, real, noise).numpy())
        return np.array(fitness)


def oracle(scorer: Scorer, children: NetworkState, count: int, real: tf.Tensor) -> tuple[np.ndarray, float]:
    """The children's fitness by 4,096 samples, and the standard error of the gap between the best two.

    The error is that of the mean over disjoint parts, each of which scores all children on its own samples.
    """
    parts = np.stack(
        [
            scorer.scores(children, count, part, shared=True, repeat=REPEATS + number)
            for number, part in enumerate(tf.split(real, ORACLE_PARTS))
        ]
    )
    fitness = parts.mean(axis=0)
    best, second = np.argsort(-fitness)[:2]
    gaps = parts[:, best] - parts[:, second]
    return fitness, float(gaps.std(ddof=1) / np.sqrt(ORACLE_PARTS))


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=3000)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=4, help="draws of noise and data for each protocol")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--out", default="")
    options = parser.parse_args()

    config = preset("fashion_mnist")
    dataset = data.load("fashion_mnist", options.data_dir)
    egan = training.build(config, dataset.shape)
    scorer = Scorer(egan)
    size = egan.samples_per_generation(config.data.batch_size)
    oracle_data = iter(dataset.batches(ORACLE, seed=1))
    test_data = iter(dataset.batches(max(SIZES), seed=2))
    protocols = [(shared, count) for shared in (False, True) for count in SIZES]
    rows: list[dict[str, Any]] = []
    vary = None
    for done in range(0, options.generations, options.every):
        batches = dataset.batches(size, seed=0, start=done)
        egan.fit(batches, batch_size=config.data.batch_size, steps_per_epoch=options.every, verbose=0)
        judge, step = state_of(egan.discriminator), tf.convert_to_tensor(egan.generation.value)
        # The rules of a generation are known once `fit` has seen the batch size.
        vary = vary or tf.function(egan.rules.vary)
        children = vary(step, egan.population.individuals, judge, None).network
        count = len(egan.mutation_names)
        fitness, error = oracle(scorer, children, count, next(oracle_data)[0])
        best, second = np.argsort(-fitness)[:2]
        row: dict[str, Any] = {"generation": int(step), "error": error, "gap": float(fitness[best] - fitness[second])}
        for shared, samples in protocols:
            picks = [
                int(np.argmax(scorer.scores(children, count, next(test_data)[0][:samples], shared, repeat)))
                for repeat in range(options.repeats)
            ]
            row[name(shared, samples)] = {
                "right": float(np.mean([pick == best for pick in picks])),
                "regret": float(np.mean([fitness[best] - fitness[pick] for pick in picks])),
            }
        rows.append(row)
        print(f"generation {int(step)}: gap {row['gap']:.2e}, error {error:.2e}", file=sys.stderr)
    report = {"machine": machine(), "settings": vars(options), **summarize(rows, protocols), "rows": rows}
    if options.out:
        Path(options.out).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in report.items() if key != "rows"}, indent=1))


def name(shared: bool, samples: int) -> str:
    """Of a protocol."""
    return f"{'shared' if shared else 'independent'}_{samples}"


def summarize(rows: list[dict[str, Any]], protocols: list[tuple[bool, int]]) -> dict[str, Any]:
    """Shares over all generations, and over those in which the oracle can tell the best child."""
    clear = [row for row in rows if row["gap"] > row["error"]]
    table = {
        name(*protocol): {
            label: {
                "right": round(float(np.mean([row[name(*protocol)]["right"] for row in chosen])), 3),
                "regret": float(np.mean([row[name(*protocol)]["regret"] for row in chosen])),
            }
            for label, chosen in (("all", rows), ("clear", clear))
            if chosen
        }
        for protocol in protocols
    }
    return {"generations": len(rows), "clear_generations": len(clear), "protocols": table}


if __name__ == "__main__":
    main()
