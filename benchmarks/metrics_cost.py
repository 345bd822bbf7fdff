"""The cost of metrics: their share of a default run, and the memory of evaluating many samples.

`python -m benchmarks.metrics_cost` trains the default run (`train_tf.py`) and adds up the time of its extractor and its
evaluations, with an empty cache; then evaluates 50,000 samples by 2,048 features against as many real ones, in a
separate process, and reads by how much the peak memory of that process grew.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 8
FEATURES = 2048


def share_of_a_run(name: str) -> dict[str, Any]:
    """Seconds of a preset's run, and of its metrics: evaluations and the extractor, which only the first run trains."""
    from egan_tf.training import check as checks
    from egan_tf.training import train as training
    from egan_tf.training.callbacks.evaluation import Evaluations
    from egan_tf.training.presets import preset

    spent: dict[str, list[float]] = {"extractor": [], "evaluations": []}

    def timed(kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*arguments, **options)
            finally:
                spent[kind].append(round(time.perf_counter() - start, 3))

        return call

    Evaluations.report = timed("evaluations", Evaluations.report)  # type: ignore[method-assign]
    checks.load_metric_extractor = timed("extractor", checks.load_metric_extractor)
    with tempfile.TemporaryDirectory() as folder:
        folders = {"runs_dir": f"{folder}/runs", "models_dir": f"{folder}/models"}
        config = preset(name).replace(run=folders, data={"data_dir": f"{folder}/data"})
        start = time.perf_counter()
        training.train(config)
        seconds = time.perf_counter() - start
    total = sum(sum(values) for values in spent.values())
    return {"preset": name, "seconds": round(seconds, 2), **spent, "percent": round(100 * total / seconds, 2)}


def peak() -> float:
    """The peak memory of this process, MiB; not `ru_maxrss`, which a child process inherits."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def memory(metrics: list[str], count: int, features: int) -> dict[str, Any]:
    """Evaluates random images by random features, and returns by how much the peak memory grew."""
    from egan_tf.data import ImageDataset
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.extractors.base import Activations, Extractor, content_hash
    from egan_tf.metrics.sources import from_sample_fn

    random = np.random.default_rng(0)
    projection = random.normal(size=(SIDE * SIDE, features)).astype("float32")

    class Projection(Extractor):
        name, resize, size, hash = "projection", "none", features, content_hash(projection)

        def compute(self, images: np.ndarray) -> Activations:
            return Activations(np.maximum(images.reshape(len(images), -1) @ projection, 0.0), None)

    images = random.integers(0, 256, (count, SIDE, SIDE, 1), dtype=np.uint8)
    dataset = ImageDataset("random", images, np.zeros(count, np.int64), ["none"])

    def sample(count: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-1, 1, (count, SIDE, SIDE, 1)).astype("float32")

    before, start = peak(), time.perf_counter()
    evaluate(from_sample_fn(sample), dataset, metrics, count=count, extractor=Projection())
    return {
        "metrics": metrics,
        "samples": count,
        "features": features,
        "before_mib": round(before, 1),
        "grown_mib": round(peak() - before, 1),
        "seconds": round(time.perf_counter() - start, 1),
    }


def memory_in_subprocess(metrics: list[str], count: int, features: int) -> dict[str, Any]:
    """`memory`, measured in a separate process."""
    command = [sys.executable, "-m", "benchmarks.metrics_cost", "--memory", json.dumps([metrics, count, features])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measures, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--neighbours-features", type=int, default=64, help="0: no metrics of neighbours")
    parser.add_argument("--preset", default="digits", help="of the run whose share is measured")
    parser.add_argument("--out", default="")
    parser.add_argument("--memory", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(json.dumps(memory(*json.loads(options.memory))))
        return

    from benchmarks.timing import machine, publish

    measured = [
        memory_in_subprocess(["frechet_distance"], options.samples, FEATURES),
        memory_in_subprocess(["frechet_distance", "kernel_distance"], options.samples, FEATURES),
    ]
    if options.neighbours_features:
        metrics = ["precision", "recall", "density", "coverage"]
        measured.append(memory_in_subprocess(metrics, options.samples, options.neighbours_features))
    run = share_of_a_run(options.preset)
    publish({"machine": machine(), "default_run": run, "memory": measured}, options.out)


if __name__ == "__main__":
    main()
