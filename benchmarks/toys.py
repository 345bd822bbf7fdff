"""What evolution buys on the toys: `python -m benchmarks.toys --help`.

E-GAN, each of its objectives alone, and E-GAN that chooses at random, with the networks, penalty, batch and optimizers
of our presets, over several seeds. The budget is the number of children made and scored, so that an objective gets
three times the generations of three mutations; or the time that E-GAN takes. 10,000 samples of the moving average are
judged: modes covered (at least 1/5 of their fair share within 3σ), share within 3σ (a perfect generator: 0.989), KL
divergence of the modes from the uniform distribution.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

METHODS: dict[str, dict[str, Any]] = {
    "egan": {},
    "random": {"fitness": "random"},
    "minimax": {"mutations": ("minimax",)},
    "heuristic": {"mutations": ("heuristic",)},
    "least_squares": {"mutations": ("least_squares",)},
}
GENERATIONS_PER_CALL = 100
SAMPLES = 10_000
CALIBRATION = 1000


def job(dataset: str, method: str, seed: int, r1: float, generations: int) -> dict[str, Any]:
    """Trains and judges one generator, with one thread: to be called in a process of its own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from egan_tf import FITNESSES, building, data
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.sources import from_model
    from egan_tf.presets import preset

    # A number that has nothing to do with how good the samples are, and differs from child to child.
    FITNESSES["random"] = lambda evaluation, gamma: tf.math.floormod(1e4 * tf.reduce_sum(evaluation.fake), 1.0)
    config = preset(dataset)
    config = dataclasses.replace(
        config,
        run=dataclasses.replace(
            config.run,
            seed=seed,
            steps=generations,
            steps_per_execution=GENERATIONS_PER_CALL,
            log_every=generations,
            sample_every=generations,
        ),
        evolution=dataclasses.replace(config.evolution, **METHODS[method], **({} if r1 < 0 else {"r1": r1})),
        metrics=dataclasses.replace(config.metrics, evaluate_every=generations),
    )
    source = data.load(dataset, "data")
    egan = building.build(config, source.shape)
    size, batch = egan.samples_per_generation(config.data.batch_size), config.data.batch_size

    def train(count: int) -> float:
        start = time.perf_counter()
        egan.fit(source.batches(size, seed), batch_size=batch, steps_per_epoch=count, verbose=0)
        return time.perf_counter() - start

    seconds = train(GENERATIONS_PER_CALL) and train(generations - GENERATIONS_PER_CALL)
    names = ["modes_covered", "share_within_3_sigma", "mode_divergence"]
    judged = {
        record["kind"]: record["value"] for record in evaluate(from_model(egan, source), source, names, count=SAMPLES)
    }
    wins = egan.population.wins.numpy()
    return {
        "dataset": dataset,
        "method": method,
        "seed": seed,
        "r1": config.evolution.r1,
        "generations": generations,
        "seconds": round(seconds, 2),
        **{name: round(float(judged[name]), 5) for name in names},
        "shares": dict(zip(egan.mutation_names, (wins / wins.sum()).round(3).tolist(), strict=True)),
    }


def in_a_process(arguments: Sequence[Any]) -> dict[str, Any]:
    """`job` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.toys", "--job", json.dumps(list(arguments))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(result), file=sys.stderr, flush=True)
    return result


def generations_of(method: str, evaluations: int) -> int:
    """How many generations make so many children, in whole calls."""
    children = len(METHODS[method].get("mutations", ("minimax", "heuristic", "least_squares")))
    return evaluations // children // GENERATIONS_PER_CALL * GENERATIONS_PER_CALL


def generations_in_the_time_of_egan(
    dataset: str, methods: Sequence[str], r1: float, evaluations: int
) -> dict[str, int]:
    """How many generations each method makes while E-GAN makes its own, measured one after the other."""
    seconds = {method: in_a_process((dataset, method, 0, r1, CALIBRATION))["seconds"] for method in {*methods, "egan"}}
    egan = generations_of("egan", evaluations)
    calls = {method: egan * seconds["egan"] / seconds[method] / GENERATIONS_PER_CALL for method in methods}
    return {method: egan if method == "egan" else int(count) * GENERATIONS_PER_CALL for method, count in calls.items()}


def summarize(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each data set, penalty and method: means with 95 % intervals over seeds, and differences to E-GAN, paired."""
    table = []
    for key in sorted({(row["dataset"], row["r1"], row["method"]) for row in rows}):
        mine = {row["seed"]: row for row in rows if (row["dataset"], row["r1"], row["method"]) == key}
        egan = {row["seed"]: row for row in rows if (row["dataset"], row["r1"], row["method"]) == (*key[:2], "egan")}
        shares = np.array([row["share_within_3_sigma"] for row in mine.values()])
        modes = [row["modes_covered"] for row in mine.values()]
        paired = [
            row["share_within_3_sigma"] - egan[seed]["share_within_3_sigma"]
            for seed, row in mine.items()
            if seed in egan
        ]
        table.append(
            {
                "dataset": key[0],
                "r1": key[1],
                "method": key[2],
                "seeds": len(mine),
                "generations": next(iter(mine.values()))["generations"],
                "share": interval(shares),
                "least_share": float(shares.min()),
                "modes": [float(min(modes)), float(np.mean(modes)), float(max(modes))],
                "divergence": interval([row["mode_divergence"] for row in mine.values()]),
                "share_less_egan": interval(paired) if key[2] != "egan" else None,
                "seconds": float(np.median([row["seconds"] for row in mine.values()])),
            }
        )
    return table


def interval(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The mean and the half-width of its 95 % interval, by Student's t."""
    from scipy import stats

    values = np.asarray(values, float)
    if len(values) < 2:
        return {"mean": float(values.mean()) if len(values) else float("nan"), "half_width": float("inf")}
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return {"mean": round(float(values.mean()), 5), "half_width": round(float(half), 5)}


def main() -> None:
    """Runs all jobs and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["ring8", "grid25"], choices=["ring8", "grid25"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--r1", nargs="+", type=float, default=[-1.0], help="weights of the penalty; -1: the preset's")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, default=60_000, help="children made and scored")
    parser.add_argument("--budget", default="evaluations", choices=["evaluations", "time"])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", default="")
    parser.add_argument("--job", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(job(*json.loads(options.job))))
        return

    from benchmarks.timing import machine, publish

    jobs = []
    for dataset in options.datasets:
        for r1 in options.r1:
            counts = {method: generations_of(method, options.evaluations) for method in options.methods}
            if options.budget == "time":
                counts = generations_in_the_time_of_egan(dataset, options.methods, r1, options.evaluations)
            jobs += [(dataset, m, seed, r1, counts[m]) for seed in range(options.seeds) for m in options.methods]
    with ThreadPoolExecutor(options.processes) as pool:
        rows = list(pool.map(in_a_process, jobs))
    settings = {key: value for key, value in vars(options).items() if key not in ("job", "out")}
    publish({"machine": machine(), "settings": settings, "table": summarize(rows), "rows": rows}, options.out)


if __name__ == "__main__":
    main()
