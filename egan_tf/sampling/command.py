"""The command `egan-sample`, also `python -m egan_tf.sampling`: samples from an exported generator."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import OneLineParser, program, run


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=program("sample"),
        description="Sample from an exported generator, without TensorFlow.",
        epilog="Sample i depends on the file, the seed and i only: a larger count keeps the first samples.",
    )
    parser.add_argument("path", type=Path, help="generator.onnx, or the folder that holds it (saved_models/NAME)")
    parser.add_argument("--count", type=int, default=64, help="number of samples (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise, at least 0 (%(default)s)")
    parser.add_argument(
        "--out",
        required=True,
        help="NAME.npy: array; NAME.png: grid or plot; a name without a dot, one that ends in a slash, or an empty "
        "folder: a folder of PNG files",
    )
    replaced = "replace an existing .npy or .png file; files of an export are never replaced"
    parser.add_argument("--overwrite", action="store_true", help=replaced)
    parser.add_argument("--sha256", help="refuse the file unless this is its SHA-256 (64 hexadecimal digits)")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Writes samples as the arguments say.

    Args:
        arguments: the command line without the program name.

    Returns:
        The exit status, 0.

    Raises:
        InputError: if an argument or a file cannot be used.
        SystemExit: after `--help` and `--version`.
    """
    options = _parser().parse_args(arguments)
    try:
        # The sampler needs no BLAS; each thread of it would take memory, or fail with many lines where there is none.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with _interrupts_deferred():
            for library in ("numpy", "numpy.random", "onnxruntime"):
                importlib.import_module(library)
            from egan_tf.sampling.files import write_samples
            from egan_tf.sampling.sampler import Sampler

        sampler = Sampler(options.path, sha256=options.sha256)
        written = write_samples(sampler, options.out, options.count, options.seed, overwrite=options.overwrite)
    except MemoryError as error:
        raise InputError("memory", "too little for these samples; take fewer, or raise the limit") from error
    except ImportError as error:
        # Libraries explain themselves at length; the original reason stands last.
        reason = str(error).strip().rpartition("\n")[2]
        raise InputError("install", f"a library of the base install cannot be loaded: {reason}") from error
    print(f"wrote {written}")
    return 0


@contextlib.contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Delays Ctrl-C to the end of the block: libraries written in C turn it into other errors while they load."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cli() -> NoReturn:
    """The console command `egan-sample`."""
    run(main, "sample")
