"""The training images that samples are compared with, from a data set of `egan_tf.data`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.integrity import read_card
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.reference import is_reference

OPTIONS = ("resolution", "channels")


def load_training_images(
    dataset: str,
    data_dir: str | os.PathLike[str],
    shape: tuple[int, ...],
    options: Mapping[str, Any] | None = None,
    *,
    trusted: bool = True,
) -> np.ndarray:
    """Loads the "train" split of a data set at the shape of the samples.

    Args:
        dataset: the data string, as for training: a name, `folder:PATH`, `module:function`.
        data_dir: folder of prepared data sets.
        shape: of a sample, (H, W, C).
        options: `OPTIONS` of the training, so that images that it has decoded are found again. If they are not known,
            pictures are cut and resized to `shape`, if it is square.
        trusted: whether `module:function` may be imported, because the user has typed it.

    Returns:
        uint8 [N, H, W, C], perhaps a memory map.

    Raises:
        InputError: the data set cannot be loaded, or holds no images of that shape; or it needs a package that is not
            installed.
    """
    from egan_tf import data

    function = _names_function(dataset)
    problem = f"{dataset} names code to import, and comes from a file; type it: egan-sample MODEL --nearest {dataset}"
    require(trusted or not function, "nearest", problem)
    height, width, channels = shape
    chosen = dict(options or {"channels": channels, "resolution": height if height == width else None})
    try:
        source = _imported(dataset) if function else dataset
        with _native_messages_hidden():
            loaded = data.load(source, Path(data_dir), **chosen)
    except InputError as error:
        if error.field in ("data_dir", "install"):
            raise
        raise InputError("nearest", f"{dataset}: {error.problem}") from error
    except ImportError as error:
        problem = f"the data set {dataset} needs {error.name or error}, which is not installed"
        raise InputError("install", f"{problem}: pip install 'egan_tf[train]'") from error
    require(isinstance(loaded, data.ImageDataset), "nearest", f"{dataset} holds no images")
    images: np.ndarray = loaded.images  # type: ignore[attr-defined]
    found = tuple(images.shape[1:])
    problem = f"the images of {dataset} have shape {list(found)}, the samples {list(shape)}"
    require(found == tuple(shape), "nearest", f"{problem}; name the data set that the generator was trained on")
    return images


def trained_options(model: Path, dataset: str) -> dict[str, Any] | None:
    """`OPTIONS` and `flip` of the training, by the card beside the model.

    Args:
        model: the file of the generator.
        dataset: a data string.

    Returns:
        None if there is no card, or the generator was trained on other data.
    """
    from egan_tf.data import public_name

    config = (read_card(model.parent) or {}).get("config")
    trained = config.get("data") if isinstance(config, dict) else None
    if not isinstance(trained, dict) or trained.get("dataset") != public_name(dataset):
        return None
    return {name: trained.get(name) for name in OPTIONS} | {"flip": trained.get("flip") is True}


def _names_function(dataset: str) -> bool:
    """Whether the string is `module:function`, not a kind of data sets with its argument."""
    from egan_tf.data import DATASETS

    return is_reference(dataset) and dataset.partition(":")[0] not in DATASETS


def _imported(reference: str) -> Any:
    """The user's function."""
    # Needs pydantic, which is not in the base install.
    from egan_tf.utils.settings import Setting
    from egan_tf.utils.user_code import import_code

    declared = Setting(
        name="nearest",
        kind=str,
        choices=(),
        optional=False,
        default="",
        help="",
        limits={},
        registry="egan_tf.data:DATASETS",
        functions=True,
        changeable=False,
        folder=False,
    )
    return import_code([(declared, reference)]).functions[reference]


@contextlib.contextmanager
def _native_messages_hidden() -> Iterator[None]:
    """Hides what libraries write to descriptor 2, as TensorFlow does while it is imported; Python's messages stay."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with contextlib.ExitStack() as undo:
        terminal = os.dup(2)
        undo.callback(os.close, terminal)
        with contextlib.suppress(AttributeError, OSError, ValueError):  # no stream, or one without a descriptor
            sys.stderr.flush()
            if sys.stderr.fileno() == 2:
                stream = undo.enter_context(os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace"))
                undo.enter_context(contextlib.redirect_stderr(stream))
        nowhere = undo.enter_context(Path(os.devnull).open("w"))
        undo.callback(os.dup2, terminal, 2)
        os.dup2(nowhere.fileno(), 2)
        yield
