"""Trains variants of a configuration for equal time, and compares their samples.

`python -m benchmarks.equal_time --study emoji_networks --folder WORK --out docs/results/emoji_networks.json`
runs one job after the other, each as `train_tf.py` would run it; a job that was interrupted goes on where it stopped,
and one that is done is not run again. The number of generations that fit into the time follows from short runs of all
variants before the first job (benchmarks/prices.py, on a quiet machine): so every job has the whole schedule of its
learning rate, is a function of its seed, and may share the machine with other work. `--rates-only` stops before the
jobs. Evaluations are not counted: all variants have as many.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.prices import measured, train
from benchmarks.timing import machine, publish
from egan_tf.utils.json_lines import read_records

SAMPLES = 10_000
METRICS = ("frechet_distance", "kernel_distance", "precision", "recall")

_PAPERS = ["--tournaments", "always", "--fitness", "egan", "--slots", "lineage"]
"""As the paper chooses; a variant that says otherwise says it later."""
_OURS = ["--tournaments", "auto", "--fitness", "logit"]
"""As our presets choose."""
_SLOTS = ["--slots", "objective"]

_EMOJI = [*_PAPERS, "--preset", "auto", "--dataset", "emoji", "--precision", "mixed_bfloat16", "--xla", "off"]
_EMOJI += ["--extractor", "efficientnet_lite0"]
_SLOW = ["--generator-learning-rate", "5e-4", "--discriminator-learning-rate", "5e-4"]
_NO_MOMENTUM = ["--generator-beta-1", "0", "--discriminator-beta-1", "0"]
_HINGE = ["--r1-weight", "0", "--discriminator-loss", "hinge", "--mutations", "hinge", "heuristic"]
"""As spectral normalization is used: Miyato et al. 2018."""
_TODAY = ["--discriminator-loss", "relativistic", "--mutations", "relativistic", "--r2-weight", "1"]
_TODAY += ["--augmentations", "color", "translation", "cutout"]
"""Huang et al. 2025 (R3GAN), with the augmentation of Zhao et al. 2020."""

_DIGITS = [*_PAPERS, "--preset", "digits", "--extractor", "cnn"]
_FASHION = [*_PAPERS, "--preset", "fashion_mnist", "--precision", "mixed_bfloat16", "--xla", "off"]
_FASHION += ["--extractor", "cnn"]


def _single(objective: str) -> list[str]:
    """A plain two-player step by one objective in each generation."""
    others = [name for name in ("minimax", "heuristic", "least_squares") if name != objective]
    return [*_FASHION, "--tournaments", "every:1000000", "--mutations", objective, *others]


STUDIES: dict[str, dict[str, list[str]]] = {
    "emoji_networks": {
        "dcgan": [*_EMOJI, "--network", "dcgan", "--width", "32"],
        "residual": [*_EMOJI, "--network", "residual", "--width", "8", *_SLOW, *_NO_MOMENTUM, *_HINGE],
        "modern": [*_EMOJI, "--network", "modern", "--width", "8", *_SLOW, *_NO_MOMENTUM, *_TODAY],
    },
    "emoji_losses": {
        "paper": [*_EMOJI, "--network", "dcgan", "--width", "32"],
        "today": [*_EMOJI, "--network", "dcgan", "--width", "32", *_TODAY],
    },
    "digits_tournaments": {
        "egan": _DIGITS,
        "ours": [*_DIGITS, *_OURS],
        "ours_slots": [*_DIGITS, *_OURS, *_SLOTS],
    },
    "digits_losses": {"paper": _DIGITS, "today": [*_DIGITS, *_TODAY]},
    "fashion_losses": {"paper": _FASHION, "today": [*_FASHION, *_TODAY]},
    "fashion_tournaments": {
        "egan": _FASHION,
        "ours": [*_FASHION, *_OURS],
        "ours_slots": [*_FASHION, *_OURS, *_SLOTS],
        "bandit": [*_FASHION, "--tournaments", "bandit", *_SLOTS],
        **{name: _single(name) for name in ("minimax", "heuristic", "least_squares")},
    },
}
"""By study and variant, the flags of `train_tf.py`."""


def generations(seconds: float, price: float) -> int:
    """How many generations fit into `seconds` at this price; a multiple of 100."""
    return max(100, int(seconds / price) // 100 * 100)


def run_job(flags: list[str], steps: int, folder: Path, data_dir: str) -> dict[str, Any]:
    """Trains with these flags, unless it is done, and returns the result."""
    result = folder / "result.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not result.exists():
        every = str(max(100, steps // 8 // 100 * 100))
        records = ["--sample-every", every, "--evaluate-every", every, "--log-every", "20"]
        run = train([*flags, "--steps", str(steps)], folder, *records, "--metrics", "frechet_distance")
        seconds = read_records(run / "timings.jsonl")[-1]["seconds"]
        found = {
            "generations": steps,
            "seconds": round(seconds, 1),
            "metrics": evaluated(folder / "job", data_dir, run),
        }
        result.write_text(json.dumps(found, indent=1))
    return dict(json.loads(result.read_text()))


def evaluated(model: Path, data_dir: str, run: Path) -> dict[str, Any]:
    """The metrics of an exported generator: 10,000 samples against all real images."""
    from egan_tf import Sampler
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.extractors import load_extractor
    from egan_tf.training.config_file import read_config
    from egan_tf.training.data_loading import load_dataset

    config = read_config(run)
    dataset = load_dataset(config)
    extractor = load_extractor(config.metrics.extractor, dataset, data_dir)
    real = len(dataset.images)  # type: ignore[attr-defined]
    records = evaluate(
        Sampler(model).batches, dataset, METRICS, count=SAMPLES, real_count=real, extractor=extractor, cache_dir=None
    )
    history = [[r["step"], round(r["value"], 3)] for r in read_records(run / "evaluations.jsonl")]
    return {**{record["metric"]: record["value"] for record in records}, "during_training": history}


def main() -> None:
    """Runs the jobs and prints their results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", required=True, choices=STUDIES)
    parser.add_argument("--only", nargs="+", default=None, help="variants, instead of all")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--folder", type=Path, required=True, help="of the runs; to resume, give it again")
    parser.add_argument("--grids", type=Path, default=None, help="copy each job's samples.png to this folder")
    parser.add_argument("--rates-only", action="store_true")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    study = {name: STUDIES[options.study][name] for name in options.only or STUDIES[options.study]}
    flags = {name: [*flags, "--data-dir", options.data_dir] for name, flags in study.items()}
    turns = measured(flags, options.folder)
    paid = {name: statistics.median(turns[name]) for name in study}
    steps = {name: generations(60 * options.minutes, paid[name]) for name in study}
    if options.rates_only:
        print(json.dumps(steps))
        return
    results = []
    for seed in options.seeds:
        for name in study:
            folder = options.folder / f"{name}-{seed}"
            found = run_job([*flags[name], "--seed", str(seed)], steps[name], folder, options.data_dir)
            results.append({"variant": name, "seed": seed, **found})
            print(json.dumps(results[-1]), file=sys.stderr)
            if options.grids is not None:
                options.grids.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "job" / "samples.png", options.grids / f"{options.study}_{name}_{seed}.png")
    shown = {name: " ".join(flags) for name, flags in study.items()}
    report = {"machine": machine(), "minutes": options.minutes, "flags": shown, "seconds_per_generation": turns}
    publish({**report, "jobs": results}, options.out)


if __name__ == "__main__":
    main()
