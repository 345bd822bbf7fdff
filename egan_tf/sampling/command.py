"""The command `egan-sample`, also `python -m egan_tf.sampling`: samples from an exported generator."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from egan_tf import __version__
from egan_tf.sampling.files import write_samples
from egan_tf.sampling.sampler import Sampler
from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import INTERRUPTED, USAGE_ERROR, OneLineParser

PROGRAM = "egan-sample"


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=PROGRAM,
        description="Sample from an exported generator, without TensorFlow.",
        epilog="Sample i depends on the file, the seed and i only: a larger count keeps the first samples.",
    )
    parser.add_argument("path", type=Path, help="generator.onnx, or the folder that holds it (saved_models/NAME)")
    parser.add_argument("--count", type=int, default=64, help="number of samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise, at least 0 (%(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, help=".npy: array; .png: grid or plot; otherwise a folder of PNG files"
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Writes samples as the arguments say.

    Args:
        arguments: the command line without the program name.

    Returns:
        The exit status: 0, or 2 after one line on stderr if an argument or a file cannot be used.

    Raises:
        SystemExit: after `--help` and `--version`.
    """
    try:
        options = _parser().parse_args(arguments)
        written = write_samples(Sampler(options.path), options.out, options.count, options.seed)
    except InputError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return USAGE_ERROR
    print(f"wrote {written}")
    return 0


def cli() -> int:
    """Runs `main` on the arguments of this process: the entry point of the console script."""
    try:
        return main(sys.argv[1:])
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return INTERRUPTED
