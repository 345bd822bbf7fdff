"""What vector instructions, threads and rows per call change of the shipped models' samples, to the bit.

`python -m benchmarks.cpu_features [--qemu PROGRAM] [--out FILE]` draws the same samples in one process for each
setting. onnxruntime has no switch for the instructions that its float kernels choose. `--qemu qemu-x86_64-static`,
QEMU's emulation of a process, runs it as on processors that have fewer; QEMU has no AVX-512. oneDNN in TensorFlow has
the switch `ONEDNN_MAX_CPU_ISA`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.reference_models import MODELS, REFERENCE, ROOT
from benchmarks.timing import machine, publish
from egan_tf import Sampler
from egan_tf.sampling.pictures import to_pixels

COUNT, SEED, ROWS = 256, 7, 32
PROCESSORS = {"SSE4.2": "Nehalem", "AVX": "SandyBridge", "AVX2 and FMA": "Haswell"}
"""Instructions, and QEMU's name of a processor that has those and no later ones."""
ISAS = ("SSE41", "AVX", "AVX2", "AVX512_CORE")


class Setting(NamedTuple):
    """How samples are drawn: environment, threads, rows of a call, and what the process runs in."""

    name: str
    environment: Mapping[str, str] = {}
    threads: int = 1
    rows: int = ROWS
    spinning: bool = False
    prefix: tuple[str, ...] = ()


def settings(kind: str, qemu: str) -> Iterator[Setting]:
    """All settings of "onnx" or "saved_model"; the others are compared with the first."""
    yield Setting("1 thread, 32 rows")
    yield from (Setting(f"{threads} threads", threads=threads) for threads in (2, 4))
    yield from (Setting(f"{rows} rows", rows=rows) for rows in (1, 8, 64, 256))
    if kind == "saved_model":
        yield Setting("TF_ENABLE_ONEDNN_OPTS=0", {"TF_ENABLE_ONEDNN_OPTS": "0"})
        yield Setting("TF_ENABLE_ONEDNN_OPTS=1", {"TF_ENABLE_ONEDNN_OPTS": "1"})
        for isa in ISAS:
            limits = {"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": isa}
            yield Setting(f"ONEDNN_MAX_CPU_ISA={isa}", limits)
        return
    yield from (Setting(f"{threads} threads share operators", threads=threads, spinning=True) for threads in (2, 4))
    if qemu:
        yield from (Setting(name, prefix=(qemu, "-cpu", processor)) for name, processor in PROCESSORS.items())


def samples(kind: str, name: str, threads: int, rows: int, spinning: bool = False) -> np.ndarray:
    """`COUNT` samples of a shipped model, `rows` at a time; of labels in turn where it takes them."""
    folder = ROOT / MODELS / name
    sampler = Sampler(folder, threads=threads, spinning=spinning)
    noise = sampler.noise(COUNT, SEED)
    labels = [np.arange(COUNT, dtype=np.int32) % sampler.spec.classes] if sampler.spec.classes else []
    if kind == "onnx":
        return sampler.generate(noise, *labels, rows_per_call=rows)
    calls = [[values[first : first + rows] for values in (noise, *labels)] for first in range(0, COUNT, rows)]
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.set_visible_devices([], "GPU")
    loaded = tf.saved_model.load(str(folder / "saved_model"))
    return np.concatenate([loaded.serve(*map(tf.constant, call))["samples"].numpy() for call in calls])


def draw(kind: str, setting: Setting, folder: Path) -> dict[str, np.ndarray]:
    """The samples of every model, of a process that has this setting."""
    job = ["--sample", kind, "--threads", str(setting.threads), "--rows", str(setting.rows), "--folder", str(folder)]
    job += ["--spinning"] if setting.spinning else []
    line = [*setting.prefix, sys.executable, "-m", "benchmarks.cpu_features", *job]
    subprocess.run(line, check=True, cwd=ROOT, env={**os.environ, **setting.environment})
    return {name: np.load(folder / f"{name}.npy") for name in REFERENCE}


def compared(name: str, found: np.ndarray, first: np.ndarray) -> dict[str, Any]:
    """The digest of the bytes, the largest difference from the first setting, and the bytes of pictures that differ."""
    result: dict[str, Any] = {
        "sha256": hashlib.sha256(found.tobytes()).hexdigest(),
        "largest_difference": float(np.abs(found - first).max()),
    }
    spec = Sampler(ROOT / MODELS / name).spec
    if spec.is_image:
        result["share_of_other_pixels"] = float((to_pixels(found, spec) != to_pixels(first, spec)).mean())
    return result


def table(kind: str, qemu: str) -> dict[str, Any]:
    """What each setting gives, by setting and model."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        first: dict[str, np.ndarray] = {}
        for setting in settings(kind, qemu):
            drawn = draw(kind, setting, Path(folder))
            first = first or drawn
            found[setting.name] = {name: compared(name, drawn[name], first[name]) for name in drawn}
            marks = (f"{name} {each['sha256'][:16]}" for name, each in found[setting.name].items())
            print(kind, setting.name, *marks, sep="  ", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Prints the tables, as JSON; digests meanwhile on standard error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qemu", default="", metavar="PROGRAM", help="qemu-x86_64-static, for onnxruntime's kernels")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    for flag, kind in (("--sample", str), ("--threads", int), ("--rows", int), ("--folder", Path)):
        parser.add_argument(flag, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--spinning", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sample:
        how = options.threads, options.rows, options.spinning
        for name in REFERENCE:
            np.save(options.folder / name, samples(options.sample, name, *how))
        return
    import onnxruntime

    facts = {**machine(), "onnxruntime": onnxruntime.__version__, "samples": COUNT, "seed": SEED}
    publish({"machine": facts, **{kind: table(kind, options.qemu) for kind in ("onnx", "saved_model")}}, options.out)


if __name__ == "__main__":
    main()
