"""The interface of pictures that still have to be decoded: files of a folder, records of a database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from egan_tf.data.about import About
from egan_tf.data.options import ImageOptions

if TYPE_CHECKING:
    from PIL.Image import Image

    from egan_tf.data.images import ImageDataset


class UnusablePicture(Exception):  # noqa: N818
    """A picture that cannot be used; the message is the reason, a phrase without the picture's name."""


class UnreadPicture(UnusablePicture):
    """A picture that could not be read for a reason that may pass, such as its rights or a disk that is away."""


class Stored(NamedTuple):
    """A picture as it is stored.

    Attributes:
        name: in messages, such as its path below the folder.
        decode: returns the whole picture in mode L, LA, RGB or RGBA, 8 bits, upright; called in any thread, once.
            Raises `UnusablePicture`.
        label: an index of the class names; None if there are no classes.
    """

    name: str
    decode: Callable[[], Image]
    label: int | None = None


class Survey(NamedTuple):
    """What all pictures have in common, known before they are decoded.

    Attributes:
        sides: (height, width) if all pictures share it, otherwise None.
        typical: the median of the shorter sides, in pixels.
        channels: 1 if no picture has colours or alpha, 4 if all have alpha, otherwise 3.
    """

    sides: tuple[int, int] | None
    typical: int
    channels: int


class PictureSource(ABC):
    """Pictures of any sizes in a fixed order.

    Attributes:
        name: of the data set.
        split: "train" or "test".
        about: facts for cards; the number of images, their shape and the number of pictures left out are added.
        class_names: by label; () if there are none.
        resolution: the side of its images unless the user asks for another; None for no preference.
        channels: of its images unless the user asks for others; None for those of the pictures.
        key: JSON values that change when the stored pictures change, found without reading them all, such as names,
            sizes and times of files. It never enters a published file.
    """

    name: str
    split: str
    about: About
    class_names: tuple[str, ...]
    key: Mapping[str, Any]
    resolution: int | None = None
    channels: int | None = None

    keeps_shape: ClassVar[bool] = False
    """True if pictures of one shape keep it unless a resolution is given. False: they get a side that suits them."""

    def ready(self, options: ImageOptions) -> ImageDataset | None:
        """The data set, if it needs no decoding under these options."""
        return None

    @abstractmethod
    def __len__(self) -> int:
        """The number of stored pictures, unusable ones included."""

    @abstractmethod
    def survey(self) -> Survey:
        """Looks at the pictures, or at enough of them, without keeping them.

        Raises:
            InputError: there are no usable pictures.
        """

    @abstractmethod
    def __iter__(self) -> Iterator[Stored]:
        """All stored pictures, in order."""
