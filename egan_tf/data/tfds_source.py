"""Data sets prepared by tensorflow-datasets (TFDS), read into memory whole."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from egan_tf.data.images import ImageDataset
from egan_tf.utils.checks import InputError, one_of

SPLITS = ("train", "test")


def load_images(
    name: str, data_dir: Path, split: str, description: str, duration: str, supply: Callable[[Path], None]
) -> ImageDataset:
    """Returns one split of TFDS' labelled images, prepared in `data_dir` first if they are not.

    Args:
        name: of the builder.
        data_dir: TFDS' data_dir.
        split: "train" or "test"; the images come in TFDS' stored order, which is always the same.
        description: for the model card.
        duration: how long the preparation takes, for the line on stderr.
        supply: makes sure that TFDS finds its downloads under `data_dir`, or raises InputError at once; called only
            if something has to be prepared.

    Raises:
        InputError: another split, or the data set can be neither read nor prepared.
    """
    one_of("split", split, SPLITS)
    if not find_prepared(name, data_dir):
        supply(data_dir)
        _prepare(name, data_dir, duration)
    with _refusing(f"{data_dir / name} cannot be read", "delete that folder to have it prepared again"), _quiet():
        builder = _builder(name, data_dir)
        arrays = _arrays(builder, split)
    names = tuple(builder.info.features["label"].names)
    return ImageDataset(name, arrays["image"], arrays["label"], names, description, split)


def find_prepared(name: str, data_dir: Path) -> bool:
    """Returns whether `data_dir` holds the finished data set in the version that the installed TFDS reads.

    Raises:
        InputError: something lies there that TFDS would take for the data set and that is not finished.
    """
    with _refusing(f"{data_dir / name} cannot be read", "delete that folder to have it prepared again"), _quiet():
        folder = Path(_builder(name, data_dir).data_path)
    if (folder / "dataset_info.json").is_file():
        return True
    if folder.exists():
        raise InputError("dataset", f"{folder} is no complete data set; delete it to have it prepared again")
    return False


def command(name: str, data_dir: Path) -> str:
    """Returns the shell command that prepares the data set on a machine with a network.

    Not TFDS' own command line, which needs apache_beam installed.
    """
    call = f'builder("{name}", data_dir={json.dumps(str(data_dir))}).download_and_prepare()'
    return f"python -c {shlex.quote(f'import tensorflow_datasets as tfds; tfds.{call}')}"


def _prepare(name: str, data_dir: Path, duration: str) -> None:
    print(f"{name}: preparing {data_dir / name} (once, {duration})", file=sys.stderr, flush=True)
    # TFDS writes into a folder incomplete.*, which it renames when everything is there.
    with (
        _refusing(
            f"{name} could not be prepared in {data_dir}",
            f"check the space and the rights there, or prepare it elsewhere: {command(name, data_dir)}",
        ),
        _quiet(),
    ):
        try:
            _builder(name, data_dir).download_and_prepare()
        except Exception:
            # Another process may have finished first, and a folder that exists cannot be renamed to.
            if not find_prepared(name, data_dir):
                raise


def _builder(name: str, data_dir: Path) -> Any:
    import tensorflow_datasets as tfds

    return tfds.builder(name, data_dir=str(data_dir))


def _arrays(builder: Any, split: str) -> dict[str, Any]:
    import tensorflow_datasets as tfds

    return tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))


@contextlib.contextmanager
def _refusing(problem: str, remedy: str) -> Iterator[None]:
    # TFDS raises whatever its layers raise, from json to TensorFlow, and has no exception of its own to catch.
    try:
        yield
    except (InputError, ImportError):
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError("dataset", f"{problem} ({type(error).__name__}: {reason}); {remedy}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
