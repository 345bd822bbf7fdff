"""How the pictures of a data set become images of one shape, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from egan_tf.utils.checks import format_value, integer, number, require

MIN_RESOLUTION, MAX_RESOLUTION = 4, 1024
CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class ImageOptions:
    """The options of `egan_tf.data.load` for images.

    Attributes:
        resolution: side of the images in pixels: the largest square in the middle of each picture, resized with
            antialiasing. None for the pictures' own shape if they all share it, otherwise a side that suits them.
        channels: 1 (grey), 3 (RGB) or 4 (RGB with alpha); transparent pictures are laid on white for 1 and 3. None for
            what the pictures have.
        flip: whether every image also counts mirrored, as in `2 N` images.
        strict: whether a picture that cannot be used is an error; otherwise it is skipped by name.
        memory_mb: images of up to this many MiB are held in memory; more are read from the cache on disk.
        cache_gb: the cache of decoded images under the data folder holds at most this many GB.
    """

    resolution: int | None = None
    channels: int | None = None
    flip: bool = False
    strict: bool = False
    memory_mb: float = 512.0
    cache_gb: float = 50.0

    def __post_init__(self) -> None:
        """Raises `InputError` for values that no images can have."""
        if self.resolution is not None:
            self._set("resolution", integer("resolution", self.resolution, MIN_RESOLUTION, MAX_RESOLUTION))
        if self.channels is not None:
            self._set("channels", integer("channels", self.channels))
            require(self.channels in CHANNELS, "channels", f"must be 1, 3 or 4, got {format_value(self.channels)}")
        for name in ("flip", "strict"):
            require(isinstance(getattr(self, name), bool), name, "must be True or False")
        for name in ("memory_mb", "cache_gb"):
            self._set(name, number(name, getattr(self, name), 0.0))

    def _set(self, name: str, value: float) -> None:
        """As a plain number, whatever type of number was given."""
        object.__setattr__(self, name, value)

    @property
    def changes_images(self) -> bool:
        """Whether images of one shape already must still be decoded anew."""
        return self.resolution is not None or self.channels is not None
