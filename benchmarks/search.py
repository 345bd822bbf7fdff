"""Compares a search with a random setting, random search and the preset at equal cost, on the digits.

`python -m benchmarks.search --folder WORK --minutes 4 --draws 0 1 2 3 4 --out docs/results/search.json`. The cost is
counted in generations: as many as take that time with the preset, measured ahead. A tournament is held in every
generation, so that no setting changes its time: each method gets equal time, is a function of its seed, and may share
the machine with other work. A job that was interrupted goes on where it stopped, and one that is done is not run again.

The metric during training is measured on 2,000 samples and decides; the one that is compared is measured afterwards, of
the winner's best checkpoint, on 10,000 samples and all real images.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.equal_time import evaluated, generations
from benchmarks.prices import prices
from benchmarks.timing import machine, publish
from egan_tf.search.definition import Definition
from egan_tf.search.process import python_command
from egan_tf.search.space import parse_space
from egan_tf.search.study import Study, create_study, open_study
from egan_tf.search.table import best_trial, generations_of
from egan_tf.search.winner import export_winner
from egan_tf.search.worker import Worker
from egan_tf.training.presets import PAPERS_CHOICE, preset

SPACE = (
    "generator_learning_rate=log:0.0001:0.01",
    "discriminator_learning_rate=log:0.0001:0.01",
    "generator_beta_1,discriminator_beta_1=choice:0|0.5",
    "r1_weight=log:0.01:10",
    "ema_decay=choice:0.99|0.999",
)
"""Settings that do not change the time of a tournament; the preset lies inside."""
COMPARED = "fd_digits_cnn_10k"
EVALUATIONS = 9
"""In a trial; successive halving looks at the first and the third."""


@dataclass(frozen=True)
class Method:
    """How the generations are spent.

    Attributes:
        parts: a trial has the total divided by this.
        own: whether the first trial has the preset's own settings, as `egan-search` begins.
        sampler: of the other trials.
        pruning: of `Definition`; pruned trials leave generations for more trials.
    """

    parts: int = 1
    own: bool = False
    sampler: str = "random"
    pruning: str = "none"


METHODS = {
    "preset": Method(own=True),
    "random_setting": Method(),
    "random_search": Method(parts=8),
    "search_without_preset": Method(parts=4, sampler="tpe", pruning="halving"),
    "search": Method(parts=4, own=True, sampler="tpe", pruning="halving"),
}


def study_of(method: Method, total: int, draw: int, folder: Path, data_dir: str) -> Study:
    """The study of a job, made or opened."""
    steps = max(1, total // method.parts // (10 * EVALUATIONS)) * 10 * EVALUATIONS
    config = preset("digits").replace(
        run={"name": "job", "steps": steps, "models_dir": str(folder), "formats": ("onnx",)},
        data={"data_dir": data_dir},
        evolution={**PAPERS_CHOICE, "seed": draw},
        metrics={"metrics": ("frechet_distance",), "evaluate_every": steps // EVALUATIONS},
    )
    made = folder / "studies" / "001-job"
    if made.exists():
        study = open_study(made)
    else:
        definition = Definition(config, parse_space(SPACE), sampler=method.sampler, pruning=method.pruning)
        study = create_study(definition, folder / "studies")
    if method.own:
        study.enqueue([])
    study.limit(method.parts if method.pruning == "none" else 0, max(total, steps))
    return study


def run_job(method: Method, total: int, draw: int, folder: Path, data_dir: str) -> dict[str, Any]:
    """Works on the study, unless it is done, and returns the result."""
    result = folder / "result.json"
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        study = study_of(method, total, draw, folder, data_dir)
        command = python_command("egan_tf.commands.trial", "--resume")
        Worker(study, command, lambda: False, lambda line: print(line, file=sys.stderr)).work()
        exported = export_winner(study, python_command("egan_tf.commands.export", "--overwrite"))
        best = best_trial(study)
        assert best is not None
        found = {
            "trials": len(study.trials),
            "generations": generations_of(study.trials, 0),
            "winner": best.params,
            "best_during_training": best.value,
            "metrics": evaluated(Path(exported["model"]), data_dir, study.run_of(best.number)),
        }
        result.write_text(json.dumps(found, indent=1))
    return dict(json.loads(result.read_text()))


def _number(value: float | None) -> float:
    return math.inf if value is None else value


def summarize(jobs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """By method, the median, the least and the largest Fréchet distance, and how often the method is the best."""
    found: dict[str, dict[str, float]] = {}
    # None, of samples that are not finite, is the worst.
    values = {(job["method"], job["draw"]): _number(job["metrics"][COMPARED]) for job in jobs}
    best = {draw: min(value for (_, other), value in values.items() if other == draw) for _, draw in values}
    for name in dict.fromkeys(method for method, _ in values):
        own = {draw: value for (method, draw), value in values.items() if method == name}
        found[name] = {
            "median": statistics.median(own.values()),
            "least": min(own.values()),
            "largest": max(own.values()),
            "times_best": sum(value == best[draw] for draw, value in own.items()),
        }
    return found


def main() -> None:
    """Runs the jobs and prints their results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--draws", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--only", nargs="+", default=None, choices=METHODS, help="methods, instead of all")
    parser.add_argument("--generations", type=int, default=None, help="of each method, instead of measuring them")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--folder", type=Path, required=True, help="of the studies; to resume, give it again")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    flags = ["--preset", "digits", "--tournaments", "always", "--fitness", "egan", "--data-dir", options.data_dir]
    total = options.generations or generations(
        60 * options.minutes, prices({"preset": flags}, options.folder)["preset"]
    )
    jobs = []
    for draw in options.draws:
        for name in options.only or METHODS:
            found = run_job(METHODS[name], total, draw, options.folder / f"{name}-{draw}", options.data_dir)
            jobs.append({"method": name, "draw": draw, **found})
            print(json.dumps(jobs[-1]), file=sys.stderr)
    report = {"machine": machine(), "minutes": options.minutes, "generations": total, "space": SPACE}
    publish({**report, "summary": summarize(jobs), "jobs": jobs}, options.out)


if __name__ == "__main__":
    main()
