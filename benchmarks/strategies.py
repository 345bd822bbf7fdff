"""What a strategy of one replica costs: `python -m benchmarks.strategies --out docs/results/strategies.json`.

Generations of a preset, as `fit` runs them, without a strategy, under `OneDeviceStrategy` and under a
`MirroredStrategy` of one device, turn by turn in one process.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import interleaved, machine, publish, summary
from egan_tf import data
from egan_tf.training.build import build
from egan_tf.training.presets import PAPERS_CHOICE, preset

DEVICE = "GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0"
STRATEGIES: dict[str, Callable[[], tf.distribute.Strategy | None]] = {
    "none": lambda: None,
    "one device": lambda: tf.distribute.OneDeviceStrategy(DEVICE),
    "mirrored": lambda: tf.distribute.MirroredStrategy([DEVICE]),
}


def work(name: str, kind: str, generations: int, data_dir: str) -> Callable[[], Any]:
    """A function that trains for some generations."""
    config, dataset = preset(name).replace(evolution=PAPERS_CHOICE), data.load(name, data_dir)
    egan = build(config, dataset.shape, strategy=STRATEGIES[kind]())
    batch = config.data.batch_size
    real = dataset.batches(egan.samples_per_generation(batch), 0)
    return lambda: egan.fit(real, batch_size=batch, steps_per_epoch=generations, verbose=0)


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["digits", "grid25"])
    parser.add_argument("--generations", type=int, help="of a turn; by default 100, of points 2,000")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": machine()}
    for name in options.presets:
        # Long enough that what a call of `fit` costs once does not count.
        generations = options.generations or (2_000 if preset(name).network.network == "mlp" else 100)
        works = {kind: work(name, kind, generations, options.data_dir) for kind in STRATEGIES}
        seconds = interleaved(works, options.rounds)
        found: dict[str, Any] = {kind: summary(times) for kind, times in seconds.items()}
        for kind, times in seconds.items():
            ratios = np.array(times) / np.array(seconds["none"])
            found[kind]["of_none"] = round(float(np.median(ratios)), 3)
        report[name] = {"rounds": options.rounds, "generations": generations, **found}
        print(name, found, file=sys.stderr, flush=True)
    publish(report, options.out)


if __name__ == "__main__":
    main()
