"""Samples from an exported generator on the command line: `python -m egan_tf.sampling --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from egan_tf.sampling.files import write_samples
from egan_tf.sampling.sampler import Sampler
from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import OneLineParser, program, run


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=program("sample"),
        description="Sample from an exported generator, without TensorFlow.",
        epilog="Sample i depends on the file, the seed and i alone: asking for more keeps the first ones.",
    )
    parser.add_argument("path", type=Path, help="generator.onnx, or the folder that holds it (saved_models/NAME)")
    parser.add_argument("--count", type=int, default=64, help="how many samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise, from 0 (%(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, help=".npy: array; .png: grid or plot; else a folder of PNGs"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status, 0 or 2 where the input cannot be used."""
    try:
        options = _parser().parse_args(arguments)
        done = write_samples(Sampler(options.path), options.out, options.count, options.seed)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"wrote {done}")
    return 0


def cli() -> NoReturn:
    """The console script."""
    run(main, "sample")
