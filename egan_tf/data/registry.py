"""The interface of an entry in the registry of data sets."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from egan_tf.data.base import Dataset
from egan_tf.data.picture_source import PictureSource

Loader = Callable[[str, Path, str], "Dataset | PictureSource"]
"""Maps (argument, data_dir, split) to the data; raises `InputError` if the split or the files do not exist."""

Check = Callable[[str, Path, str], None]


def check_nothing(argument: str, data_dir: Path, split: str) -> None:
    """For data that is always there."""


@dataclass(frozen=True)
class Kind:
    """A data set, or a kind of data sets that takes an argument after a colon.

    Attributes:
        load: loads one split. The first line of its docstring is the line of `--list`.
        check: with the same arguments, raises `InputError` if the data is not there and cannot be fetched: within five
            seconds, without importing TensorFlow. The message says where to get the data and where to put it.
        argument: what follows the colon, such as "PATH"; "" for nothing.
    """

    load: Loader
    check: Check = check_nothing
    argument: str = ""

    @property
    def summary(self) -> str:
        """One line for lists."""
        return (inspect.getdoc(self.load) or "").partition("\n")[0].rstrip(".")
