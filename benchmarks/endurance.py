"""Whether a long run keeps its memory, and what its checkpoints cost: `python -m benchmarks.endurance --minutes 60`.

Trains the default run with so many generations that it is not done in time, notes the process' resident memory every
minute, and ends it by SIGTERM, as a scheduler would.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from egan_tf.utils.json_lines import read_records

ROOT = Path(__file__).parents[1]


def resident(process: int) -> float:
    """MiB of a process."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def main() -> None:
    """Runs, and prints JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between looks at the memory")
    parser.add_argument("--out", default="")
    parser.add_argument("flags", nargs="*", help="for train_tf.py, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, str(ROOT / "train_tf.py"), "--steps", "10000000", *options.flags]
        process = subprocess.Popen(
            [*arguments, "--runs-dir", f"{folder}/runs", "--models-dir", f"{folder}/models"],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        end, memory = time.monotonic() + 60 * options.minutes, []
        while time.monotonic() < end and process.poll() is None:
            time.sleep(options.every)
            memory.append(round(resident(process.pid), 1))
            print(f"{memory[-1]} MiB", file=sys.stderr)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=300)
        stopped = read_records(next(Path(folder).glob("runs/*/events.jsonl")))[-1]
    report = {
        "minutes": options.minutes,
        "exit_status": process.returncode,
        "said": said.strip().replace(folder, ""),
        "resident_mib": {"start": memory[1], "middle": memory[len(memory) // 2], "end": memory[-1]},
        "resident_mib_every_minute": memory,
        "generations": stopped["generation"],
        "checkpoints": stopped["checkpoints"],
        "checkpoints_percent_of_time": round(100 * stopped["checkpoint_seconds"] / stopped["seconds"], 3),
    }
    text = json.dumps(report, indent=1)
    print(text)
    if options.out:
        Path(options.out).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
