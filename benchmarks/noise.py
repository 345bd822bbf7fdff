"""The cost of noise: `python -m benchmarks.noise`.

Nanoseconds for a number of each noise and distribution, 10,000 rows of 100, turn by turn; and which share of
`Sampler.sample` it is, with untrained generators.
"""

from __future__ import annotations

import argparse
import functools
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.timing import interleaved, machine, publish
from egan_tf import Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator
from egan_tf.networks import build_generator
from egan_tf.sampling import DISTRIBUTIONS
from egan_tf.sampling.noise import NOISES

ROWS, SIZE = 10_000, 100
GENERATORS = {"8x8x1_width_32_latent_32": ((8, 8, 1), 32, 32), "32x32x3_width_64_latent_100": ((32, 32, 3), 64, 100)}
"""Shape, width and latent size."""
SAMPLES = 2048


def draw(noise: str, distribution: str) -> None:
    """Draws a million numbers."""
    NOISES[noise].rows(distribution, 0, 0, SIZE).draw(ROWS)


def exported(name: str, folder: Path) -> Sampler:
    """The sampler of an untrained generator."""
    shape, width, latent_size = GENERATORS[name]
    generator = build_generator("dcgan", shape, latent_size=latent_size, width=width)
    options = {"latent": Latent(latent_size), "value_range": (-1, 1), "card": {}, "formats": ["onnx"]}
    return Sampler(export_generator(generator, folder / name, **options))


def main() -> None:
    """Prints the medians, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    draws = {f"{noise} {kind}": functools.partial(draw, noise, kind) for noise in NOISES for kind in DISTRIBUTIONS}
    seconds = interleaved(draws, options.rounds)
    report = {"machine": machine()}
    for statistic, of in (("median", np.median), ("lowest", np.min)):
        numbers = {name: round(float(of(values)) * 1e9 / (ROWS * SIZE), 1) for name, values in seconds.items()}
        report[f"{statistic}_nanoseconds_per_number"] = numbers
    with tempfile.TemporaryDirectory() as folder:
        for name in GENERATORS:
            sampler = exported(name, Path(folder))
            works = {
                "noise": functools.partial(sampler.noise, SAMPLES),
                "all": functools.partial(sampler.sample, SAMPLES),
            }
            medians = {key: float(np.median(values)) for key, values in interleaved(works, options.rounds).items()}
            report[name] = {
                "samples_per_second": round(SAMPLES / medians["all"]),
                "share_of_noise": round(medians["noise"] / medians["all"], 3),
            }
    publish(report, options.out)


if __name__ == "__main__":
    main()
