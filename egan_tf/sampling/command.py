"""The command `egan-sample`, also `python -m egan_tf.sampling`: samples from an exported generator."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from egan_tf.utils.checks import InputError, integer, require
from egan_tf.utils.command_line import OneLineParser, program, run

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import Sampler

DEFAULT_COUNT, COUNT_PER_CLASS = 64, 8


_EPILOG = """\
Sample i depends on the file, the seed, the truncation and i only: a larger count keeps the first samples, and --start N
begins with sample N, at the cost of no other.

--walk STEPS: from each sample to the next in STEPS steps, both included. Normal noise moves along great circles
(slerp), uniform noise in a Gaussian copula, so that every step is as likely as a sample. NAME.png has a row for each
pair; NAME.gif and NAME.webp (lossless) are loops through all samples, in a GIF on white; NAME.npy is an array
[pair, step, ...].

--truncation PSI: multiplies the noise by PSI, towards its mean of 0: more typical and less varied samples; 1 is none.

--nearest DATA: samples beside their nearest training images, to see whether the generator copies. DATA is the --dataset
of training. The distance is Euclidean over pixel values from 0 to 255; alpha is laid on white. NAME.png has a row for
each sample; NAME.npz has indices and distances.
"""


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=program("sample"),
        description="Sample from an exported generator, without TensorFlow.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path",
        help="generator.onnx, or the folder that holds it, or a name: here, in saved_models or "
        "saved_models/reference, or of a model that is installed with egan_tf",
    )
    parser.add_argument(
        "--count",
        type=int,
        help="number of samples (64; with --walk 8, or 512 moving points; with --nearest 16)",
    )
    parser.add_argument("--label", metavar="CLASS", help="of a class-conditional generator: a class by number or name")
    parser.add_argument(
        "--each-label", action="store_true", help="--count samples (8) of every class, a row of the grid for each"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise, at least 0 (%(default)s)")
    parser.add_argument("--start", type=int, metavar="N", help="number of the first sample of the seed (0)")
    parser.add_argument(
        "--out",
        required=True,
        help="NAME.npy: array; NAME.png: grid or plot; a name without a dot, one that ends in a slash, or an empty "
        "folder: a folder of PNG files; for --walk also NAME.gif and NAME.webp; for --nearest NAME.png or NAME.npz",
    )
    replaced = "replace an existing file; files of an export are never replaced"
    parser.add_argument("--overwrite", action="store_true", help=replaced)
    parser.add_argument(
        "--uint8", action="store_true", help="NAME.npy as bytes from 0 to 255, which pictures always are"
    )
    parser.add_argument("--sha256", help="refuse the file unless this is its SHA-256 (64 hexadecimal digits)")
    parser.add_argument(
        "--truncation", type=float, default=1.0, metavar="PSI", help="factor of the noise, above 0, at most 1"
    )
    parser.add_argument("--walk", type=int, metavar="STEPS", help="interpolate from each sample to the next")
    parser.add_argument("--fps", type=int, help="frames per second of an animation, 1 to 50 (20)")
    parser.add_argument("--nearest", metavar="DATA", help="show the nearest training images of each sample")
    parser.add_argument("--neighbours", type=int, metavar="K", help="training images beside each sample (5)")
    parser.add_argument(
        "--flip",
        action="store_true",
        default=None,
        help="training images count mirrored, too; known from the card of an export",
    )
    parser.add_argument("--data-dir", metavar="FOLDER", help="folder of prepared data sets (data)")
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
    _check_combination(options)
    try:
        if options.nearest is None:
            # Sampling needs no BLAS; each thread of it would take memory, or fail with many lines where there is none.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with _interrupts_deferred():
            for library in ("numpy", "numpy.random", "onnxruntime"):
                importlib.import_module(library)
            from egan_tf.sampling.sampler import Sampler

        sampler = Sampler(options.path, sha256=options.sha256)
        print(*_said(sampler, options.path), *_write(sampler, options), sep="\n")
    except MemoryError as error:
        raise InputError("memory", "too little for these samples; take fewer, or raise the limit") from error
    except ImportError as error:
        # Libraries explain themselves at length; the original reason stands last.
        reason = str(error).strip().rpartition("\n")[2]
        raise InputError("install", f"a library of the base install cannot be loaded: {reason}") from error
    return 0


def _check_combination(options: argparse.Namespace) -> None:
    """Refuses flags that have no meaning beside the others."""
    problem = "cannot be combined with --walk; give one of them"
    require(options.nearest is None or options.walk is None, "nearest", problem)
    require(not (options.each_label and options.label is not None), "label", "cannot be combined with --each-label")
    single = options.walk is None and options.nearest is None
    require(single or not options.each_label, "each_label", "cannot be combined with --walk or --nearest; give --label")
    require(single or options.start is None, "start", "cannot be combined with --walk or --nearest")
    require(single or not options.uint8, "uint8", "cannot be combined with --walk or --nearest")
    array = Path(options.out).suffix.lower() == ".npy"
    require(array or not options.uint8, "uint8", "has a meaning for NAME.npy only; pictures are bytes anyway")
    for flag, needed in (("fps", "walk"), ("neighbours", "nearest"), ("flip", "nearest"), ("data_dir", "nearest")):
        given = getattr(options, flag) is not None and getattr(options, needed) is None
        require(not given, flag, f"has a meaning with --{needed} only")


def _write(sampler: Sampler, options: argparse.Namespace) -> tuple[str, ...]:
    """Writes what the options ask for; the lines to print."""
    common: dict[str, Any] = {"truncation": options.truncation, "overwrite": options.overwrite}
    drawn_as: dict[str, Any] = {"dtype": "uint8" if options.uint8 else "float32"}
    if options.each_label:
        return _write_each_label(sampler, options, {**common, **drawn_as})
    sampler = _labelled(sampler, options.label)
    if options.walk is not None:
        from egan_tf.sampling.walk_files import write_walk

        drawn = write_walk(sampler, options.out, options.walk, options.count, options.seed, fps=options.fps, **common)
        return (f"wrote {drawn}",)
    if options.nearest is not None:
        from egan_tf.sampling import nearest_files

        written, summary = nearest_files.write_nearest(
            sampler,
            options.out,
            options.nearest,
            "data" if options.data_dir is None else options.data_dir,
            nearest_files.DEFAULT_COUNT if options.count is None else options.count,
            options.seed,
            flip=bool(options.flip),
            k=nearest_files.DEFAULT_NEIGHBOURS if options.neighbours is None else options.neighbours,
            **common,
        )
        return f"wrote {written}", summary
    from egan_tf.sampling.files import write_samples

    count = DEFAULT_COUNT if options.count is None else options.count
    written = write_samples(sampler, options.out, count, options.seed, options.start or 0, **common, **drawn_as)
    return (f"wrote {written}",)


def _said(sampler: Sampler, given: str) -> tuple[str, ...]:
    """A line that says which file a name stood for; none for a path, which says it already."""
    from egan_tf.sampling.model_file import is_name

    return (f"model {sampler.path} ({sampler.place})",) if is_name(given) and Path(given) != sampler.path else ()


def _labelled(sampler: Sampler, label: str | None) -> Any:
    """The sampler at a label, checked before anything is drawn; itself if its generator takes none."""
    from egan_tf.sampling.labels import label_rows

    advice = "give --label CLASS or --each-label" if label is None else ""
    try:
        label_rows(sampler.spec, label, 1)
    except InputError as error:
        raise InputError("label", f"{error.problem}; {advice}" if advice else error.problem) from error
    return sampler if label is None else sampler.at(label)


def _write_each_label(sampler: Sampler, options: argparse.Namespace, common: dict[str, Any]) -> tuple[str, ...]:
    from egan_tf.sampling.files import write_samples
    from egan_tf.sampling.labels import each_label

    per_class = integer("count", COUNT_PER_CLASS if options.count is None else options.count)
    labels, classes = each_label(sampler.spec, per_class), sampler.spec.classes
    chosen = sampler.at(labels)
    start = options.start or 0
    written = write_samples(chosen, options.out, labels.count, options.seed, start, rows=classes, **common)
    return (f"wrote {written}",)


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
