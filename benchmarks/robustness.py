"""Robustness: which way to train survives settings that nobody tuned: `python -m benchmarks.robustness --help`.

Each setting is drawn at random: learning rates, β₁, normalization of the discriminator, its steps, R1, width. Every
method trains on `digits` under it for equal cost, from the same weights and on the same batches. The cost is a model: a
generation with and without a tournament is timed first, for each kind of setting, with one thread on a machine that
does nothing else (`--costs-only` stops there), and a job ends when its generations have cost the budget. So jobs are
functions of their numbers, and may share the machine. A job that is done is not run again; give the same `--folder`, or
what was published by `--known`. With `--done-only` the settings that are done are published and none is run.

The result of a job is the Fréchet distance of 2,000 samples on the features of a classifier of the digits;
`benchmarks/robustness_table.py` says what is made of them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.cost_model import KINDS, RULE, Budget, counts, measured, one_thread, spent
from benchmarks.job_processes import Processes, restore, serve

DATASET, SAMPLES = "digits", 2_000
PER_CALL = 10
"""Generations in one call."""


@dataclass(frozen=True)
class Drawn:
    """A random setting.

    Attributes:
        number: of the setting, its seed.
        optimizer: settings of the optimizers.
        width: of both networks.
        normalization: of the discriminator.
        steps: of the discriminator in a generation.
        r1_weight: of the penalty; 0 for none.
    """

    number: int
    optimizer: Mapping[str, float]
    width: int
    normalization: str
    steps: int
    r1_weight: float

    @property
    def structure(self) -> str:
        """What its cost depends on."""
        return f"{self.width} {self.normalization} {self.steps} {self.r1_weight:g}"


def drawn(number: int) -> Drawn:
    """The setting of a number."""
    random = np.random.default_rng([20_261_126, number])
    rates = 10.0 ** random.uniform(-4.0, -2.0, 2)
    betas = random.choice([0.0, 0.5, 0.9], 2)
    roles = ("generator", "discriminator")
    optimizer = {f"{role}_learning_rate": float(rate) for role, rate in zip(roles, rates, strict=True)}
    optimizer |= {f"{role}_beta_1": float(beta) for role, beta in zip(roles, betas, strict=True)}
    return Drawn(
        number,
        {**optimizer, "final_learning_rate_fraction": 1.0},
        int(random.choice([16, 32])),
        str(random.choice(["none", "batch"])),
        int(random.choice([1, 3, 5])),
        float(random.choice([0.0, 0.1])),
    )


def model_of(setting: Drawn, method: str, data_dir: str, **evolution: Any) -> tuple[Any, Any, Any]:
    """The configuration, the data and the compiled model."""
    from benchmarks.methods import METHODS
    from egan_tf import data
    from egan_tf.training.build import build
    from egan_tf.training.presets import PAPERS_CHOICE, preset

    chosen = METHODS[method]
    settings = {"discriminator_steps": setting.steps, "r1_weight": setting.r1_weight, "seed": setting.number}
    if cost_name(method) == "relativistic":
        settings["r2_weight"] = setting.r1_weight
    config = preset(DATASET).replace(
        run={"steps_per_execution": PER_CALL},
        network={"width": setting.width, "discriminator_normalization": setting.normalization},
        optimizer=dict(setting.optimizer),
        evolution={**PAPERS_CHOICE, **settings, **chosen.settings, **evolution},
    )
    keras.backend.clear_session()
    dataset = data.load(DATASET, data_dir)
    return config, dataset, build(config, dataset.shape, chosen.model)


def cost_of(setting: Drawn, method: str, data_dir: str) -> dict[str, float]:
    """Seconds of a generation with and without a tournament, medians of an interleaved run."""
    works = {}
    for kind, rule in KINDS.items():
        config, dataset, egan = model_of(setting, method, data_dir, tournaments=rule)
        words = {"batch_size": config.data.batch_size, "steps_per_epoch": PER_CALL * 3, "verbose": 0}
        real = dataset.batches(egan.samples_per_generation(config.data.batch_size), 0)
        works[kind] = lambda egan=egan, real=real, words=words: egan.fit(real, **words)
    return measured(works, PER_CALL * 3)


def run_job(setting: Drawn, method: str, cost: Mapping[str, float], options: argparse.Namespace) -> dict[str, Any]:
    """Trains until the budget is spent, and evaluates the moving average."""
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.extractors import load_extractor
    from egan_tf.metrics.sources import from_model

    config, dataset, egan = model_of(setting, method, options.data_dir)

    most = int(2 * options.budget / min(cost.values())) // PER_CALL * PER_CALL
    batch = config.data.batch_size
    real = dataset.batches(egan.samples_per_generation(batch), setting.number)
    budget = Budget(lambda model: spent(model, cost) / options.budget)
    egan.fit(real, batch_size=batch, steps_per_epoch=most, verbose=0, callbacks=[budget])
    extractor = load_extractor("cnn", dataset, options.data_dir)
    (record,) = evaluate(
        from_model(egan, dataset), dataset, ["frechet_distance"], count=SAMPLES, extractor=extractor, cache_dir=None
    )
    survivors, (generations, held) = egan.population.selection_counts.numpy(), counts(egan)
    return {
        "frechet_distance": record["value"],  # None of samples that are not finite: the worst there is
        "generations": generations,
        "tournaments": held,
        "decided": int(egan.population.tournaments.decided_tournaments.numpy()),
        "cost": round(spent(egan, cost), 2),
        "shares": dict(zip(egan.operator_names, (survivors / survivors.sum()).round(3).tolist(), strict=True)),
    }


def costs(settings: list[Drawn], methods: list[str], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The costs by structure and method's kind, each measured once, in a process that does nothing else."""
    jobs = {}
    for setting in {setting.structure: setting for setting in settings}.values():
        for method in sorted({cost_name(method) for method in methods}):
            jobs[f"{setting.structure} {method}"] = {"number": setting.number, "method": method}
    wanted = [(cost_file(name, options), job) for name, job in jobs.items()]
    found = Processes("benchmarks.robustness", flags_of(options), jobs_each=1).results(wanted, processes=1)
    return dict(zip(jobs, found, strict=True))


def cost_file(name: str, options: argparse.Namespace) -> Path:
    """Where the costs of a structure and a method's kind are kept."""
    return Path(options.folder / RULE / "costs" / f"{name.replace(' ', '_')}.json")


def cost_name(method: str) -> str:
    """The method whose costs hold for a method: they depend on its loss and its slots, not on who is chosen."""
    from benchmarks.methods import METHODS

    if method.startswith("relativistic"):
        return "relativistic"
    return "slots" if METHODS[method].settings.get("slots") == "objective" else "egan"


def flags_of(options: argparse.Namespace) -> list[str]:
    """What a process that does jobs has to know."""
    return ["--folder", str(options.folder), "--data-dir", options.data_dir, "--budget", str(options.budget)]


def main() -> None:
    """Runs the jobs and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first setting")
    parser.add_argument("--settings", type=int, default=40)
    parser.add_argument("--methods", nargs="+", help="of benchmarks/methods.py; by default those of the study")
    parser.add_argument("--budget", type=float, default=40.0, help="seconds of one thread")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--folder", type=Path, required=True, help="of the results; to resume, give it again")
    parser.add_argument("--costs-only", action="store_true")
    parser.add_argument("--known", default="", help="a published result; its jobs are done")
    parser.add_argument("--done-only", action="store_true", help="publish the settings that are done, and run nothing")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        one_thread()

        def work(number: int, method: str, cost: Mapping[str, float] | None = None) -> dict[str, Any]:
            setting = drawn(number)
            return run_job(setting, method, cost, options) if cost else cost_of(setting, method, options.data_dir)

        serve(work)
        return

    from benchmarks.methods import ROBUSTNESS
    from benchmarks.robustness_table import table
    from benchmarks.timing import machine, publish

    methods = options.methods or list(ROBUSTNESS)
    settings = [drawn(number) for number in range(options.first, options.first + options.settings)]

    def file_of(job: Mapping[str, Any]) -> Path:
        return Path(options.folder / RULE / f"{options.budget:g}_seconds" / f"{job['setting']}_{job['method']}.json")

    restore(options.known, RULE, file_of, lambda name: cost_file(name, options))
    if options.done_only:
        settings = [
            setting
            for setting in settings
            if all(file_of({"setting": setting.number, "method": method}).exists() for method in methods)
        ]
    costs_found = costs(settings, methods, options)
    if options.costs_only:
        return

    jobs = [(setting, method) for setting in settings for method in methods]
    wanted = [
        (
            file_of({"setting": setting.number, "method": method}),
            {
                "number": setting.number,
                "method": method,
                "cost": costs_found[f"{setting.structure} {cost_name(method)}"],
            },
        )
        for setting, method in jobs
    ]
    results = Processes("benchmarks.robustness", flags_of(options)).results(wanted, options.processes)
    rows = [
        {"setting": setting.number, "method": method, **found}
        for (setting, method), found in zip(jobs, results, strict=True)
    ]
    drawn_as = {setting.number: {**setting.optimizer, "structure": setting.structure} for setting in settings}
    report = {"machine": machine(), "rule": RULE, "budget": options.budget, "table": table(rows), "settings": drawn_as}
    publish({**report, "costs": costs_found, "rows": rows}, options.out)


if __name__ == "__main__":
    main()
