"""Pictures of any data set of tensorflow-datasets (TFDS), streamed record by record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from egan_tf.data.about import UNKNOWN, About
from egan_tf.data.decoding import decode_picture, open_picture
from egan_tf.data.names import short_name
from egan_tf.data.picture_source import PictureSource, Stored, Survey, UnusablePicture
from egan_tf.data.tfds_files import INFO, check_available, prepared_folders
from egan_tf.data.tfds_source import prepared_builder, quiet, reading
from egan_tf.utils.checks import InputError, format_value, one_of, require

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLE = 256
"""Pictures looked at for sizes that the data set does not declare."""
BATCH = 32
"""Records fetched at once, which is faster than one by one."""
CHANNELS = (1, 3, 4)
_NAME = re.compile(r"[a-z][a-z0-9_]*(/[\w.\-]+)?")
_TENSORFLOW_ONLY = (b"BM", b"GIF8")
"""How the formats begin that TFDS takes and `decode_picture` does not: BMP and GIF."""


class Features(NamedTuple):
    """The features of a data set that are read.

    Attributes:
        image: the name of the image feature.
        shape: (height, width, channels), each None if it varies.
        label: the name of the class label, or None.
        class_names: by label; () without a label.
    """

    image: str
    shape: tuple[int | None, int | None, int | None]
    label: str | None
    class_names: tuple[str, ...]


class TfdsPictures(PictureSource):
    """One split of a prepared data set, in its stored order."""

    def __init__(self, name: str, builder: Any, split: str, about: About, labelled: bool = True) -> None:
        """Reads no pictures but the first.

        Args:
            name: of the data set, for runs and cards.
            builder: of TFDS, prepared.
            split: a split or slice of TFDS, such as "train" or "train[:50%]".
            about: facts for cards.
            labelled: whether the class label is read, if there is one.

        Raises:
            InputError: the split does not exist or is empty, or the features do not fit.
        """
        self.name, self.split, self.about = name, split, about
        self._builder = builder
        self._folder = Path(builder.data_path)
        self._count = split_size(builder, split)
        self._features = features_of(builder, labelled)
        # Some test splits come without their labels, which TFDS writes as -1.
        if self._features.label and next(self._records())[1] == -1:
            self._features = self._features._replace(label=None, class_names=())
        self.class_names = self._features.class_names
        info = hashlib.sha256((self._folder / INFO).read_bytes()).hexdigest()
        self.key = {
            "data_set": builder.info.full_name,
            "split": split,
            "image": self._features.image,
            "label": self._features.label,
            "class_names": list(self.class_names),
            "info": info,
        }

    def __len__(self) -> int:
        """The number of records."""
        return self._count

    def survey(self) -> Survey:
        """As `PictureSource.survey`; looks at the first records for what the data set does not declare."""
        height, width, channels = self._features.shape
        if height and width and channels:
            return Survey((height, width), min(height, width), channels)
        sampled = [found for content, _ in self._records(SAMPLE) if (found := _header(content))]
        if not sampled:
            raise InputError("dataset", f"{self._folder.name}: none of the first pictures can be read")
        typical = round(median(min(size) for size, _ in sampled))
        return Survey(None, typical, channels or _common_channels([bands for _, bands in sampled]))

    def __iter__(self) -> Iterator[Stored]:
        """The records, in their stored order."""
        for index, (content, label) in enumerate(self._records()):
            yield Stored(f"record {index}", partial(_decode, content), label)

    def _records(self, limit: int | None = None) -> Iterator[tuple[bytes, int | None]]:
        import tensorflow_datasets as tfds

        features = self._features
        wanted = {features.image: True} | ({features.label: True} if features.label else {})
        skip = {features.image: tfds.decode.SkipDecoding()}
        with reading(self._folder), quiet():
            records = self._builder.as_dataset(
                split=self.split,
                shuffle_files=False,
                # One shard after the other, and no cache in memory.
                read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
                decoders=tfds.decode.PartialDecoding(wanted, decoders=skip),
            )
            iterator = records.take(-1 if limit is None else limit).batch(BATCH).as_numpy_iterator()
        while True:
            with reading(self._folder):
                batch = next(iterator, None)
            if batch is None:
                return
            labels = batch[features.label] if features.label else repeat(None)
            for content, label in zip(batch[features.image], labels, strict=False):
                yield content, None if label is None else int(label)


def load(argument: str, data_dir: Path, split: str = "train") -> TfdsPictures:
    """Any image data set of tensorflow-datasets, such as oxford_flowers102 or imagenet_resized/32x32:train[:50%].

    Args:
        argument: NAME[/CONFIG][:SPLIT].
        data_dir: the `data_dir` of TFDS.
        split: of `load`; if `argument` names a split too, this must be "train", the default.

    Raises:
        InputError: no such data set or split, it can be neither read nor prepared, or it does not hold one image each.
    """
    name, chosen = parse(argument, split)
    builder = prepared_builder(name, data_dir, "time and space as TFDS's catalogue says")
    return TfdsPictures(short_name(f"tfds:{argument}"), builder, chosen, _about(builder, chosen))


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    name, _ = parse(argument, split)
    if name.partition("/")[0] == "lsun" and not prepared_folders(name, data_dir):
        raise InputError(
            "dataset",
            "tensorflow-datasets prepares lsun only with tensorflow_io, which no longer works; download the LMDB (such "
            "as http://dl.yf.io/lsun/scenes/bedroom_train_lmdb.zip), unpack it and give lsun:PATH",
        )
    check_available(name, data_dir)


def parse(argument: str, split: str = "train") -> tuple[str, str]:
    """NAME[/CONFIG] and the split of a string NAME[/CONFIG][:SPLIT].

    Raises:
        InputError: it is no such string, or two splits are named.
    """
    name, colon, chosen = argument.partition(":")
    text = format_value(f"tfds:{argument}")
    good = _NAME.fullmatch(name) is not None and bool(chosen) == bool(colon)
    require(good, "dataset", f"must be tfds:NAME[/CONFIG][:SPLIT], such as tfds:oxford_flowers102:test, got {text}")
    require(not chosen or split in ("train", chosen), "split", f"is {split!r}, but the data set says {chosen!r}")
    return name, chosen or split


def split_size(builder: Any, split: str) -> int:
    """The number of records of a split or slice; raises `InputError` if it does not exist or is empty."""
    known = builder.info.splits
    plain = re.split(r"[\[+]", split)[0]
    one_of("split", plain, known)
    try:
        count = int(known[split].num_examples)
    except Exception as error:  # TFDS raises ValueError, AssertionError and KeyError for slices
        text = " ".join(str(error).split())
        raise InputError("split", f"{split!r} is no slice of {plain} ({text}); such as {plain}[:50%]") from error
    require(count > 0, "split", f"{split!r} is empty")
    return count


def features_of(builder: Any, labelled: bool = True) -> Features:
    """The image feature of a data set, and its class label if there is exactly one.

    Raises:
        InputError: it has no image feature, several of which none is called "image", or one that is not uint8 or
            uint16 with 1, 3 or 4 channels.
    """
    import tensorflow_datasets as tfds

    features = builder.info.features
    named = dict(sorted(features.items())) if isinstance(features, tfds.features.FeaturesDict) else {}
    images = [name for name, feature in named.items() if isinstance(feature, tfds.features.Image)]
    if "image" in images:
        images = ["image"]
    if len(images) != 1:
        found = f"several images: {', '.join(images)}" if images else f"no image: {', '.join(named) or 'none named'}"
        raise InputError("dataset", f"{builder.info.full_name} cannot be used; its features have {found}")
    image = named[images[0]]
    dtype = np.dtype(image.np_dtype)
    if dtype not in (np.uint8, np.uint16):
        raise InputError("dataset", f"{builder.info.full_name} cannot be used; its images are {dtype}, not 8 or 16 bit")
    if image.shape[2] not in (None, *CHANNELS):
        raise InputError(
            "dataset", f"{builder.info.full_name} cannot be used; its images have {image.shape[2]} channels"
        )
    label = _label(named) if labelled else None
    return Features(images[0], tuple(image.shape), label, tuple(named[label].names) if label else ())


def _label(named: dict[str, Any]) -> str | None:
    import tensorflow_datasets as tfds

    labels = [
        name for name, feature in named.items() if isinstance(feature, tfds.features.ClassLabel) and feature.num_classes
    ]
    if "label" in labels:
        return "label"
    return labels[0] if len(labels) == 1 else None


def _about(builder: Any, split: str) -> About:
    info = builder.info
    count = split_size(builder, split)
    return About(
        f"{info.full_name} of tensorflow-datasets, split {split}: {count:,} pictures.",
        license=" ".join(info.redistribution_info.license.split()) or UNKNOWN,
        source=info.homepage,
        citation=" ".join(info.citation.split()) or UNKNOWN,
    )


def _decode(content: bytes) -> Image:
    if not content.startswith(_TENSORFLOW_ONLY):
        return decode_picture(content)
    import PIL.Image
    import tensorflow as tf

    try:
        with tf.device("CPU"):
            pixels = tf.io.decode_image(content, expand_animations=False).numpy()
    except tf.errors.OpError as error:
        raise UnusablePicture(error.message.splitlines()[0]) from error
    return PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _header(content: bytes) -> tuple[tuple[int, int], tuple[str, ...]] | None:
    """(width, height) and the bands of a picture, None if it is damaged."""
    try:
        picture = _decode(content) if content.startswith(_TENSORFLOW_ONLY) else open_picture(content)
    except UnusablePicture:
        return None
    bands = picture.getbands()
    return picture.size, (*bands, "A") if "transparency" in picture.info and "A" not in bands else bands


def _common_channels(bands: list[tuple[str, ...]]) -> int:
    if all("A" in names for names in bands):
        return 4
    return 1 if all(names[0] in "1LI" and "A" not in names for names in bands) else 3
