"""What the input pipeline adds to a generation: `python -m benchmarks.input`.

The same generation, called the same way, with real samples from the data set's pipeline and with a batch that is there
already, turn by turn.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.timing import interleaved, machine, publish, summary
from egan_tf.data import ImageDataset, load
from egan_tf.training import train as training
from egan_tf.training.presets import preset

CASES = ("digits", "fashion_mnist", "cifar10")


def dataset_of(name: str, data_dir: str) -> ImageDataset:
    """The data set; for cifar10, which needs a network, noise of its size and number."""
    if name == "cifar10":
        pixels = np.random.default_rng(0).integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8)
        return ImageDataset(name, pixels, np.zeros(50_000, np.int32), tuple("0123456789"))
    dataset = load(name, data_dir)
    assert isinstance(dataset, ImageDataset)
    return dataset


def main() -> None:
    """Prints the pipeline's share of a generation, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    report = {"machine": machine(), "cases": {}}
    for name in CASES:
        config, dataset = preset(name), dataset_of(name, options.data_dir)
        egan = training.build(config, dataset.shape)
        egan._batch_size = config.data.batch_size
        size = egan.samples_per_generation(config.data.batch_size)
        step = tf.function(egan.train_step)
        batches = iter(dataset.batches(size, seed=0))
        ready = next(batches)
        works = {
            "pipeline": lambda step=step, batches=batches: step(next(batches))["fitness"].numpy(),
            "ready": lambda step=step, ready=ready: step(ready)["fitness"].numpy(),
        }
        seconds = interleaved(works, options.rounds)
        added = np.median(seconds["pipeline"]) / np.median(seconds["ready"]) - 1
        report["cases"][name] = {key: summary(values) for key, values in seconds.items()}
        report["cases"][name]["added_share"] = round(float(added), 4)
    publish(report, options.out)


if __name__ == "__main__":
    main()
