"""What a generation costs: `python -m benchmarks.generation --help`.

Compares, turn by turn in one process, (a) the plain two-player step, (b) E-GAN as a textbook writes it, (c) ours in
the paper's protocol (256 samples per evaluation, fresh batches), (d) ours at its defaults, and where a path is given
the authors' PyTorch code in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

PAPER_EVALUATION = 256
FIVE_MUTATIONS = ["minimax", "heuristic", "least_squares", "least_squares_logit", "linear"]


@dataclass(frozen=True)
class Case:
    """A size to measure."""

    network: str
    width: int
    normalization: str
    population_size: int
    mutations: int
    precision: str
    xla: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return (2,) if self.network == "mlp" else (32, 32, 3)

    @property
    def latent(self) -> int:
        """Numbers of noise."""
        return 2 if self.network == "mlp" else 100

    @property
    def batch(self) -> int:
        """Samples in a batch."""
        return 64 if self.network == "mlp" else 32

    @property
    def discriminator_steps(self) -> int:
        """As the authors have it."""
        return 1 if self.network == "mlp" else 3


def contestants(case: Case, names: list[str]) -> dict[str, Callable[[], Any]]:
    """The alternatives of a case, each with networks of its own, each a function without arguments."""
    import keras
    import numpy as np
    import tensorflow as tf

    import egan_tf.evolution.objectives as objectives
    from benchmarks.baselines import plain_step, textbook_generation
    from egan_tf import EGAN
    from egan_tf.networks import build_discriminator, build_generator

    objectives.MUTATIONS.setdefault("linear", lambda logits: -objectives.batch_mean(logits))
    keras.config.set_dtype_policy(case.precision)
    mutations = FIVE_MUTATIONS[: case.mutations]

    def networks() -> tuple[keras.Model, keras.Model]:
        return (
            build_generator(case.network, case.shape, case.latent, case.width),
            build_discriminator(case.network, case.shape, case.width, case.normalization),
        )

    def real(count: int) -> tf.Tensor:
        return tf.constant(np.tanh(np.random.default_rng(0).normal(size=(count, *case.shape))).astype("float32"))

    def ours(**settings: Any) -> Callable[[], Any]:
        egan = EGAN(
            *networks(),
            mutations=mutations,
            population_size=case.population_size,
            discriminator_steps=case.discriminator_steps,
            **settings,
        )
        egan.compile(jit_compile=case.xla)
        egan._batch_size = case.batch
        data = real(egan.samples_per_generation(case.batch))
        step = tf.function(egan.train_step, jit_compile=case.xla)
        return lambda: step(data)["discriminator_loss"].numpy()

    def plain() -> Callable[[], Any]:
        data = real(case.batch * case.discriminator_steps)
        generator, discriminator = networks()
        step = plain_step(generator, discriminator, case.latent, case.batch, case.discriminator_steps, case.xla)
        return lambda: (step(data), discriminator.trainable_variables[-1].numpy())

    def textbook() -> Callable[[], Any]:
        data = real(PAPER_EVALUATION + case.batch * case.discriminator_steps)
        generator, discriminator = networks()
        step = textbook_generation(
            generator,
            discriminator,
            case.latent,
            case.batch,
            case.discriminator_steps,
            mutations,
            case.population_size,
            PAPER_EVALUATION,
            case.xla,
        )
        return lambda: (step(data), discriminator.trainable_variables[-1].numpy())

    makers = {
        "plain": plain,
        "textbook": textbook,
        "paper_protocol": lambda: ours(evaluation_size=PAPER_EVALUATION, reuse_evaluation_batch=False),
        "defaults": ours,
    }
    return {name: makers[name]() for name in names}


class Authors:
    """The authors' PyTorch code in a process of its own, which does one generation whenever it is asked."""

    def __init__(self, python: str, path: str, case: Case) -> None:
        worker = Path(__file__).with_name("authors_worker.py")
        arguments = [python, str(worker), path, str(case.width), case.normalization, str(case.population_size)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self) -> None:
        """One generation."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("the authors' code stopped; its error is above")

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()


def measure(case: Case, names: list[str], rounds: int, authors: Authors | None) -> dict[str, Any]:
    """Medians and spreads of a case."""
    from benchmarks.timing import interleaved, summary

    works = contestants(case, names)
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
    """The straight line through the cost in plain steps against μ·M, for sizes that differ in nothing else."""
    import numpy as np

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
        slope, start = np.polyfit(children, cost / plain, 1)
        straight = 1 - np.var(cost / plain - slope * children - start) / np.var(cost / plain)
        lines.append(
            {
                "case": json.loads(size),
                "slope": round(slope, 4),
                "start": round(start, 3),
                "r_squared": round(straight, 4),
            }
        )
    return lines


def peak_memory(case: Case, name: str, steps: int = 3) -> float:
    """MiB of tensors that one alternative holds at its peak, weights and slots included: as TensorFlow allocates them.

    To be called in a process of its own. Unlike the process' resident memory, the figure is free of what libraries
    and allocators keep for themselves, and would be the same on a device.
    """
    import tempfile

    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    work = contestants(case, [name])[name]
    work()
    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            for _ in range(steps):
                work()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    return max(
        stat.int64_value / 2**20
        for plane in space.planes
        for line in plane.lines
        for event in line.events
        for stat in event.stats
        if plane.stat_metadata[stat.metadata_id].name == "bytes_allocated"
    )


def memory_in_a_process_of_its_own(case: Case, name: str) -> float:
    """`peak_memory`, measured apart."""
    command = [sys.executable, "-m", "benchmarks.generation", "--memory-of", name, "--case", json.dumps(vars(case))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Runs the comparison and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", default=["dcgan"], choices=["dcgan", "mlp"])
    parser.add_argument("--width", nargs="+", type=int, default=[64])
    parser.add_argument("--normalization", nargs="+", default=["batch"], choices=["none", "batch"])
    parser.add_argument("--population-size", nargs="+", type=int, default=[1])
    parser.add_argument("--mutations", nargs="+", type=int, default=[3], help="how many, 1 to 5")
    parser.add_argument("--precision", nargs="+", default=["float32"], choices=["float32", "mixed_bfloat16"])
    parser.add_argument("--xla", nargs="+", default=["off"], choices=["on", "off"])
    names = ["plain", "textbook", "paper_protocol", "defaults"]
    parser.add_argument("--only", nargs="+", default=names, choices=names)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", action="store_true", help="the tensors' peak memory too")
    parser.add_argument("--authors", default="", help="a checkout of EvolutionaryGAN-pytorch")
    parser.add_argument("--authors-python", default=sys.executable, help="a Python that has PyTorch")
    parser.add_argument("--out", default="", help="write the JSON here too")
    parser.add_argument("--memory-of", default="", help=argparse.SUPPRESS)
    parser.add_argument("--case", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        print(peak_memory(Case(**json.loads(options.case)), options.memory_of))
        return

    from benchmarks.timing import machine, publish

    report: dict[str, Any] = {"machine": machine(), "rounds": options.rounds, "cases": []}
    cases = [
        Case(network, width, normalization, population, mutations, precision, xla == "on")
        for network in options.network
        for width in options.width
        for normalization in options.normalization
        for precision in options.precision
        for xla in options.xla
        for population in options.population_size
        for mutations in options.mutations
    ]
    for case in cases:
        comparable = options.authors and case.network == "dcgan" and case.mutations == 3
        authors = Authors(options.authors_python, options.authors, case) if comparable else None
        results = measure(case, options.only, options.rounds, authors)
        if authors is not None:
            authors.close()
        if options.memory:
            for name in options.only:
                results[name]["peak_mib"] = round(memory_in_a_process_of_its_own(case, name), 1)
        report["cases"].append({"case": vars(case), "results": results})
        print(" ".join(f"{key}={value}" for key, value in vars(case).items()), file=sys.stderr)
        for name, values in results.items():
            print(f"  {name:15}", *(f"{key} {value:<9}" for key, value in values.items()), file=sys.stderr)
    report["lines"] = cost_lines(report["cases"])
    publish(report, options.out)


if __name__ == "__main__":
    main()
