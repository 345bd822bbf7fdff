"""E-GAN against its objectives alone on toy data: `python -m benchmarks.toys --help`.

E-GAN, each of its objectives alone, E-GAN with random selection and, with `--study`, variants of it
(benchmarks/methods.py), with the networks, penalty, batch size and optimizers of our presets, over several seeds. The
budget is a number of optimizer steps of generators, so that one objective alone gets three times the generations of
three mutations; or the time in which E-GAN takes them. 10,000 samples of the moving average are evaluated: modes
covered (at least 1/5 of an equal share within 3σ), share within 3σ (a perfect generator: 0.989), KL divergence of the
modes from the uniform distribution.
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
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.toys_table import with_new_names

if TYPE_CHECKING:
    from egan_tf.training.config import Config

MAX_GENERATIONS_PER_CALL = 100
SAMPLES = 10_000
CALIBRATION = 1000
METRICS = ("modes_covered", "high_quality_share", "mode_divergence")

Job = tuple[str, str, int, float, int]
"""Data set, method, seed, weight of R1 (−1: the preset's), generations."""

FINISHED: dict[Job, dict[str, Any]] = {}
"""Results of earlier calls."""


def load_results(log: Path) -> None:
    """Reads the results in a log of this program, its standard error, so that their jobs are not run again."""
    for line in log.read_text(encoding="utf-8").splitlines():
        if line.startswith('{"job"'):
            result = with_new_names(json.loads(line))
            FINISHED[tuple(result.pop("job"))] = result


def run_job(dataset: str, method: str, seed: int, r1_weight: float, generations: int) -> dict[str, Any]:
    """Trains and evaluates one generator with one thread; to be called in a separate process."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from benchmarks.methods import METHODS
    from egan_tf import data
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.sources import from_model
    from egan_tf.training.build import build

    chosen = METHODS[method]
    penalty = {} if r1_weight < 0 else {"r1_weight": r1_weight}
    config = toy_config(dataset, seed, generations, {**penalty, **chosen.settings})
    source = data.load(dataset, "data")
    egan = build(config, source.shape, chosen.model)
    batch, calls = config.data.batch_size, config.run.steps_per_execution
    real = source.batches(egan.samples_per_generation(batch), seed)

    def train(count: int) -> float:
        start = time.perf_counter()
        egan.fit(real, batch_size=batch, steps_per_epoch=count, verbose=0)
        return time.perf_counter() - start

    train(calls)
    seconds = train(generations - calls) * generations / (generations - calls)
    records = evaluate(from_model(egan, source), source, METRICS, count=SAMPLES)
    counts = egan.population.selection_counts.numpy()
    return {
        "dataset": dataset,
        "method": method,
        "seed": seed,
        "r1_weight": config.evolution.r1_weight,
        "generations": generations,
        "seconds": round(seconds, 2),
        **{record["kind"]: round(float(record["value"]), 7) for record in records},
        "selection_shares": dict(zip(egan.operator_names, (counts / counts.sum()).round(3).tolist(), strict=True)),
    }


def toy_config(dataset: str, seed: int, generations: int, evolution: dict[str, Any]) -> Config:
    """The preset of a toy with these settings of the evolution; logging and evaluation are disabled."""
    from egan_tf.training.presets import PAPERS_CHOICE, preset

    calls = {"steps": generations, "steps_per_execution": _generations_per_call(generations)}
    never = {"log_every": generations, "sample_every": generations}
    return preset(dataset).replace(
        run={**calls, **never},
        metrics={"evaluate_every": generations},
        evolution={**PAPERS_CHOICE, **evolution, "seed": seed},
    )


def run_in_subprocess(job: Job) -> dict[str, Any]:
    """`run_job` in a separate process, or the result in the log of an earlier call."""
    if job in FINISHED:
        return FINISHED[job]
    command = [sys.executable, "-m", "benchmarks.toys", "--job", json.dumps(list(job))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job}: {done.stderr[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({"job": job, **result}), file=sys.stderr, flush=True)
    return result


def run_all(jobs: Sequence[Job], processes: int) -> dict[Job, dict[str, Any]]:
    """The results by job; a job that occurs twice runs once."""
    distinct = list(dict.fromkeys(jobs))
    with ThreadPoolExecutor(processes) as pool:
        return dict(zip(distinct, pool.map(run_in_subprocess, distinct), strict=True))


def generations_of(updates: int, budget: int) -> int:
    """How many generations take `budget` optimizer steps, `updates` each; a multiple of the generations per call."""
    calls = _generations_per_call(budget // updates)
    return budget // updates // calls * calls


def _generations_per_call(generations: int) -> int:
    return MAX_GENERATIONS_PER_CALL if generations >= 10 * MAX_GENERATIONS_PER_CALL else 10


def generations_in_equal_time(
    dataset: str, r1_weight: float, updates: dict[str, int], budget: int, processes: int
) -> dict[str, int]:
    """How many generations each method makes in the time of E-GAN; by the median of three measurements each.

    Methods with the population size and the number of mutations of E-GAN count as equally fast: their programs have the
    same cost.
    """
    egan = generations_of(updates["egan"], budget)
    others = [method for method, count in updates.items() if count != updates["egan"]]
    seeds = range(3)

    def jobs(method: str) -> list[Job]:
        return [(dataset, method, seed, r1_weight, CALIBRATION) for seed in seeds]

    measured = run_all([job for method in [*others, "egan"] for job in jobs(method)], processes)
    seconds = {method: np.median([measured[job]["seconds"] for job in jobs(method)]) for method in [*others, "egan"]}
    per_call = MAX_GENERATIONS_PER_CALL
    calls = {method: int(egan * seconds["egan"] / seconds[method] / per_call) for method in others}
    return {method: calls[method] * per_call if method in others else egan for method in updates}


def planned_jobs(options: argparse.Namespace, updates: dict[str, int], names: Sequence[str]) -> list[tuple[str, Job]]:
    """All jobs, each with its budget; for equal time, the speeds are measured first."""
    planned: list[tuple[str, Job]] = []
    for dataset in options.datasets:
        for r1_weight in options.r1_weight:
            for budget in options.budgets:
                counts = {name: generations_of(updates[name], options.updates) for name in names}
                if budget == "time":
                    counts = generations_in_equal_time(dataset, r1_weight, updates, options.updates, options.processes)
                planned += [
                    (budget, (dataset, name, seed, r1_weight, counts[name]))
                    for seed in range(options.seeds)
                    for name in names
                ]
    return planned


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["ring8", "grid25"], choices=["ring8", "grid25"])
    parser.add_argument("--methods", nargs="+", help="of benchmarks/methods.py; by default those of the table")
    parser.add_argument("--study", action="store_true", help="the variants of the study too")
    parser.add_argument(
        "--r1-weight", nargs="+", type=float, default=[-1.0], help="weights of the penalty; -1: the preset's"
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--updates", type=int, default=20_000, help="optimizer steps of generators")
    parser.add_argument("--budgets", nargs="+", default=["updates", "time"], choices=["updates", "time"])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--finished", nargs="*", type=Path, default=[], help="logs of earlier calls; skips their jobs")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    parser.add_argument("--job", default="", help=argparse.SUPPRESS)
    return parser


def main() -> None:
    """Runs all jobs and prints JSON."""
    options = _parser().parse_args()
    if options.job:
        print(json.dumps(run_job(*json.loads(options.job))))
        return

    from benchmarks.methods import METHODS, STUDY, TABLE
    from benchmarks.timing import machine, publish
    from benchmarks.toys_table import summarize

    names = options.methods or list({**TABLE, **STUDY} if options.study else TABLE)
    updates = {name: METHODS[name].updates for name in dict.fromkeys(["egan", *names])}
    for log in options.finished:
        load_results(log)
    planned = planned_jobs(options, updates, names)
    results = run_all([job for _, job in planned], options.processes)
    rows = [{"budget": budget, **results[job]} for budget, job in planned]
    settings = {key: value for key, value in vars(options).items() if key not in ("job", "finished", "out")}
    publish({"machine": machine(), "settings": settings, "table": summarize(rows), "rows": rows}, options.out)


if __name__ == "__main__":
    main()
