"""The cost of calling every generation from Python: `python -m benchmarks.calls`.

The paper's toy, width 128, batch 64: `fit` with one generation per call, as is Keras' default, and with many, without
and with XLA, turn by turn.
"""

from __future__ import annotations

import argparse
import functools
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.timing import interleaved, machine, publish
from egan_tf import EGAN, data
from egan_tf.networks import build_discriminator, build_generator


def models() -> dict[str, EGAN]:
    """A model for each number of generations per call, without and with XLA."""
    made = {}
    for compiled in (False, True):
        for generations_per_call in (1, 20, 100):
            keras.utils.set_random_seed(0)
            egan = EGAN(build_generator("mlp", (2,), 2, 128), build_discriminator("mlp", (2,), 128))
            egan.compile(jit_compile=compiled, steps_per_execution=generations_per_call)
            made[f"{'xla' if compiled else 'tf'}_{generations_per_call}_per_call"] = egan
    return made


def main() -> None:
    """Prints generations per second, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--generations", type=int, default=500, help="in a round; a multiple of 100")
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    sample_fn = data.load("ring8", "data").batches(1, 0)

    def train(egan: EGAN) -> None:
        egan.fit(sample_fn, batch_size=64, steps_per_epoch=options.generations, verbose=0)

    works = {name: functools.partial(train, egan) for name, egan in models().items()}
    seconds = interleaved(works, options.rounds, warm_up=1)
    medians = {name: round(options.generations / float(np.median(values)), 1) for name, values in seconds.items()}
    report = {
        "machine": machine(),
        "generations_per_second": medians,
        "of_one_per_call_uncompiled": {n: round(m / medians["tf_1_per_call"], 2) for n, m in medians.items()},
        "of_one_per_call_compiled": {n: round(m / medians["xla_1_per_call"], 2) for n, m in medians.items()},
    }
    publish(report, options.out)


if __name__ == "__main__":
    main()
