"""The cost of a generation: `python -m benchmarks.generation --help`.

Compares, turn by turn in one process, (a) the plain two-player step, (b) a textbook implementation of E-GAN, (c) ours
in the paper's protocol (256 samples per evaluation, fresh batches), (d) ours with its defaults, and, where a path is
given, the authors' PyTorch code in a separate process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.authors import Authors
from benchmarks.timing import interleaved, machine, publish, summary
from benchmarks.variants import AUTHORS_STEPS, NAMES, Case, peak_memory, peak_memory_in_subprocess, variants
from egan_tf.networks import NORMALIZATIONS


def measure(case: Case, names: list[str], rounds: int, authors: Authors | None) -> dict[str, Any]:
    """Medians and quartiles of a case."""
    works = variants(case, names)
    if authors is not None:
        works["authors"] = authors
    seconds = interleaved(works, rounds)
    results: dict[str, Any] = {name: summary(values) for name, values in seconds.items()}
    base = results["plain"]["median_ms"] if "plain" in results else None
    for values in results.values():
        if base:
            values["of_plain"] = round(values["median_ms"] / base, 3)
        if authors is not None:
            values["of_authors"] = round(values["median_ms"] / results["authors"]["median_ms"], 3)
    return results


def cost_lines(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Straight lines through the cost, in plain steps, against the number of children μ·M; one line per size."""
    groups: dict[str, list[tuple[int, float]]] = {}
    for case in cases:
        size = {key: value for key, value in case["case"].items() if key not in ("population_size", "mutations")}
        ours = case["results"].get("defaults", {})
        if "of_plain" in ours:
            children = case["case"]["population_size"] * case["case"]["mutations"]
            groups.setdefault(json.dumps(size), []).append((children, ours["median_ms"]))
    lines = []
    for size, points in groups.items():
        children, cost = (np.array(values, float) for values in zip(*points, strict=True))
        if len(set(children)) < 3:
            continue
        plain = np.median(
            [c["results"]["plain"]["median_ms"] for c in cases if json.loads(size).items() <= c["case"].items()]
        )
        lines.append({"case": json.loads(size), **_line(children, cost / plain)})
    return lines


def _line(children: np.ndarray, cost: np.ndarray) -> dict[str, float]:
    slope, start = np.polyfit(children, cost, 1)
    r_squared = 1 - np.var(cost - slope * children - start) / np.var(cost)
    return {"slope": round(slope, 4), "start": round(start, 3), "r_squared": round(r_squared, 4)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", default=["dcgan"], choices=list(AUTHORS_STEPS))
    parser.add_argument("--width", nargs="+", type=int, default=[64])
    parser.add_argument("--normalization", nargs="+", default=["batch"], choices=NORMALIZATIONS)
    parser.add_argument("--side", nargs="+", type=int, default=[32])
    parser.add_argument("--steps", nargs="+", type=int, default=[0], help="of the discriminator; 0: the authors'")
    parser.add_argument("--population-size", nargs="+", type=int, default=[1])
    parser.add_argument("--mutations", nargs="+", type=int, default=[3], help="how many, 1 to 5")
    parser.add_argument("--precision", nargs="+", default=["float32"], choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--xla", nargs="+", default=["off"], choices=["on", "off"])
    parser.add_argument("--only", nargs="+", default=list(NAMES), choices=NAMES)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", action="store_true", help="measure the peak memory of the tensors too")
    parser.add_argument("--authors", default="", help="a checkout of EvolutionaryGAN-pytorch")
    parser.add_argument("--authors-python", default=sys.executable, help="a Python that has PyTorch")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    parser.add_argument("--memory-of", default="", help=argparse.SUPPRESS)
    parser.add_argument("--case", default="", help=argparse.SUPPRESS)
    return parser


def _cases(options: argparse.Namespace) -> list[Case]:
    return [
        Case(network, width, normalization, population_size, mutations, precision, xla == "on", side, steps)
        for network, side, width, normalization, steps, precision, xla, population_size, mutations in itertools.product(
            options.network,
            options.side,
            options.width,
            options.normalization,
            options.steps,
            options.precision,
            options.xla,
            options.population_size,
            options.mutations,
        )
    ]


def _results(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    authors = None
    if options.authors and case.network == "dcgan" and case.mutations == 3:
        size = case.width, case.normalization, case.population_size
        authors = Authors(options.authors_python, options.authors, *size)
    results = measure(case, options.only, options.rounds, authors)
    if authors is not None:
        authors.close()
    if options.memory:
        for name in options.only:
            results[name]["peak_mib"] = round(peak_memory_in_subprocess(case, name), 1)
    return results


def main() -> None:
    """Runs the comparison and prints JSON."""
    options = _parser().parse_args()
    if options.memory_of:
        print(peak_memory(Case(**json.loads(options.case)), options.memory_of))
        return
    report: dict[str, Any] = {"machine": machine(), "rounds": options.rounds, "cases": []}
    for case in _cases(options):
        results = _results(case, options)
        report["cases"].append({"case": vars(case), "results": results})
        print(" ".join(f"{key}={value}" for key, value in vars(case).items()), file=sys.stderr)
        for name, values in results.items():
            print(f"  {name:15}", *(f"{key} {value:<9}" for key, value in values.items()), file=sys.stderr)
    report["lines"] = cost_lines(report["cases"])
    publish(report, options.out)


if __name__ == "__main__":
    main()
