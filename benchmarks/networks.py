"""The cost of a generation of each network: `python -m benchmarks.networks --help`.

For square images, batch 32 and three mutations: our defaults, scoring on a quarter of a batch, and a generation in
which `--tournaments auto` holds none, against the same pair's plain two-player step, in turns; with one discriminator
step per generation, and with as many as the network's authors take.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.generation import measure
from benchmarks.timing import machine, publish
from benchmarks.variants import AUTHORS_STEPS, Case

NETWORKS = ("dcgan", "residual", "modern")


def cases(networks: list[str], side: int, width: int, precision: str) -> list[Case]:
    """The cases of each network: one step of the discriminator, and as many as the authors take if those are more."""
    return [
        Case(network, width, "auto", 1, 3, precision, False, side, steps)
        for network in networks
        for steps in sorted({1, AUTHORS_STEPS[network]})
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--precision", default="float32", choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    return parser


def main() -> None:
    """Runs the comparison and prints JSON."""
    options = _parser().parse_args()
    report: dict[str, Any] = {"machine": {**machine(), "load": os.getloadavg()[0]}, "rounds": options.rounds}
    report["cases"] = []
    for case in cases(options.network, options.side, options.width, options.precision):
        results = measure(case, ["plain", "defaults", "quarter", "no_tournament"], options.rounds, None)
        report["cases"].append({"case": vars(case), "results": results})
        print(case.network, case.discriminator_steps, *results.values(), file=sys.stderr)
    report["machine"]["load_after"] = os.getloadavg()[0]
    publish(report, options.out)


if __name__ == "__main__":
    main()
