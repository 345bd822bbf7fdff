"""A large folder of small pictures: `python -m benchmarks.big_folder`.

Makes the pictures, then starts a training twice, each time in a new process: seconds until the data is loaded, until
the first batch and until the first generation, the peak of anonymous memory, the time of a batch read for itself, and
the share of a generation that waits for input. At the end the same with the images in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

STARTED = time.perf_counter()
SIDE = 64
CLASSES = 10
BLOCK = 1000
BATCH = 64
BATCHES = 300


def make_block(folder: Path, first: int, count: int) -> None:
    """Writes pictures `first`, `first` + 1, ...: smooth colours with some noise, PNG and JPEG in turns."""
    import PIL.Image

    for index in range(first, first + count):
        random = np.random.default_rng(index)
        small = PIL.Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        smooth = np.asarray(small.resize((SIDE, SIDE), PIL.Image.Resampling.BICUBIC)).astype(np.int16)
        pixels = np.clip(smooth + random.integers(-4, 5, smooth.shape), 0, 255).astype(np.uint8)
        extension = ("png", "jpg")[index % 2]
        PIL.Image.fromarray(pixels).save(folder / f"{index % CLASSES}" / f"{index:07}.{extension}", compress_level=1)


def make_pictures(folder: Path, count: int) -> None:
    """Writes the pictures, unless they are all there."""
    if sum(1 for _ in folder.glob("*/*.*")) == count:
        return
    for label in range(CLASSES):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        firsts = range(0, count, BLOCK)
        list(pool.map(make_block, [folder] * len(firsts), firsts, [min(BLOCK, count - first) for first in firsts]))


class MemoryPeak:
    """The highest anonymous memory of this process since it was made, in MiB."""

    def __init__(self) -> None:
        self.mib, self.at = 0.0, ""
        self.part = ""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            found = anonymous_memory()
            if found > self.mib:
                self.mib, self.at = found, self.part
            time.sleep(0.02)


def anonymous_memory() -> float:
    """RssAnon of this process in MiB: what no file backs."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon:"))


def run_start(folder: str, data_dir: str, memory_mb: float, generations: int, width: int) -> dict[str, Any]:
    """One start, in this process: loads, builds, trains some generations."""
    peak = MemoryPeak()
    peak.part = "loading"
    from egan_tf.data import load

    dataset = load(f"folder:{folder}", data_dir, memory_mb=memory_mb, flip=True)
    result: dict[str, Any] = {"loaded_s": seconds(), "on_disk": dataset.on_disk, "shape": list(dataset.images.shape)}
    result["loading_mib"] = round(peak.mib)
    peak.part = "training"
    import tensorflow as tf

    from egan_tf.training.build import build
    from egan_tf.training.config import Config

    network = {"network": "dcgan", "width": width}
    egan = build(Config().replace(network=network, data={"batch_size": BATCH}), dataset.shape)
    batches = iter(dataset.batches(egan.samples_per_generation(BATCH), seed=0))
    batch = next(batches)
    result["first_batch_s"] = seconds()
    step = tf.function(egan.train_step)
    step(batch)["fitness"].numpy()
    result["first_generation_s"] = seconds()
    waited, start = 0.0, time.perf_counter()
    for _ in range(generations):
        before = time.perf_counter()
        batch = next(batches)
        waited += time.perf_counter() - before
        step(batch)["fitness"].numpy()
    total = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(BATCHES):
        next(batches)
    return {
        **result,
        "batch_alone_ms": round(1000 * (time.perf_counter() - start) / BATCHES, 2),
        "samples_per_generation": int(batch[0].shape[0]),
        "generation_ms": round(1000 * total / generations, 1),
        "waiting_percent": round(100 * waited / total, 2),
        "peak_anonymous_mib": round(peak.mib),
        "peak_while": peak.at,
    }


def seconds() -> float:
    """Since this process began to import."""
    return round(time.perf_counter() - STARTED, 2)


def start(options: argparse.Namespace, folder: Path, data_dir: Path, memory_mb: float) -> dict[str, Any]:
    """`run_start` in a new process."""
    call = [folder, data_dir, memory_mb, options.generations, options.width]
    command = [sys.executable, "-m", "benchmarks.big_folder", "--child", *map(str, call)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--folder", default="", help="where the pictures are or will be; by default a temporary one")
    parser.add_argument("--generations", type=int, default=30)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--memory-mb", type=float, default=512.0)
    parser.add_argument("--out", default="")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        folder, data_dir, memory_mb, generations, width = options.child
        print(json.dumps(run_start(folder, data_dir, float(memory_mb), int(generations), int(width))))
        return
    from benchmarks.timing import machine, publish

    with tempfile.TemporaryDirectory(dir=options.folder or None) as temporary:
        folder = Path(options.folder or temporary) / "pictures"
        make_pictures(folder, options.count)
        data_dir = Path(temporary) / "data"
        report = {
            "first_start": start(options, folder, data_dir, options.memory_mb),
            "later_start": start(options, folder, data_dir, options.memory_mb),
            "in_memory": start(options, folder, data_dir, 1e6),
        }
    publish({"machine": machine(), "pictures": options.count, **report}, options.out)


if __name__ == "__main__":
    main()
