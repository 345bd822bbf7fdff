"""What a user of the wheel waits for and stores: `python -m benchmarks.installed [--out FILE]`.

Builds the wheel, installs it without extras into a new virtual environment (pinned by constraints.txt; it needs a
package registry), measures what that takes on the disk, and times `egan-sample NAME --count 64 --out grid.png` from
start to exit for every model in the wheel, turn by turn; of a conditional one with `--each-label`, 64 of each label.
The first start of each is stated alone.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.timing import interleaved, machine, publish

ROOT = Path(__file__).parents[1]
LARGEST = 6


def succeed(line: list[str | Path], folder: Path) -> None:
    """Runs a command that sees nothing of this environment or of the checkout."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    subprocess.run(line, cwd=folder, check=True, env=environment, stdout=subprocess.DEVNULL)


def environment(folder: Path) -> tuple[Path, float]:
    """A new virtual environment with the wheel of this checkout: its folder, and the MB that it had before."""
    succeed([sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", folder, ROOT], folder)
    (wheel,) = folder.glob("egan_tf-*.whl")
    succeed([sys.executable, "-m", "venv", folder / "venv"], folder)
    empty = megabytes(folder / "venv")
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    succeed([*pip, "-c", ROOT / "constraints.txt", wheel], folder)
    return folder / "venv", empty


def megabytes(folder: Path) -> float:
    """What the files of a folder take, in 10⁶ bytes of disk blocks; links count as links."""
    files = (path.lstat() for path in folder.rglob("*"))
    return sum(found.st_blocks * 512 for found in files) / 1e6


def sizes(venv: Path, empty: float) -> dict[str, Any]:
    """What was installed, the wheel's models, and the largest packages, in MB."""
    (site,) = venv.glob("lib/python*/site-packages")
    parts = {path.name: round(megabytes(path), 1) for path in site.iterdir() if path.is_dir()}
    largest = sorted(parts, key=parts.__getitem__, reverse=True)[:LARGEST]
    return {
        "empty_environment_mb": round(empty, 1),
        "installed_mb": round(megabytes(venv) - empty, 1),
        "models_mb": round(megabytes(site / "egan_tf" / "models"), 1),
        "largest_packages_mb": {name: parts[name] for name in largest},
    }


def starts(venv: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds of a command that samples, by model: the first start, and the median and the longest of the later."""
    (models,) = venv.glob("lib/python*/site-packages/egan_tf/models")

    def sample(model: Path) -> None:
        labels = ["--each-label"] if json.loads((model / "card.json").read_text("utf-8")).get("class_names") else []
        line: list[str | Path] = [venv / "bin" / "egan-sample", model.name, "--count", "64", *labels]
        succeed([*line, "--overwrite", "--out", folder / f"{model.name}.png"], folder)

    works = {card.parent.name: functools.partial(sample, card.parent) for card in sorted(models.glob("*/card.json"))}
    first = {}
    for name, work in works.items():
        began = time.perf_counter()
        work()
        first[name] = time.perf_counter() - began
    later = interleaved(works, rounds, warm_up=0)
    return {
        name: {
            "first_s": round(first[name], 2),
            "median_s": round(statistics.median(seconds), 2),
            "longest_s": round(max(seconds), 2),
        }
        for name, seconds in later.items()
    }


def main() -> None:
    """Prints sizes and times, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="starts of each model after the first (7)")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv, empty = environment(folder)
        found = {**sizes(venv, empty), "sample_64": starts(venv, folder, options.rounds)}
    publish({"machine": machine(), "rounds": options.rounds, **found}, options.out)


if __name__ == "__main__":
    main()
