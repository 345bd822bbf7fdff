"""What it costs to call every generation from Python: `python -m benchmarks.calls`.

The toy of the paper, width 128, batch 64: `fit` with one generation per call, as Keras does by default, and with many,
each uncompiled and compiled by XLA, turn by turn.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.timing import machine, publish
from egan_tf import EGAN, data
from egan_tf.networks import build_discriminator, build_generator

GENERATIONS = 500


def main() -> None:
    """Prints generations per second, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    draw = data.load("ring8", "data").batches(1, 0)
    models = {}
    for compiled in (False, True):
        for generations_per_call in (1, 20, 100):
            keras.utils.set_random_seed(0)
            egan = EGAN(build_generator("mlp", (2,), 2, 128), build_discriminator("mlp", (2,), 128))
            egan.compile(jit_compile=compiled, steps_per_execution=generations_per_call)
            models[f"{'xla' if compiled else 'tf'}_{generations_per_call}_per_call"] = egan
    rates: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(options.rounds + 1):
        for name, egan in models.items():
            start = time.perf_counter()
            egan.fit(draw, batch_size=64, steps_per_epoch=GENERATIONS, verbose=0)
            if turn:
                rates[name].append(GENERATIONS / (time.perf_counter() - start))
    medians = {name: round(float(np.median(values)), 1) for name, values in rates.items()}
    report = {
        "machine": machine(),
        "generations_per_second": medians,
        "of_one_per_call_uncompiled": {n: round(m / medians["tf_1_per_call"], 2) for n, m in medians.items()},
        "of_one_per_call_compiled": {n: round(m / medians["xla_1_per_call"], 2) for n, m in medians.items()},
    }
    publish(report, options.out)


if __name__ == "__main__":
    main()
