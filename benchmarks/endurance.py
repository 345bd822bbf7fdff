"""Memory in a long run, and the cost of its checkpoints: `python -m benchmarks.endurance --minutes 60`.

Trains the default run with more generations than fit into the time, reads the resident memory of the process every
minute, and ends the run by SIGTERM, as a scheduler would.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.timing import publish
from egan_tf.utils.json_lines import read_records

ROOT = Path(__file__).parents[1]


def resident(process: int) -> float:
    """Resident memory of a process, MiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def measure(minutes: float, every: float, flags: list[str]) -> dict[str, Any]:
    """Trains for some minutes, reads the memory every few seconds, and stops the run."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, str(ROOT / "train_tf.py"), "--steps", "10000000", *flags]
        process = subprocess.Popen(
            [*arguments, "--runs-dir", f"{folder}/runs", "--models-dir", f"{folder}/models"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        end, memory = time.monotonic() + 60 * minutes, []
        while time.monotonic() < end and process.poll() is None:
            time.sleep(every)
            memory.append(round(resident(process.pid), 1))
            print(f"{memory[-1]} MiB", file=sys.stderr)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=300)
        stopped = read_records(next(Path(folder).glob("runs/*/events.jsonl")))[-1]
    # The first reading may fall into the start of the program.
    start = memory[min(1, len(memory) - 1)]
    return {
        "minutes": minutes,
        "exit_status": process.returncode,
        "output": output.strip().replace(folder, ""),
        "resident_mib": {"start": start, "middle": memory[len(memory) // 2], "end": memory[-1]},
        "readings_mib": memory,
        "generations": stopped["generation"],
        "checkpoints": stopped["checkpoints"],
        "checkpoints_percent_of_time": round(100 * stopped["checkpoint_seconds"] / stopped["seconds"], 3),
    }


def main() -> None:
    """Trains, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between readings of the memory")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    parser.add_argument("flags", nargs="*", help="for train_tf.py, after --")
    options = parser.parse_args()
    publish(measure(options.minutes, options.every, options.flags), options.out)


if __name__ == "__main__":
    main()
