"""Whether a run that is killed at any instant ends as the run that was not: `python -m benchmarks.kills --help`.

A short run is killed by SIGKILL, at a random instant of its life, while it writes a checkpoint, or while it exports;
then resumed, and compared with a run that nobody killed: the newest checkpoint (weights, slots, lineage, averages, D,
counts), metrics, pictures and the exported model, bit for bit, but for what says when or how long. TensorFlow writes
a SavedModel with other names and marks each time: of that one the variables and the samples are compared, bit for bit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAME = "short"
SHAPES = {
    "digits": ["--dataset", "digits", "--population-size", "2", "--discriminator-steps", "2"],
    "ring8": ["--dataset", "ring8", "--steps-per-execution", "4", "--xla", "off"],
}
SHORT = ["--width", "8", "--latent-size", "6", "--steps", "120", "--log-every", "8", "--sample-every", "40"]
SHORT += ["--checkpoint-every", "8", "--evaluate-every", "40", "--extractor", "pixels", "--name", NAME]
POLL = 0.002


def command(shape: str, where: Path, resumed: bool) -> list[str]:
    """The command line of a run, or of the same run resumed."""
    program = [sys.executable, str(ROOT / "train_tf.py")]
    if resumed:
        return [*program, "--resume", str(where / "runs" / f"001-{NAME}")]
    folders = ["--runs-dir", str(where / "runs"), "--models-dir", str(where / "models")]
    return [*program, *SHAPES[shape], *SHORT, *folders]


def start(shape: str, where: Path) -> subprocess.Popen[str]:
    """Starts a run, or goes on with it if it has a folder."""
    arguments = command(shape, where, (where / "runs" / f"001-{NAME}").is_dir())
    return subprocess.Popen(arguments, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(shape: str, where: Path) -> float:
    """Lets a run come to its end; returns the seconds it took."""
    begun = time.monotonic()
    process = start(shape, where)
    output, _ = process.communicate(timeout=900)
    if process.returncode:
        raise SystemExit(f"{where}: exit status {process.returncode}\n{output}")
    return time.monotonic() - begun


def kill(shape: str, where: Path, moment: str, life: float, dice: random.Random) -> str:
    """Starts a run and kills it; returns what it was doing."""
    checkpoints, models = where / "runs" / f"001-{NAME}" / "checkpoints", where / "models"
    signs: dict[str, Callable[[], bool]] = {
        "checkpoint": lambda: any(checkpoints.glob(".*.partial")),
        "export": lambda: any(models.glob(f".{NAME}.partial-*")),
    }
    process = start(shape, where)
    begun, due = time.monotonic(), dice.uniform(0.0, life)
    skip = dice.randrange(12) if moment == "checkpoint" else 0
    seen = False
    while process.poll() is None:
        if moment == "any":
            if time.monotonic() - begun >= due:
                break
        elif signs[moment]():
            if not seen and skip == 0:
                # A checkpoint takes some 0.1 s, an export some seconds.
                time.sleep(dice.uniform(0.0, 0.08 if moment == "checkpoint" else 3.0))
                break
            skip -= not seen
            seen = True
        else:
            seen = False
        time.sleep(POLL)
    doing = [name for name, sign in signs.items() if sign()]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return doing[0] if doing else ("ended" if process.returncode == 0 else "running")


def fingerprint(where: Path) -> dict[str, Any]:
    """All that must not depend on whether the run was killed, by name."""
    run, model = where / "runs" / f"001-{NAME}", where / "models" / NAME
    newest = max(path for path in (run / "checkpoints").iterdir() if not path.name.startswith("."))
    manifest = json.loads((newest / "manifest.json").read_text())
    logs = {name: size for name, size in manifest["logs"].items() if name != "timings.jsonl"}
    card = json.loads((model / "card.json").read_text())
    for timely in ("created", "files"):
        del card[timely]
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
    # The folders of the run stand in its configuration.
    found[f"runs/001-{NAME}/config.json"] = found[f"runs/001-{NAME}/config.json"].replace(str(where).encode(), b"")
    found["left over"] = sorted(path.name for path in where.rglob(".*"))
    return found


def saved_model(folder: Path, latent_size: int) -> dict[str, bytes]:
    """The variables of a SavedModel, and what it makes of some noise."""
    import numpy as np
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    noise = np.random.default_rng(0).normal(size=[5, latent_size]).astype("float32")
    variables = {str(number): weight.numpy().tobytes() for number, weight in enumerate(loaded.weights)}
    return {**variables, "samples": loaded.serve(tf.constant(noise))["samples"].numpy().tobytes()}


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The names under which two fingerprints differ."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def main() -> None:
    """Kills and compares, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        references, lives = {}, {}
        for shape in SHAPES:
            (base / shape).mkdir()
            lives[shape] = finish(shape, base / shape)
            references[shape] = fingerprint(base / shape)
        results = []
        for number in range(options.kills):
            shape = list(SHAPES)[number % len(SHAPES)]
            where = base / f"kill-{number}"
            where.mkdir()
            moment = ("any", "checkpoint", "export", "any")[number // len(SHAPES) % 4]
            doing = kill(shape, where, moment, lives[shape], dice)
            finish(shape, where)
            differing = differences(references[shape], fingerprint(where))
            results.append({"shape": shape, "killed while": doing, "differs in": differing})
            print(f"{number + 1}: {shape}, killed while {doing}: {differing or 'identical'}", file=sys.stderr)
            shutil.rmtree(where)
    counts = {
        what: sum(result["killed while"] == what for result in results)
        for what in ("running", "checkpoint", "export", "ended")
    }
    report = {
        "kills": len(results),
        "identical": sum(not result["differs in"] for result in results),
        "killed while": counts,
        "results": results,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        Path(options.out).write_text(text + "\n", encoding="utf-8")
    sys.exit(report["identical"] != report["kills"])


if __name__ == "__main__":
    main()
