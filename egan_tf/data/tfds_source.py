"""Data sets of images prepared by tensorflow-datasets (TFDS), read into memory."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.utils.checks import InputError, one_of

SPLITS = ("train", "test")


def load_images(
    name: str, data_dir: Path, split: str, about: About, duration: str, provide_downloads: Callable[[Path], None]
) -> ImageDataset:
    """Loads one split of labelled images; prepares the data set in `data_dir` first if necessary.

    Args:
        name: of the TFDS builder.
        data_dir: the `data_dir` of TFDS.
        split: "train" or "test"; the images are in the stored order of TFDS, which never changes.
        about: for the model card.
        duration: of the preparation, for the line on stderr.
        provide_downloads: called before a preparation: makes sure that TFDS finds its downloads under `data_dir` or
            can fetch them, or raises `InputError` at once.

    Raises:
        InputError: unknown split, or the data set can be neither read nor prepared.
    """
    one_of("split", split, SPLITS)
    if not is_prepared(name, data_dir):
        provide_downloads(data_dir)
        _prepare(name, data_dir, duration)
    with _input_errors(f"{data_dir / name} cannot be read", "delete that folder to have it prepared again"), _quiet():
        builder = _builder(name, data_dir)
        arrays = _arrays(builder, split)
    names = tuple(builder.info.features["label"].names)
    return ImageDataset(name, arrays["image"], arrays["label"], names, about, split)


def is_prepared(name: str, data_dir: Path) -> bool:
    """True if `data_dir` holds the complete data set in the version that the installed TFDS reads.

    Raises:
        InputError: an incomplete data set is there, which TFDS would take for the data set.
    """
    with _input_errors(f"{data_dir / name} cannot be read", "delete that folder to have it prepared again"), _quiet():
        folder = Path(_builder(name, data_dir).data_path)
    if (folder / "dataset_info.json").is_file():
        return True
    if folder.exists():
        raise InputError("dataset", f"{folder} is no complete data set; delete it to have it prepared again")
    return False


def prepare_command(name: str, data_dir: Path) -> str:
    """The shell command that prepares the data set on a machine with a network.

    It avoids the command line of TFDS, which needs apache_beam.
    """
    call = f'builder("{name}", data_dir={json.dumps(str(data_dir))}).download_and_prepare()'
    return f"python -c {shlex.quote(f'import tensorflow_datasets as tfds; tfds.{call}')}"


def _prepare(name: str, data_dir: Path, duration: str) -> None:
    print(f"{name}: preparing {data_dir / name} (once, {duration})", file=sys.stderr, flush=True)
    with (
        _input_errors(
            f"{name} could not be prepared in {data_dir}",
            f"check the space and the rights there, or prepare it elsewhere: {prepare_command(name, data_dir)}",
        ),
        _quiet(),
    ):
        try:
            _builder(name, data_dir).download_and_prepare()
        except Exception:
            # Another process may have finished first: TFDS cannot rename its folder to one that exists.
            if not is_prepared(name, data_dir):
                raise


def _builder(name: str, data_dir: Path) -> Any:
    import tensorflow_datasets as tfds

    return tfds.builder(name, data_dir=str(data_dir))


def _arrays(builder: Any, split: str) -> dict[str, Any]:
    import tensorflow_datasets as tfds

    return tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, shuffle_files=False))


@contextlib.contextmanager
def _input_errors(problem: str, remedy: str) -> Iterator[None]:
    # TFDS has no base class of exceptions; it passes on those of json, TensorFlow and others.
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
