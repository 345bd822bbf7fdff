"""When tournaments are held, on the toys: `python -m benchmarks.tournament_toys --help`.

`equal_generations`: the paper's comparison, without a penalty, 10,000 generations of each method. `equal_cost`: with
the presets' penalty, every method until it has cost what E-GAN's 6,600 generations cost; `equal_cost_no_r1`: the same
without it. The cost is a model (`benchmarks/cost_model.py`): a generation with and without a tournament is timed first,
with one thread on a machine that does nothing else (`--costs-only` stops there). Learning rates decay over the second
half of each budget, as in the presets.

A job that is done is not run again; give the same `--folder`, or what was published by `--known`. Prices that this
lacks are measured beside E-GAN's, and converted to the seconds of its machine: a tournament of E-GAN is the unit. With
`--done-only` the jobs that are done are published and none is run. `benchmarks/tournament_toys_table.py` prints the
tables.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from benchmarks.cost_model import KINDS, RULE, Budget, converted, counts, measured, one_thread, spent
from benchmarks.job_processes import Processes, restore, serve

GENERATIONS, TOURNAMENTS = 10_000, 6_600
PER_CALL, SAMPLES = 100, 10_000
METRICS = ("modes_covered", "high_quality_share", "mode_divergence")
SINGLES = ("never_minimax", "never_heuristic", "never_least_squares")
ALL = ("egan", *SINGLES, "random", "auto", "auto_logit", "every_10", "bandit", "slots", "balanced", "quality", "logit")


@dataclass(frozen=True)
class Study:
    """What is held equal.

    Attributes:
        methods: of benchmarks/methods.py.
        r1_weight: of the penalty; None for the preset's.
        equal_cost: cost, instead of generations.
    """

    methods: Sequence[str]
    r1_weight: float | None
    equal_cost: bool


STUDIES = {
    "equal_generations": Study(ALL, 0.0, equal_cost=False),
    "equal_cost": Study(ALL, None, equal_cost=True),
    "equal_cost_no_r1": Study(("egan", *SINGLES, "auto", "auto_logit"), 0.0, equal_cost=True),
}


def model_of(dataset: str, study: Study, method: str, seed: int, **evolution: Any) -> tuple[Any, Any, Any]:
    """The configuration, the data and the compiled model."""
    from benchmarks.methods import METHODS
    from egan_tf import data
    from egan_tf.training.build import build
    from egan_tf.training.presets import PAPERS_CHOICE, preset

    penalty = {} if study.r1_weight is None else {"r1_weight": study.r1_weight}
    config = preset(dataset).replace(
        run={"steps_per_execution": PER_CALL},
        optimizer={"final_learning_rate_fraction": 1.0},
        evolution={**PAPERS_CHOICE, **penalty, **METHODS[method].settings, "seed": seed, **evolution},
    )
    keras.backend.clear_session()
    source = data.load(dataset, "data")
    return config, source, build(config, source.shape, METHODS[method].model)


def words_of(config: Any, generations: int) -> dict[str, Any]:
    """The arguments of `fit`."""
    return {"batch_size": config.data.batch_size, "steps_per_epoch": generations, "verbose": 0}


def cost_of(dataset: str, study: Study, method: str) -> dict[str, float]:
    """Seconds of a generation with and without a tournament, medians of an interleaved run."""
    works = {}
    for kind, rule in KINDS.items():
        own = {} if method == "bandit" else {"tournaments": rule}
        config, source, egan = model_of(dataset, study, method, 0, **own)
        real = source.batches(egan.samples_per_generation(config.data.batch_size), 0)
        words = words_of(config, PER_CALL * 5)
        works[kind] = lambda egan=egan, real=real, words=words: egan.fit(real, **words)
    return measured(works, PER_CALL * 5)


def run_job(
    dataset: str, study: Study, method: str, seed: int, cost: Mapping[str, float], budget: float
) -> dict[str, Any]:
    """Trains until the budget is spent, seconds or generations, and evaluates the moving average."""
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.sources import from_model
    from egan_tf.training.presets import preset

    config, source, egan = model_of(dataset, study, method, seed)
    rates, final = config.optimizer, preset(dataset).optimizer.final_learning_rate_fraction
    # The budget sets the rates, which it cannot do to a schedule.
    egan.compile(
        keras.optimizers.Adam(rates.generator_learning_rate, rates.generator_beta_1, rates.beta_2, rates.epsilon),
        keras.optimizers.Adam(
            rates.discriminator_learning_rate, rates.discriminator_beta_1, rates.beta_2, rates.epsilon
        ),
        jit_compile="auto",
        steps_per_execution=PER_CALL,
    )
    most = int(1.1 * budget / min(cost.values())) if study.equal_cost else int(budget)

    def progress(model: Any) -> float:
        return (spent(model, cost) if study.equal_cost else counts(model)[0]) / budget

    real = source.batches(egan.samples_per_generation(config.data.batch_size), seed)
    words = words_of(config, most // PER_CALL * PER_CALL + PER_CALL)
    egan.fit(real, **words, callbacks=[Budget(progress, final)])
    records = evaluate(from_model(egan, source), source, METRICS, count=SAMPLES)
    survivors, (generations, held) = egan.population.selection_counts.numpy(), counts(egan)
    return {
        # None of samples that are not finite; the problem says so.
        **{r["kind"]: r["value"] if r["value"] is None else round(r["value"], 7) for r in records},
        "r1_weight": config.evolution.r1_weight,
        "generations": generations,
        "tournaments": held,
        "decided": int(egan.population.tournaments.decided_tournaments.numpy()),
        "seconds": round(spent(egan, cost), 2),
        "shares": dict(zip(egan.operator_names, (survivors / survivors.sum()).round(3).tolist(), strict=True)),
    }


def cost_name(method: str) -> str:
    """The method whose costs hold for a method: they depend on what is computed, not on who is chosen."""
    from benchmarks.methods import METHODS

    slots = METHODS[method].settings.get("slots") == "objective"
    if method.startswith("bandit"):
        return "bandit_slots" if slots else "bandit"
    return "slots" if slots else "egan"


def price_job(file_of: Callable[[str], Path], dataset: str, name: str) -> tuple[Path, dict[str, str]]:
    """The file of a price, and the job that measures it."""
    return file_of(f"{dataset} {name}"), {"dataset": dataset, "method": name}


def convert_new(
    priced: Sequence[tuple[str, str]], cost_file: Callable[[str], Path], measure: Callable[[Any], Sequence[Any]]
) -> None:
    """Measures prices that a published result lacks, beside E-GAN's, and writes them in the seconds of its machine."""
    new = [
        (dataset, name)
        for dataset, name in priced
        if cost_file(f"{dataset} egan").exists() and not cost_file(f"{dataset} {name}").exists()
    ]
    both = sorted({*new, *((dataset, "egan") for dataset, _ in new)})
    jobs = [price_job(lambda key: cost_file(f"{key} here"), dataset, name) for dataset, name in both]
    here = dict(zip(both, measure(jobs), strict=True))
    for dataset, name in new:
        there = json.loads(cost_file(f"{dataset} egan").read_text())
        cost = converted(here[dataset, name], here[dataset, "egan"], there)
        cost_file(f"{dataset} {name}").write_text(json.dumps(cost))


def main() -> None:
    """Runs the jobs and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", required=True, choices=STUDIES)
    parser.add_argument("--datasets", nargs="+", default=["ring8", "grid25"], choices=["ring8", "grid25"])
    parser.add_argument("--methods", nargs="+", help="of benchmarks/methods.py; by default those of the study")
    parser.add_argument("--seeds", type=int, default=20, help="from 0 on")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, required=True, help="of the results; to resume, give it again")
    parser.add_argument("--costs-only", action="store_true")
    parser.add_argument("--known", default="", help="a published result; its jobs are done")
    parser.add_argument("--done-only", action="store_true", help="publish what is done, and run nothing")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    study = STUDIES[options.study]
    if options.serve:
        one_thread()
        serve(lambda **job: (run_job if "cost" in job else cost_of)(study=study, **job))
        return

    from benchmarks.timing import machine, publish

    methods = options.methods or list(study.methods)
    flags, places = ["--study", options.study, "--folder", str(options.folder)], options.folder / RULE / options.study

    def cost_file(name: str) -> Path:
        return places / "costs" / f"{name.replace(' ', '_')}.json"

    def file_of(job: Mapping[str, Any]) -> Path:
        return places / f"{job['dataset']}_{job['method']}_{job['seed']}.json"

    restore(options.known, RULE, file_of, cost_file)
    priced = [(dataset, name) for dataset in options.datasets for name in sorted({"egan", *map(cost_name, methods)})]
    # Each in a process that does nothing else, one after the other.
    alone = Processes("benchmarks.tournament_toys", flags, jobs_each=1)
    convert_new(priced, cost_file, lambda jobs: alone.results(jobs, processes=1))
    costs = dict(zip(priced, alone.results([price_job(cost_file, *it) for it in priced], processes=1), strict=True))
    if options.costs_only:
        return
    jobs = [
        {"dataset": dataset, "method": method, "seed": seed}
        for seed in range(options.seeds)
        for dataset in options.datasets
        for method in methods
    ]
    if options.done_only:
        jobs = [job for job in jobs if file_of(job).exists()]
    budgets = {name: TOURNAMENTS * costs[name, "egan"]["tournament"] for name in options.datasets}
    wanted = []
    for job in jobs:
        cost = costs[job["dataset"], cost_name(job["method"])]
        most = budgets[job["dataset"]] if study.equal_cost else float(GENERATIONS)
        wanted.append((file_of(job), {**job, "cost": cost, "budget": most}))
    results = Processes("benchmarks.tournament_toys", flags).results(wanted, options.processes)
    equal = "cost" if study.equal_cost else "generations"
    rows = [{"budget": equal, **job, **result} for job, result in zip(jobs, results, strict=True)]
    known = {f"{dataset} {name}": cost for (dataset, name), cost in costs.items()}
    publish({"machine": machine(), "rule": RULE, "study": options.study, "costs": known, "rows": rows}, options.out)


if __name__ == "__main__":
    main()
