"""Islands: runs that exchange winners through a shared folder, beside the same runs alone.

`python -m benchmarks.islands --folder WORK --out docs/results/islands.json` trains pairs of processes on a toy. Every
`--every` generations each process writes a checkpoint, reads the other's, draws samples of both generators, and goes on
from the one that is nearer to real samples of its own, by the energy distance (Székely and Rizzo 2013): with its
discriminator and its optimizers' slots. A pair's result is the better of its two generators by that distance, for pairs
that exchange and for those that do not. A pair that is done is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

METRICS = ("modes_covered", "high_quality_share", "mode_divergence")
SAMPLES, SCORED, PATIENCE = 10_000, 2_000, 600.0
ARMS = ("exchange", "alone")


def island(folder: Path, rank: int, options: argparse.Namespace) -> dict[str, Any]:
    """Trains one island with one thread, and evaluates it."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    from benchmarks.toys import toy_config
    from egan_tf import EGAN, data
    from egan_tf.evolution.bandit import energy_distance
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.sources import from_model
    from egan_tf.training.build import build
    from egan_tf.training.checkpoints import Checkpoints

    seed, steps = 2 * options.seed + rank, options.generations
    config = toy_config(options.dataset, seed, steps, {"r1_weight": options.r1_weight})
    source = data.load(options.dataset, "data")
    home, guest = (build(config, source.shape) for _ in range(2))
    batch = config.data.batch_size
    real = source.batches(home.samples_per_generation(batch), seed)
    own = tf.constant(source.sample(SCORED, seed))

    def distance(egan: EGAN, at: int) -> float:
        noise = egan.latent.sample(SCORED, tf.constant([seed, at], tf.int64))
        return float(energy_distance(own, egan.sample(noise)))

    adopted = 0
    for done in range(options.every, steps + 1, options.every):
        home.fit(real, batch_size=batch, steps_per_epoch=options.every, verbose=0)
        if options.arm == "exchange" and done < steps:
            Checkpoints(folder / f"island-{rank}", home, kept=steps).save("", {})
            await_checkpoint(folder / f"island-{1 - rank}", done)
            Checkpoints(folder / f"island-{1 - rank}", guest, kept=steps).restore()
            if distance(guest, done) < distance(home, done):
                for variable, value in zip(home.state_variables, guest.state_variables, strict=True):
                    variable.assign(value.value)
                adopted += 1
    records = evaluate(from_model(home, source), source, METRICS, count=SAMPLES)
    found = {record["kind"]: round(float(record["value"]), 5) for record in records}
    return {"distance": distance(home, steps), "adopted": adopted, **found}


def await_checkpoint(folder: Path, generation: int) -> None:
    """Returns when the other island's checkpoint is there; it appears whole.

    Raises:
        SystemExit: it does not come.
    """
    deadline = time.monotonic() + PATIENCE
    while not (folder / f"{generation:08d}").exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{folder.name} wrote no checkpoint of generation {generation} in {PATIENCE:.0f} s")
        time.sleep(0.05)


def pair(seed: int, arm: str, options: argparse.Namespace) -> dict[str, Any]:
    """Both islands of a pair, as two processes; the result of an earlier call if there is one."""
    settings = f"{options.dataset}-{options.r1_weight:g}-{options.generations}-{options.every}"
    folder = options.folder / settings / f"{arm}-{seed}"
    result = folder / "result.json"
    if not result.exists():
        folder.mkdir(parents=True, exist_ok=True)
        words = {"seed": seed, "arm": arm, "generations": options.generations, "every": options.every}
        words |= {"dataset": options.dataset, "r1-weight": options.r1_weight, "folder": folder}
        flags = [str(part) for name, value in words.items() for part in (f"--{name}", value)]
        command = [sys.executable, "-m", "benchmarks.islands", *flags]
        started = [subprocess.Popen([*command, "--rank", str(rank)], stdout=subprocess.PIPE) for rank in range(2)]
        said = [process.communicate()[0] for process in started]
        if any(process.returncode for process in started):
            raise SystemExit(f"{folder}: an island failed")
        islands = [json.loads(lines.splitlines()[-1]) for lines in said]
        result.write_text(json.dumps(min(islands, key=lambda found: found["distance"]) | {"islands": islands}))
    return dict(json.loads(result.read_text()))


def main() -> None:
    """Runs the pairs and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="grid25", choices=["ring8", "grid25"])
    parser.add_argument("--r1-weight", type=float, default=0.0)
    parser.add_argument("--generations", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000, help="generations between exchanges")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--folder", type=Path, required=True, help="shared by the islands; to resume, give it again")
    parser.add_argument("--out", default="")
    for name, kind in (("seed", int), ("rank", int), ("arm", str)):
        parser.add_argument(f"--{name}", type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rank is not None:
        print(json.dumps(island(options.folder, options.rank, options)))
        return
    from benchmarks.timing import machine, publish

    found: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for seed in range(options.pairs):
        for arm in ARMS:
            found[arm].append(pair(seed, arm, options))
            print(seed, arm, found[arm][-1], file=sys.stderr, flush=True)
    table = {}
    for metric in (*METRICS, "distance"):
        values = {arm: np.array([one[metric] for one in found[arm]]) for arm in ARMS}
        apart = values["exchange"] - values["alone"]
        error = 1.96 * float(apart.std(ddof=1)) / len(apart) ** 0.5 if len(apart) > 1 else float("nan")
        means = {arm: round(float(values[arm].mean()), 4) for arm in ARMS}
        table[metric] = {**means, "difference": round(float(apart.mean()), 4), "interval_95": round(error, 4)}
    settings = {name: getattr(options, name) for name in ("dataset", "r1_weight", "generations", "every", "pairs")}
    publish({"machine": machine(), "settings": settings, "table": table, "pairs": found}, options.out)


if __name__ == "__main__":
    main()
