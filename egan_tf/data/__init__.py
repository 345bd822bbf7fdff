"""Data sets by name or path.

`load("fashion_mnist", data_dir)` and `load("folder:cats", data_dir, resolution=64)` return a `Dataset`. To add a data
set, write a function `(argument, data_dir, split)` that returns a `Dataset` or a `PictureSource`, and name it in
`DATASETS`. Importing this package imports no TensorFlow.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from egan_tf.data import (
    celeb_a,
    cifar10,
    digits,
    emoji,
    fashion_mnist,
    folder,
    lsun,
    mixtures,
    mnist,
    npy_file,
    npz_file,
    patches,
    tfds_pictures,
)
from egan_tf.data.about import About
from egan_tf.data.applying import apply_options
from egan_tf.data.base import Dataset
from egan_tf.data.cache import clear_cache
from egan_tf.data.images import ImageDataset
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.data.names import public_name, short_name, split_name
from egan_tf.data.options import ImageOptions
from egan_tf.data.picture_source import PictureSource, Stored, Survey, UnusablePicture
from egan_tf.data.preparing import prepare
from egan_tf.data.registry import Kind
from egan_tf.data.user_function import load_function
from egan_tf.utils.checks import InputError, first_line, format_value, one_of, require
from egan_tf.utils.paths import user_path
from egan_tf.utils.reference import is_reference

__all__ = [
    "DATASETS",
    "About",
    "Dataset",
    "GaussianMixture",
    "ImageDataset",
    "ImageOptions",
    "Kind",
    "PictureSource",
    "Stored",
    "Survey",
    "UnusablePicture",
    "check_available",
    "clear_cache",
    "load",
    "public_name",
    "short_name",
]

DATASETS: dict[str, Kind] = {
    "celeb_a": Kind(celeb_a.load, celeb_a.check),
    "cifar10": Kind(cifar10.load, cifar10.check),
    "digits": Kind(digits.load),
    "emoji": Kind(emoji.load, emoji.check),
    "fashion_mnist": Kind(fashion_mnist.load, fashion_mnist.check),
    "folder": Kind(folder.load, folder.check, "PATH"),
    "grid25": Kind(mixtures.load_grid25),
    "lsun": Kind(lsun.load, lsun.check, "PATH"),
    "mnist": Kind(mnist.load, mnist.check),
    "npy": Kind(npy_file.load, npy_file.check, "PATH"),
    "npz": Kind(npz_file.load, npz_file.check, "PATH"),
    "patches": Kind(patches.load),
    "ring8": Kind(mixtures.load_ring8),
    "tfds": Kind(tfds_pictures.load, tfds_pictures.check, "NAME[/CONFIG][:SPLIT]"),
}


def load(dataset: str | Callable[..., Any], data_dir: str | Path, split: str = "train", **options: Any) -> Dataset:
    """Loads a data set by name, path or function; prepares it in `data_dir` first if necessary.

    Args:
        dataset: a string, see `egan_tf.data.names`; or a function of the user, see `egan_tf.data.user_function`.
        data_dir: folder of prepared data sets, in the layout of TFDS; made if needed. A leading ~ is the home folder.
        split: "train", or "test" if the data set has a test split.
        **options: the fields of `ImageOptions`, for images.

    Raises:
        InputError: an unknown name or split, options that do not fit the data, or the data set is not prepared and
            cannot be.
    """
    for name in options:
        one_of("options", name, [field.name for field in fields(ImageOptions)])
    where, chosen = user_path("data_dir", data_dir), ImageOptions(**options)
    found: Dataset | PictureSource
    if callable(dataset):
        found = load_function(dataset, where, split)
    else:
        check_available(dataset, where, split)
        kind, argument = _resolved(dataset)
        with _readable(kind, argument, where):
            found = kind.load(argument, where, split)
    loaded = prepare(found, where, chosen) if isinstance(found, PictureSource) else apply_options(found, where, chosen)
    loaded.origin = dataset if isinstance(dataset, str) else ""
    return loaded


def check_available(dataset: str | Callable[..., Any], data_dir: str | Path, split: str = "train") -> None:
    """Raises `InputError` if the data is not there and cannot be fetched: within 5 s, without importing TensorFlow.

    A function of the user is not called; only `load` finds out what it returns.
    """
    if not callable(dataset):
        kind, argument = _resolved(dataset)
        where = user_path("data_dir", data_dir)
        with _readable(kind, argument, where):
            kind.check(argument, where, split)


@contextlib.contextmanager
def _readable(kind: Kind, argument: str, data_dir: Path) -> Iterator[None]:
    """Turns what the system raises for a path, such as one without rights or too long, into an `InputError`."""
    try:
        yield
    except OSError as error:
        field, place = ("dataset", argument) if kind.argument == "PATH" else ("data_dir", str(data_dir))
        reason = error.strerror or first_line(error)
        problem = f"{format_value(place)} cannot be read ({reason}); change its rights or choose another"
        raise InputError(field, problem) from error


def _resolved(dataset: str) -> tuple[Kind, str]:
    require(isinstance(dataset, str), "dataset", f"must be a string or a function, got {type(dataset).__name__}")
    name, argument = split_name(dataset)
    if argument and name not in DATASETS and is_reference(dataset):
        raise InputError(
            "dataset",
            f"{dataset!r} names a function, which is imported only where it was typed as a flag of a command; in "
            "Python pass the function itself",
        )
    kind = DATASETS[one_of("dataset", name, DATASETS)]
    require(bool(argument) == bool(kind.argument), "dataset", _argument_problem(name, kind))
    return kind, argument


def _argument_problem(name: str, kind: Kind) -> str:
    if kind.argument:
        return f"{name} needs an argument: {name}:{kind.argument}"
    return f"{name} takes no argument; write {name} alone"
