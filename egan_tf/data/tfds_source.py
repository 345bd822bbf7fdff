"""Data sets prepared by tensorflow-datasets (TFDS): prepares them, and reads small ones into memory."""

from __future__ import annotations

import contextlib
import difflib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.data.tfds_files import INFO, MAX_LISTED, by_hand, check_fetchable, prepare_command, prepared_folders
from egan_tf.utils.checks import InputError, one_of

SPLITS = ("train", "test")
MAX_REASON = 400
"""Characters of a message of TFDS that are passed on."""


def load_images(
    name: str,
    data_dir: Path,
    split: str,
    about: About,
    duration: str,
    provide_downloads: Callable[[Path], None] | None = None,
) -> ImageDataset:
    """Loads one split of labelled images of one shape; prepares the data set in `data_dir` first if necessary.

    Args:
        name: of the TFDS builder.
        data_dir: the `data_dir` of TFDS.
        split: "train" or "test"; the images are in the stored order of TFDS, which never changes.
        about: for the model card.
        duration: of the preparation, for the line on stderr.
        provide_downloads: as for `prepared_builder`.

    Raises:
        InputError: unknown split, or the data set can be neither read nor prepared.
    """
    one_of("split", split, SPLITS)
    builder = prepared_builder(name, data_dir, duration, provide_downloads)
    with reading(data_dir / name), quiet():
        arrays = _arrays(builder, split)
    names = tuple(builder.info.features["label"].names)
    return ImageDataset(name, arrays["image"], arrays["label"], names, about, split)


def prepared_builder(
    name: str,
    data_dir: Path,
    duration: str,
    provide_downloads: Callable[[Path], None] | None = None,
    page: str = "",
) -> Any:
    """The TFDS builder of a data set; prepares the data set in `data_dir` first if necessary.

    Args:
        name: NAME or NAME/CONFIG.
        data_dir: the `data_dir` of TFDS.
        duration: of the preparation, for the line on stderr.
        provide_downloads: called before a preparation: makes sure that TFDS finds its downloads under `data_dir` or
            can fetch them, or raises `InputError` at once. By default `check_fetchable`.
        page: as for `by_hand`.

    Raises:
        InputError: TFDS knows no such data set, or it can be neither read nor prepared.
    """
    if not is_prepared(name, data_dir):
        remedy = by_hand(name, data_dir, page)
        if provide_downloads is None:
            check_fetchable(name, data_dir, remedy)
        else:
            provide_downloads(data_dir)
        _prepare(name, data_dir, duration, remedy)
    with reading(data_dir / name), quiet():
        return _builder(name, data_dir)


def is_prepared(name: str, data_dir: Path) -> bool:
    """True if `data_dir` holds the complete data set in the version that the installed TFDS reads.

    Raises:
        InputError: TFDS knows no such data set, or an incomplete one is there, which TFDS would take for complete.
    """
    with reading(data_dir / name), quiet():
        folder = Path(_builder(name, data_dir).data_path)
    if (folder / INFO).is_file():
        return True
    if folder.exists():
        raise InputError("dataset", f"{folder} is no complete data set; delete it to have it prepared again")
    return False


def reading(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Turns what TFDS raises for a prepared data set that it cannot read into an `InputError`."""
    return _input_errors(f"{folder} cannot be read", "delete that folder to have it prepared again")


def _prepare(name: str, data_dir: Path, duration: str, remedy: str) -> None:
    print(f"{name}: preparing {data_dir / name} (once, {duration})", file=sys.stderr, flush=True)
    with (
        _input_errors(
            f"{name} could not be prepared in {data_dir}",
            f"check the space and the rights there; {remedy and f'if a download failed, {remedy}; '}or prepare it "
            f"elsewhere: {prepare_command(name, data_dir)}",
        ),
        quiet(),
    ):
        try:
            _builder(name, data_dir).download_and_prepare()
        except Exception:
            # Another process may have finished first: TFDS cannot rename its folder to one that exists.
            if not is_prepared(name, data_dir):
                raise


def _builder(name: str, data_dir: Path) -> Any:
    import tensorflow_datasets as tfds

    plain, _, config = name.partition("/")
    if config and not prepared_folders(name, data_dir):
        _check_config(plain, config)
    try:
        return tfds.builder(name, data_dir=str(data_dir))
    except tfds.core.DatasetNotFoundError as error:
        similar = difflib.get_close_matches(plain, tfds.list_builders(with_community_datasets=False), n=1)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        raise InputError(
            "dataset", f"tensorflow-datasets knows no {plain!r}, and {name!r} is not prepared in {data_dir}{hint}"
        ) from error


def _check_config(name: str, config: str) -> None:
    import tensorflow_datasets as tfds

    try:
        known = list(tfds.builder_cls(name).builder_configs)
    except tfds.core.DatasetNotFoundError:
        return
    if config not in known:
        close = difflib.get_close_matches(config, known, n=MAX_LISTED) or known[:MAX_LISTED]
        hint = f"; such as {', '.join(close)}" if known else f"; write {name} alone"
        raise InputError("dataset", f"{name} has no configuration {config!r}{hint}")


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
        reason = " ".join(str(error).split())[:MAX_REASON]
        raise InputError("dataset", f"{problem} ({type(error).__name__}: {reason}); {remedy}") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps TFDS from printing: progress, advice, and warnings about its own deprecated functions."""
    import tensorflow_datasets as tfds
    from absl import logging

    tfds.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
        tfds.enable_progress_bar()
