"""What a source of pictures raises, which may be a user's, as an error in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from numbers import Integral
from typing import TYPE_CHECKING, Any

from egan_tf.data.picture_source import PictureSource, Stored
from egan_tf.utils.checks import InputError, first_line, format_value, require

if TYPE_CHECKING:
    from PIL.Image import Image


@contextlib.contextmanager
def source_errors(source: PictureSource, problem: str, passed: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turns exceptions inside the block into an `InputError`.

    Args:
        source: that the block calls.
        problem: what failed, such as "survey() failed".
        passed: exceptions that are left as they are.
    """
    try:
        yield
    except Exception as error:  # a user's source may raise anything
        if isinstance(error, (InputError, *passed)):
            raise
        raise InputError("dataset", f"{source.name}: {problem}: {first_line(error)}") from error


def stored_pictures(source: PictureSource) -> Iterator[Stored]:
    """The stored pictures of a source.

    Raises:
        InputError: the source fails, or holds more than it says.
    """
    most = len(source)
    with source_errors(source, "its pictures cannot be listed"):
        for index, stored in enumerate(source):
            require(index < most, "dataset", f"{source.name}: holds more pictures than its length, {most:,}")
            require(isinstance(stored, Stored), "dataset", f"{source.name}: yields {format_value(stored)}, no Stored")
            yield stored


def check_picture(source: PictureSource, stored: Stored, picture: Any) -> Image:
    """Returns what `stored.decode` returned.

    Raises:
        InputError: it is no picture, or its label is no index of the class names.
    """
    import PIL.Image

    classes = len(source.class_names)
    labelled = isinstance(stored.label, Integral) and 0 <= stored.label < classes
    problem = f"{stored.name} has the label {format_value(stored.label)}, expected 0 to {classes - 1}"
    require(labelled or not classes, "dataset", f"{source.name}: {problem}, an index of its class names")
    problem = f"{stored.name} was decoded to {type(picture).__name__}, expected a picture of pillow"
    require(isinstance(picture, PIL.Image.Image), "dataset", f"{source.name}: {problem}")
    assert isinstance(picture, PIL.Image.Image)
    return picture
