"""The share of the input pipeline in a generation: `python -m benchmarks.input`.

The same generation, called the same way, with real samples from the data set's pipeline and with a batch in memory,
turn by turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import interleaved, machine, publish, summary
from egan_tf.data import ImageDataset, load
from egan_tf.training.build import build
from egan_tf.training.config import Config
from egan_tf.training.presets import PAPERS_CHOICE, preset

CASES = ("digits", "fashion_mnist", "cifar10", "disk")


def dataset_of(name: str, data_dir: str) -> ImageDataset:
    """The data set; for cifar10, whose download needs a network, noise of its size and number, also from disk."""
    if name in ("cifar10", "disk"):
        pixels = np.random.default_rng(0).integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8)
        if name == "disk":
            np.save(f"{data_dir}/noise.npy", pixels)
            pixels = np.load(f"{data_dir}/noise.npy", mmap_mode="r")
        return ImageDataset(name, pixels, np.zeros(50_000, np.int32), tuple("0123456789"))
    dataset = load(name, data_dir)
    assert isinstance(dataset, ImageDataset)
    return dataset


def measure(name: str, data_dir: str, rounds: int) -> dict[str, Any]:
    """Times of a generation with and without the pipeline."""
    config = preset("cifar10" if name == "disk" else name).replace(evolution=PAPERS_CHOICE)
    with tempfile.TemporaryDirectory() as folder:
        return _measure(config, dataset_of(name, folder if name == "disk" else data_dir), rounds)


def _measure(config: Config, dataset: ImageDataset, rounds: int) -> dict[str, Any]:
    egan = build(config, dataset.shape)
    step = tf.function(egan.train_step)
    batches = iter(dataset.batches(egan.samples_per_generation(config.data.batch_size), seed=0))
    ready = next(batches)
    works = {
        "pipeline": lambda: step(next(batches))["fitness"].numpy(),
        "ready": lambda: step(ready)["fitness"].numpy(),
    }
    seconds = interleaved(works, rounds)
    added = np.median(seconds["pipeline"]) / np.median(seconds["ready"]) - 1
    return {**{key: summary(values) for key, values in seconds.items()}, "added_share": round(float(added), 4)}


def main() -> None:
    """Prints the pipeline's share of a generation, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    cases = {name: measure(name, options.data_dir, options.rounds) for name in options.case}
    publish({"machine": machine(), "cases": cases}, options.out)


if __name__ == "__main__":
    main()
