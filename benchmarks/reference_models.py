"""Trains the models that the project ships: `python -m benchmarks.reference_models --folder WORK [NAMES]`.

Each is trained by one command, which its card repeats, and exported to `saved_models/reference/NAME/`; the runs stay in
`--folder`, from which an interrupted one goes on. `--print` prints the commands.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

ROOT, MODELS = Path(__file__).parents[1], Path("saved_models", "reference")
_OWN = ["--seed", "0", "--weights-license", "MIT", "--rows-per-call", "32"]
_IMAGES = ["--formats", "saved_model", "onnx", "images"]
_DIGITS = ["--preset", "digits", "--tournaments", "auto", "--steps", "20000", *_IMAGES, *_OWN]

# As `benchmarks/conditional.py` trains it for 20 minutes of two cores, but for the fitness, the preset's.
_FASHION_MNIST = ["--dataset", "fashion_mnist", "--conditional", "--no-by-class", "--precision", "mixed_bfloat16"]
_FASHION_MNIST += ["--xla", "off", "--tournaments", "auto", "--steps", "38400", "--log-every", "20"]
_FASHION_MNIST += ["--sample-every", "3800", "--evaluate-every", "3800", "--evaluation-samples", "2000"]

# About an hour of two cores.
_EMOJI = ["--preset", "emoji", "--tournaments", "auto", "--steps", "18000"]
_EMOJI += ["--sample-every", "3000", "--evaluate-every", "3000"]

REFERENCE: dict[str, list[str]] = {
    "ring8": ["--preset", "ring8", *_OWN],
    "grid25": ["--preset", "grid25", *_OWN],
    "digits": _DIGITS,
    "digits_conditional": [*_DIGITS, "--conditional"],
    "fashion_mnist_conditional": [*_FASHION_MNIST, *_IMAGES, *_OWN],
    "emoji": [*_EMOJI, *_IMAGES, *_OWN],
}
"""By name, the flags of `train_tf.py`."""


def command(name: str, folder: Path, data_dir: str) -> list[str]:
    """The command that trains and exports a model, or goes on with it."""
    run = next(iter(sorted(folder.glob(f"[0-9]*-{name}"))), None)
    places = ["--name", name, "--runs-dir", str(folder), "--models-dir", str(MODELS), "--overwrite"]
    how = REFERENCE[name] if run is None else ["--resume", str(run)]
    return [sys.executable, "train_tf.py", *how, *places, *([] if run else ["--data-dir", data_dir])]


def main() -> None:
    """Trains what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(REFERENCE)}; by default all")
    parser.add_argument("--folder", type=Path, default=Path("runs/reference"), help="of the runs")
    parser.add_argument("--data-dir", default="data")
    parser.add_argument("--print", action="store_true", help="print the commands, and train nothing")
    options = parser.parse_args()
    unknown = set(options.names) - set(REFERENCE)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    for name in options.names or REFERENCE:
        line = command(name, options.folder, options.data_dir)
        if options.print:
            print(shlex.join(["python", *line[1:]]))
        else:
            subprocess.run(line, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
