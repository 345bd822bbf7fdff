"""What evolution buys on the toys: `python -m benchmarks.toys --help`.

E-GAN, each of its objectives alone, E-GAN that chooses at random and, with `--study`, variants of it
(benchmarks/methods.py), with the networks, penalty, batch and optimizers of our presets, over several seeds. The budget
is the number of optimizer steps that generators take, so that an objective alone gets three times the generations of
three mutations; or the time that E-GAN takes for it. 10,000 samples of the moving average are judged: modes covered (at
least 1/5 of their fair share within 3σ), share within 3σ (a perfect generator: 0.989), KL divergence of the modes from
the uniform distribution.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

CALLS = 100
"""At most so many generations in a call."""
SAMPLES = 10_000
CALIBRATION = 1000
METRICS = ("modes_covered", "high_quality_share", "mode_divergence")

Job = tuple[str, str, int, float, int]
"""Data set, method, seed, weight of R1 (−1: the preset's), generations."""

KNOWN: dict[Job, dict[str, Any]] = {}


def know(log: Path) -> None:
    """Takes the results in a log of this program, its standard error, as done."""
    for line in log.read_text(encoding="utf-8").splitlines():
        if line.startswith('{"job"'):
            result = json.loads(line)
            KNOWN[tuple(result.pop("job"))] = result


def job(dataset: str, method: str, seed: int, r1: float, generations: int) -> dict[str, Any]:
    """Trains and judges one generator, with one thread: to be called in a process of its own."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from benchmarks.methods import METHODS
    from egan_tf import data
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.sources import from_model
    from egan_tf.training import build as building
    from egan_tf.training.presets import preset

    chosen = METHODS[method]
    calls = _in_a_call(generations)
    penalty = {} if r1 < 0 else {"r1_weight": r1}
    config = preset(dataset).replace(
        run={
            "steps": generations,
            "steps_per_execution": calls,
            "log_every": generations,
            "sample_every": generations,
        },
        metrics={"evaluate_every": generations},
        evolution={**penalty, **chosen.settings, "seed": seed},
    )
    source = data.load(dataset, "data")
    egan = building.build(config, source.shape, chosen.model)
    batch = config.data.batch_size
    real = source.batches(egan.samples_per_generation(batch), seed)

    def train(count: int) -> float:
        start = time.perf_counter()
        egan.fit(real, batch_size=batch, steps_per_epoch=count, verbose=0)
        return time.perf_counter() - start

    train(calls)
    seconds = train(generations - calls) * generations / (generations - calls)
    records = evaluate(from_model(egan, source), source, METRICS, count=SAMPLES)
    judged = {record["kind"]: round(float(record["value"]), 7) for record in records}
    wins = egan.population.wins.numpy()
    return {
        "dataset": dataset,
        "method": method,
        "seed": seed,
        "r1": config.evolution.r1_weight,
        "generations": generations,
        "seconds": round(seconds, 2),
        **judged,
        "wins": dict(zip(egan.mutation_names, (wins / wins.sum()).round(3).tolist(), strict=True)),
    }


def in_a_process(arguments: Job) -> dict[str, Any]:
    """`job` in a process of its own, or what the log of an earlier call says of it."""
    if arguments in KNOWN:
        return KNOWN[arguments]
    command = [sys.executable, "-m", "benchmarks.toys", "--job", json.dumps(list(arguments))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arguments}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"job": arguments, **result}), file=sys.stderr, flush=True)
    return result


def all_jobs(jobs: Sequence[Job], processes: int) -> dict[Job, dict[str, Any]]:
    """The results of jobs by what they are, each done once."""
    distinct = list(dict.fromkeys(jobs))
    with ThreadPoolExecutor(processes) as pool:
        return dict(zip(distinct, pool.map(in_a_process, distinct), strict=True))


def generations_of(updates: int, budget: int) -> int:
    """How many generations take `budget` optimizer steps, `updates` each; in whole calls."""
    calls = _in_a_call(budget // updates)
    return budget // updates // calls * calls


def _in_a_call(generations: int) -> int:
    return CALLS if generations >= 10 * CALLS else 10


def generations_in_equal_time(
    dataset: str, r1: float, methods: dict[str, int], budget: int, processes: int
) -> dict[str, int]:
    """How many generations each method makes while E-GAN makes its own; by the median of three measurements each.

    Those of E-GAN's own population and number of mutations count as equally fast: their programs are the same.
    """
    egan = generations_of(methods["egan"], budget)
    slow = [method for method, updates in methods.items() if updates != methods["egan"]]
    seeds = range(3)
    timed = all_jobs([(dataset, m, seed, r1, CALIBRATION) for seed in seeds for m in [*slow, "egan"]], processes)
    seconds = {
        method: np.median([timed[dataset, method, seed, r1, CALIBRATION]["seconds"] for seed in seeds])
        for method in [*slow, "egan"]
    }
    calls = {method: int(egan * seconds["egan"] / seconds[method] / CALLS) for method in slow}
    return {method: calls[method] * CALLS if method in slow else egan for method in methods}


def main() -> None:
    """Runs all jobs and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["ring8", "grid25"], choices=["ring8", "grid25"])
    parser.add_argument("--methods", nargs="+", help="of benchmarks/methods.py; by default those of the table")
    parser.add_argument("--study", action="store_true", help="the variants of the study besides")
    parser.add_argument("--r1", nargs="+", type=float, default=[-1.0], help="weights of the penalty; -1: the preset's")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--updates", type=int, default=20_000, help="optimizer steps of generators")
    parser.add_argument("--budgets", nargs="+", default=["updates", "time"], choices=["updates", "time"])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--known", nargs="*", type=Path, default=[], help="logs of earlier calls, not to do again")
    parser.add_argument("--out", default="")
    parser.add_argument("--job", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(job(*json.loads(options.job))))
        return

    from benchmarks.methods import METHODS, TABLE
    from benchmarks.timing import machine, publish
    from benchmarks.toys_table import summarize

    names = options.methods or list(METHODS if options.study else TABLE)
    updates = {name: METHODS[name].updates for name in dict.fromkeys(["egan", *names])}
    for log in options.known:
        know(log)
    wanted: list[tuple[str, Job]] = []
    for dataset in options.datasets:
        for r1 in options.r1:
            for budget in options.budgets:
                counts = {name: generations_of(updates[name], options.updates) for name in names}
                if budget == "time":
                    counts = generations_in_equal_time(dataset, r1, updates, options.updates, options.processes)
                wanted += [
                    (budget, (dataset, name, seed, r1, counts[name])) for seed in range(options.seeds) for name in names
                ]
    results = all_jobs([one for _, one in wanted], options.processes)
    rows = [{"budget": budget, **results[one]} for budget, one in wanted]
    settings = {key: value for key, value in vars(options).items() if key not in ("job", "known", "out")}
    publish({"machine": machine(), "settings": settings, "table": summarize(rows), "rows": rows}, options.out)


if __name__ == "__main__":
    main()
