"""Class-conditional Fashion-MNIST: ours beside a plain Keras conditional DCGAN, for equal time.

`python -m benchmarks.conditional --minutes 20 --seeds 0 1 2 --folder WORK --out docs/results/conditional.json` trains
one job after the other; one that is done is not run again. Both have as many parameters, the same precision, threads
and time: how many steps fit into it is measured before the first job, on a machine that does nothing else
(`--rates-only` stops after that). Ours holds tournaments where they decide something, so its time is a sum: generations
with and without one are timed apart, `TOURNAMENTS` of them are allowed for, and a job that held more is an error. Of
both the best checkpoint counts, by the Fréchet distance on the features of a classifier of the images.

The share is that of 10,000 samples, as many of each class, in which that classifier finds the asked label; it is
compared with its share on the real test images.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.prices import prices, train
from benchmarks.timing import machine, publish

DATASET = "fashion_mnist"
SIDES = ("ours", "keras")
SAMPLES, SCORED, BATCH = 10_000, 2_000, 64
FLAGS = ["--dataset", DATASET, "--conditional", "--no-by-class", "--precision", "mixed_bfloat16", "--xla", "off"]
FLAGS += ["--fitness", "egan"]
"""Of `train_tf.py`, beside the preset's."""
AUTO, NEVER = ["--tournaments", "auto"], ["--tournaments", "every:1000000"]
TOURNAMENTS = 0.1
"""Share of the generations whose tournaments the time allows for."""

SampleFn = Callable[[int, int], np.ndarray]
"""Maps (label, count) to images float32 [count, 28, 28, 1] in [−1, 1]."""


def evaluated(sample_fn: SampleFn, data_dir: str) -> dict[str, Any]:
    """Shares of the asked label and Fréchet distances, of all samples and of each class."""
    from egan_tf import data
    from egan_tf.metrics.extractors import load_extractor
    from egan_tf.metrics.frechet import Moments, frechet_distance

    real, test = (data.load(DATASET, data_dir, split) for split in ("train", "test"))
    extractor = load_extractor("cnn", real, data_dir)
    found: dict[str, Any] = {"share": [], "share_of_real": [], "frechet": [], "frechet_of_halves": []}
    fakes, reals = [], []
    for label in range(len(real.class_names)):
        fake = extractor.activations(sample_fn(label, SAMPLES // len(real.class_names)))
        tested = extractor.activations(_floats(test, label))
        of_class = extractor.activations(_floats(real, label))
        assert fake.probabilities is not None and tested.probabilities is not None
        found["share"].append(float((fake.probabilities.argmax(axis=1) == label).mean()))
        found["share_of_real"].append(float((tested.probabilities.argmax(axis=1) == label).mean()))
        moments = [Moments.from_features(part.features) for part in (fake, of_class)]
        halves = [Moments.from_features(of_class.features[start::2]) for start in range(2)]
        found["frechet"].append(float(frechet_distance(*moments)))
        found["frechet_of_halves"].append(float(frechet_distance(*halves)))
        fakes.append(fake.features)
        reals.append(of_class.features)
    everything = np.concatenate(reals)
    whole = [Moments.from_features(part) for part in (np.concatenate(fakes), everything)]
    halves = [Moments.from_features(everything[start::2]) for start in range(2)]
    found["frechet_whole"] = float(frechet_distance(*whole))
    found["frechet_whole_of_halves"] = float(frechet_distance(*halves))
    found["share_ratio"] = float(np.mean(found["share"]) / np.mean(found["share_of_real"]))
    ratios = np.array(found["share"]) / np.array(found["share_of_real"])
    found["worst_class_ratio"] = float(ratios.min())
    return found


def _floats(dataset: Any, label: int) -> np.ndarray:
    return dataset.images[dataset.labels == label].astype("float32") / 127.5 - 1.0


class Rates(NamedTuple):
    """Seconds of a generation with a tournament, and of one without."""

    tournament: float
    plain: float

    def seconds(self, generations: float, tournaments: float) -> float:
        """Those of a run."""
        return tournaments * self.tournament + (generations - tournaments) * self.plain


def rates_of(options: argparse.Namespace) -> Rates:
    """As measured once, turn by turn."""
    kinds = {"tournament": ["--tournaments", "always"], "plain": NEVER}
    return Rates(**prices({kind: [*flags_of(options), *flags] for kind, flags in kinds.items()}, options.folder))


def ours(seed: int, steps: int, rates: Rates, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Trains by the command line, and evaluates the best checkpoint's export."""
    from egan_tf import Sampler
    from egan_tf.utils.json_lines import read_records

    every = str(max(100, steps // 10 // 100 * 100))
    records = ["--evaluate-every", every, "--evaluation-samples", str(SCORED), "--metrics", "frechet_distance"]
    flags = [*flags_of(options), *AUTO, "--seed", str(seed), "--steps", str(steps), "--sample-every", every]
    run = train(flags, folder, *records, "--log-every", "20")
    command = [sys.executable, "export.py", str(run), "--checkpoint", "best", "--name", "best", "--overwrite"]
    subprocess.run([*command, "--models-dir", str(folder)], check=True)
    sampler = Sampler(folder / "best")
    held = int(read_records(run / "metrics.jsonl")[-1]["tournaments"])
    seconds = rates.seconds(steps, held)
    if seconds > 60 * options.minutes:
        raise SystemExit(f"{held} tournaments in {steps} generations take {seconds:.0f} s: raise TOURNAMENTS")
    found = evaluated(lambda label, count: sampler.sample(count, seed=label, labels=label), options.data_dir)
    return {"steps": steps, "tournaments": held, "modelled_seconds": round(seconds, 1), **found}


def keras_baseline(
    seed: int, steps: int, options: argparse.Namespace, parameters: int, folder: Path = Path()
) -> dict[str, Any]:
    """Trains the plain Keras networks for a number of steps; with 0, only measures the seconds of a step."""
    import keras
    import tensorflow as tf

    from benchmarks import keras_conditional as baseline
    from egan_tf import data
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.extractors import load_extractor

    real = data.load(DATASET, options.data_dir)
    assert isinstance(real, data.ImageDataset) and real.labels is not None
    classes, extractor = len(real.class_names), load_extractor("cnn", real, options.data_dir)

    def sample(network: Any, labels: np.ndarray, at: int) -> np.ndarray:
        noise = np.random.default_rng(at).standard_normal((len(labels), baseline.LATENT)).astype("float32")
        inputs = tf.constant(np.concatenate([noise, np.eye(classes, dtype="float32")[labels]], axis=1))
        return np.concatenate([network(part, training=False) for part in tf.split(inputs, max(1, len(labels) // 500))])

    def score_fn(network: Any, step: int) -> float:
        def batches(count: int, seed: int) -> Iterator[np.ndarray]:
            yield sample(network, np.arange(count) % classes, seed)

        (record,) = evaluate(batches, real, ["frechet_distance"], count=SCORED, extractor=extractor, step=step)
        return float(record["value"])

    keras.config.set_dtype_policy("mixed_bfloat16")
    width = baseline.width_for(parameters, classes)
    args = (real.images, real.labels, classes, width, BATCH)
    if not steps:
        times = [baseline.train(*args, count, seed, count + 1, lambda *_: 0.0)[1]["seconds"] for count in (200, 1200)]
        return {"seconds_per_step": (times[1] - times[0]) / 1000}
    network, facts = baseline.train(*args, steps, seed, max(1, steps // 10), score_fn)
    _save_grid(sample(network, np.repeat(np.arange(classes), 8), seed), classes, folder / "samples.png")
    found = evaluated(lambda label, count: sample(network, np.full(count, label), label), options.data_dir)
    return {"width": width, **facts, **found}


def _save_grid(images: np.ndarray, rows: int, file: Path) -> None:
    """A PNG with a row for each class."""
    from egan_tf.sampling.pictures import save_png, sheet, to_image

    pixels = np.rint((images + 1.0) * 127.5).clip(0, 255).astype("uint8")
    with file.open("wb") as opened:
        save_png(to_image(sheet(pixels.reshape(rows, -1, *images.shape[1:]))), opened)


def flags_of(options: argparse.Namespace) -> list[str]:
    """The flags of `train_tf.py`."""
    return [*FLAGS, "--data-dir", options.data_dir]


def keras_steps(options: argparse.Namespace, parameters: int) -> int:
    """How many steps of the plain networks fit into the time."""
    rate = _once(options.folder / "keras-rate", lambda: keras_baseline(0, 0, options, parameters))
    return max(100, int(60 * options.minutes / rate["seconds_per_step"]) // 100 * 100)


def parameters_of(options: argparse.Namespace) -> int:
    """The parameters of both networks of ours."""
    from egan_tf.commands.train import read_command_line
    from egan_tf.training.networks import build_networks

    config = read_command_line(flags_of(options)).config
    networks = build_networks(config, (28, 28, 1), config.network.network, classes=10)
    return sum(int(network.count_params()) for network in networks)


def main() -> None:
    """Runs the jobs and prints their results as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=list(SIDES), choices=SIDES)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--folder", type=Path, required=True, help="of the runs; to resume, give it again")
    parser.add_argument("--rates-only", action="store_true")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    parameters = parameters_of(options)
    rates, plain_steps = rates_of(options), keras_steps(options, parameters)
    steps = int(60 * options.minutes / rates.seconds(1, TOURNAMENTS)) // 100 * 100
    if options.rates_only:
        print(json.dumps({"generations": steps, "Keras": plain_steps, "parameters": parameters}))
        return
    jobs = []
    for seed in options.seeds:
        folders = {side: options.folder / f"{side}-{seed}" for side in SIDES}
        works = {
            "ours": lambda folder, seed=seed: ours(seed, steps, rates, folder, options),
            "keras": lambda folder, seed=seed: keras_baseline(seed, plain_steps, options, parameters, folder),
        }
        found = {side: _once(folders[side], partial(works[side], folders[side])) for side in options.only}
        jobs.append({"seed": seed, **found})
    report = {
        "minutes": options.minutes,
        "flags": FLAGS,
        "parameters": parameters,
        "rates": rates._asdict(),
        "jobs": jobs,
    }
    publish({"machine": machine(), **report}, options.out)


def _once(folder: Path, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result in the folder, computed unless it is there."""
    file = folder / "result.json"
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_text(json.dumps(work(), indent=1))
    return dict(json.loads(file.read_text()))


if __name__ == "__main__":
    main()
