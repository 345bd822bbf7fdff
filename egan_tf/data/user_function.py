"""Data from a function of the user."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.array_checks import MAX_CLASSES
from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.data.names import short_name
from egan_tf.data.picture_source import PictureSource
from egan_tf.utils.checks import InputError, first_line, format_value, require

_OFFERED = ("data_dir", "split")


def load_function(function: Callable[..., Any], data_dir: Path, split: str = "train") -> Dataset | PictureSource:
    """Calls a function of the user, and makes a data set of what it returns.

    Args:
        function: called with those of the keywords `data_dir` (a `Path`) and `split` that its signature has. It
            returns a `Dataset`; a `PictureSource`; images, uint8 [N, H, W, C]; (images, labels) with labels int [N] or
            None; or (images, labels, class_names).
        data_dir: folder of prepared data sets.
        split: of the data; a function without the parameter `split` has "train" only.

    Raises:
        InputError: the function needs other arguments, raises an exception, or returns something else.
    """
    name = function_name(function)
    keywords = _keywords(function, name, {"data_dir": data_dir, "split": split})
    if "split" not in keywords and split != "train":
        raise InputError("split", f"the function {name} takes no split, so that there is only 'train', not {split!r}")
    try:
        found = function(**keywords)
    except InputError:
        raise
    except Exception as error:  # the user's function may raise anything
        raise InputError("dataset", f"the function {name} failed: {first_line(error)}{_place(error)}") from error
    return _data_set(found, name, split)


def function_name(function: Callable[..., Any]) -> str:
    """A name for runs and cards, such as module-function."""
    path = getattr(function, "__qualname__", None) or type(function).__qualname__
    return short_name(f"{getattr(function, '__module__', None) or 'function'}:{path}")


def _keywords(function: Callable[..., Any], name: str, offered: dict[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise InputError("dataset", f"the signature of {name} cannot be found; wrap it in a function") from error
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
        return offered
    by_keyword = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    optional = (inspect.Parameter.VAR_POSITIONAL,)
    others = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in optional and not (p.name in by_keyword and p.name in offered)
    ]
    if others:
        raise InputError(
            "dataset",
            f"the function {name} needs {', '.join(others)}; it may have the parameters {' and '.join(_OFFERED)} only, "
            "and others with defaults",
        )
    return {key: value for key, value in offered.items() if key in by_keyword}


def _data_set(found: Any, name: str, split: str) -> Dataset | PictureSource:
    if isinstance(found, Dataset | PictureSource):
        return found
    parts = tuple(found) if isinstance(found, tuple | list) else (found,)
    if not 1 <= len(parts) <= 3 or not isinstance(parts[0], np.ndarray):
        kinds = f"({', '.join(type(part).__name__ for part in parts)})" if len(parts) > 1 else type(found).__name__
        raise InputError(
            "dataset",
            f"the function {name} must return a Dataset, a PictureSource, images as a numpy array of uint8 "
            f"[N, H, W, C], (images, labels) or (images, labels, class_names), got {kinds}",
        )
    images, labels, class_names = (*parts, None, None)[:3]
    require(labels is None or isinstance(labels, np.ndarray), "labels", "must be a numpy array of integers, or None")
    names = _class_names(labels, class_names)
    count = f"{len(images):,} images of {' x '.join(map(str, images.shape[1:]))}" if images.ndim else "no images"
    about = About(f"{count} from the user's function {name}, split {split}.", source="a function of the user")
    return ImageDataset(name, images, labels, names, about, split)


def _class_names(labels: Any, class_names: Any) -> tuple[str, ...]:
    if class_names is not None:
        named = isinstance(class_names, list | tuple) and all(isinstance(name, str) for name in class_names)
        require(named, "class_names", f"must be a list or tuple of strings, got {format_value(class_names)}")
        return tuple(class_names)
    numbers = np.asarray(labels)
    if not np.issubdtype(numbers.dtype, np.integer) or not numbers.size:
        return ()
    count = int(numbers.max()) + 1
    if count > MAX_CLASSES:
        raise InputError("labels", f"must be below {MAX_CLASSES:,} without class names, got {count - 1:,}")
    return tuple(map(str, range(count)))


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
