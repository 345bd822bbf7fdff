"""Kills runs at random moments, resumes them, and compares the results: `python -m benchmarks.kills --help`.

A short run is killed by SIGKILL, at a random moment, while it writes a checkpoint, or while it exports. It is then
resumed and compared with an undisturbed run: the newest checkpoint (weights, slots, lineage, averages, D, counters),
metrics, pictures and the exported model, bit for bit, except for dates and durations. TensorFlow writes different names
and identifiers into a SavedModel each time, so its variables and samples are compared instead.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.timing import publish

ROOT = Path(__file__).parents[1]
NAME = "short"
SHAPES = {
    "digits": [
        *("--dataset", "digits", "--population-size", "2", "--discriminator-steps", "2", "--extractor", "pixels"),
    ],
    "ring8": ["--dataset", "ring8", "--steps-per-execution", "4", "--xla", "off"],
}
SHORT = ["--width", "8", "--latent-size", "6", "--steps", "120", "--log-every", "8", "--sample-every", "40"]
# Such runs have generations of both kinds.
SHORT += ["--tournaments", "auto"]
SHORT += ["--checkpoint-every", "8", "--evaluate-every", "40", "--name", NAME]
# Otherwise each export measures it.
SHORT += ["--rows-per-call", "32"]
POLL = 0.002


def command(shape: str, where: Path, resumed: bool) -> list[str]:
    """The command line that starts or resumes a run."""
    program = [sys.executable, str(ROOT / "train_tf.py")]
    if resumed:
        return [*program, "--resume", str(where / "runs" / f"001-{NAME}")]
    folders = ["--runs-dir", str(where / "runs"), "--models-dir", str(where / "models")]
    return [*program, *SHAPES[shape], *SHORT, *folders]


def start(shape: str, where: Path) -> subprocess.Popen[str]:
    """Starts a run, or resumes it if it has a folder."""
    arguments = command(shape, where, (where / "runs" / f"001-{NAME}").is_dir())
    return subprocess.Popen(arguments, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(shape: str, where: Path) -> float:
    """Runs to the end; returns the seconds it took."""
    begun = time.monotonic()
    process = start(shape, where)
    output, _ = process.communicate(timeout=900)
    if process.returncode:
        raise SystemExit(f"{where}: exit status {process.returncode}\n{output}")
    return time.monotonic() - begun


def kill(shape: str, where: Path, phase: str, duration: float, random_numbers: random.Random) -> str:
    """Starts a run and kills it.

    Args:
        shape: of the run.
        where: its folder.
        phase: "checkpoint" or "export", to kill while one is written, or "any".
        duration: seconds that the run takes.
        random_numbers: choose the moment.

    Returns:
        The phase in which the run was killed: "checkpoint", "export", "running", or "ended".
    """
    checkpoints, models = where / "runs" / f"001-{NAME}" / "checkpoints", where / "models"
    in_progress: dict[str, Callable[[], bool]] = {
        "checkpoint": lambda: any(checkpoints.glob(".*.partial")),
        "export": lambda: any(models.glob(f".{NAME}.*.partial")),
    }
    process = start(shape, where)
    if phase == "any":
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(random_numbers.uniform(0.0, duration))
    else:
        _wait_for(process, in_progress[phase], random_numbers.randrange(12) if phase == "checkpoint" else 0)
        # A checkpoint takes some 0.1 s, an export some seconds.
        time.sleep(random_numbers.uniform(0.0, 0.08 if phase == "checkpoint" else 3.0))
    doing = [name for name, happens in in_progress.items() if happens()]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return doing[0] if doing else ("ended" if process.returncode == 0 else "running")


def _wait_for(process: subprocess.Popen[str], happens: Callable[[], bool], skip: int) -> None:
    """Waits until something begins, after `skip` earlier times, or until the process has ended."""
    before = False
    while process.poll() is None:
        now = happens()
        if now and not before:
            if skip == 0:
                return
            skip -= 1
        before = now
        time.sleep(POLL)


def fingerprint(where: Path) -> dict[str, Any]:
    """The parts of the result that must not depend on a kill, by name."""
    run, model = where / "runs" / f"001-{NAME}", where / "models" / NAME
    newest = max(path for path in (run / "checkpoints").iterdir() if not path.name.startswith("."))
    manifest = json.loads((newest / "manifest.json").read_text())
    logs = {name: size for name, size in manifest["logs"].items() if name != "timings.jsonl"}
    card = json.loads((model / "card.json").read_text())
    for dated in ("created", "files", "digest"):
        del card[dated]
    found: dict[str, Any] = {"manifest": {**manifest, "logs": logs}, "card": card}
    files = [
        run / "metrics.jsonl",
        run / "evaluations.jsonl",
        run / "config.json",
        run / "mutations.png",
        *(run / "samples").iterdir(),
    ]
    files += [path for path in model.iterdir() if path.is_file() and path.name not in ("card.json", "README.md")]
    found["saved_model"] = saved_model(model / "saved_model", card["noise"]["size"])
    for path in files:
        found[str(path.relative_to(where)).replace(str(where), "")] = path.read_bytes()
    # The configuration holds the folders of the run.
    found[f"runs/001-{NAME}/config.json"] = found[f"runs/001-{NAME}/config.json"].replace(str(where).encode(), b"")
    found["temporary files"] = sorted(path.name for path in where.rglob(".*"))
    return found


def saved_model(folder: Path, latent_size: int) -> dict[str, bytes]:
    """The variables of a SavedModel, and its samples for some noise."""
    import numpy as np
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    noise = np.random.default_rng(0).normal(size=[5, latent_size]).astype("float32")
    variables = {str(number): weight.numpy().tobytes() for number, weight in enumerate(loaded.weights)}
    return {**variables, "samples": loaded.serve(tf.constant(noise))["samples"].numpy().tobytes()}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The names under which two fingerprints differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def measure(kills: int, seed: int, base: Path) -> Iterator[dict[str, Any]]:
    """Kills and resumes runs in subfolders of `base`; yields each kill's phase and the differences."""
    random_numbers = random.Random(seed)
    references, durations = {}, {}
    for shape in SHAPES:
        (base / shape).mkdir()
        durations[shape] = finish(shape, base / shape)
        references[shape] = fingerprint(base / shape)
    for number in range(kills):
        shape = list(SHAPES)[number % len(SHAPES)]
        where = base / f"kill-{number}"
        where.mkdir()
        phase = ("any", "checkpoint", "export", "any")[number // len(SHAPES) % 4]
        doing = kill(shape, where, phase, durations[shape], random_numbers)
        finish(shape, where)
        differing = differences(references[shape], fingerprint(where))
        yield {"shape": shape, "killed while": doing, "differs in": differing}
        print(f"{number + 1}: {shape}, killed while {doing}: {differing or 'identical'}", file=sys.stderr)
        shutil.rmtree(where)


def main() -> None:
    """Kills and compares, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        results = list(measure(options.kills, options.seed, Path(folder)))
    counts = {
        what: sum(result["killed while"] == what for result in results)
        for what in ("running", "checkpoint", "export", "ended")
    }
    identical = sum(not result["differs in"] for result in results)
    report = {"kills": len(results), "identical": identical, "killed while": counts, "results": results}
    publish(report, options.out)
    sys.exit(identical != len(results))


if __name__ == "__main__":
    main()
