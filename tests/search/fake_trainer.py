"""Trains nothing: records a metric that is a function of the settings, as a run does, and resumes.

`python fake_trainer.py RUN`. The learning rate of the generators decides: the metric falls faster the nearer it is to
0.001; above 0.05 it is not finite. The width decides how the process behaves: 1 is refused, 2 ends with an error, 3 by
SIGKILL, 4 by SIGKILL the first time, 5 with no viable child, 6 with none before there was a checkpoint. With FAKE_GATE
it waits after its first evaluation until a file of that path exists. With FAKE_FAULT, a file of
`{"status": 1, "says": "the disk is full", "at": 40}`, it ends so at that generation as long as there is such a file.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path

run = Path(sys.argv[1])
config = json.loads((run / "config.json").read_text())
seconds = float(os.environ.get("FAKE_SECONDS", "0.01"))
fault = Path(os.environ.get("FAKE_FAULT", "nothing"))
gate = os.environ.get("FAKE_GATE", "")
rate, width = config["optimizer"]["generator_learning_rate"], config["network"]["width"]
steps, every = config["run"]["steps"], config["metrics"]["evaluate_every"]


def stop_with_worker() -> None:
    while os.read(0, 1):
        pass
    os._exit(143)


def append(name: str, record: dict) -> None:
    with (run / name).open("a") as file:
        file.write(json.dumps(record) + "\n")


def metric(step: int) -> float | None:
    if rate > 0.05:
        return None
    distance = abs(math.log10(rate / 0.001)) + config["evolution"]["seed"] / 100
    return 1.0 + distance + 10.0 / step


threading.Thread(target=stop_with_worker, daemon=True).start()
append("starts.jsonl", {"pid": os.getpid()})
if width == 1:
    print("egan-train: error: width: is 1", file=sys.stderr)
    sys.exit(2)
if width == 2:
    print("egan-train: error: the disk is gone", file=sys.stderr)
    sys.exit(1)
path = run / "evaluations.jsonl"
done = len(path.read_text().splitlines()) // 2 if path.exists() else 0
starts = len((run / "starts.jsonl").read_text().splitlines())
for step in range((done + 1) * every, steps + 1, every):
    time.sleep(seconds)
    while gate and step > every and not os.path.exists(gate):
        time.sleep(0.02)
    if fault.is_file() and step == (ends := json.loads(fault.read_text()))["at"]:
        print(f"egan-train: error: {ends['says']}", file=sys.stderr)
        sys.exit(ends["status"])
    if width == 3 or (width == 4 and starts == 1 and step > every):
        os.kill(os.getpid(), signal.SIGKILL)
    if width in (5, 6):
        append("events.jsonl", {"event": "failed", "rolled_back": width == 5})
        said = "again no child was viable" if width == 5 else "no checkpoint could be written before"
        print(f"egan-train: error: generation 10: {said}", file=sys.stderr)
        sys.exit(1)
    append("evaluations.jsonl", {"kind": "precision", "value": 0.5, "step": step})
    append("evaluations.jsonl", {"kind": "frechet_distance", "value": metric(step), "step": step})
