"""LSUN as its authors publish it: one LMDB for each category and split, whose values are compressed pictures."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ClassVar

from egan_tf.data.about import About
from egan_tf.data.decoding import decode_picture, open_picture
from egan_tf.data.names import short_name
from egan_tf.data.picture_source import PictureSource, Stored, Survey, UnusablePicture
from egan_tf.utils.checks import InputError, first_line, one_of, require

DATA_FILE = "data.mdb"
SAMPLE = 256
"""Values among which there must be a picture."""
_WHERE = (
    "download such as http://dl.yf.io/lsun/scenes/bedroom_train_lmdb.zip, unpack it and give lsun:PATH of its folder"
)


class Lsun(PictureSource):
    """The pictures of one LMDB in the order of their keys; 64×64 unless another size is asked, as in E-GAN's paper."""

    resolution = 64
    class_names = ()

    def __init__(self, path: str, split: str) -> None:
        """Opens the database; raises `InputError` if there is none, or it is damaged or empty."""
        self._file = data_file(path)
        place = self._file.parent if self._file.name == DATA_FILE else self._file
        self.name, self.split = short_name(f"lsun:{place}"), split
        self._database = _Database.of(self._file)
        require(len(self) > 0, "dataset", f"{self._file} holds no pictures")
        state = self._file.stat()
        self.key = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "entries": len(self)}
        self.about = About(
            f"LSUN, {self.name}: {len(self):,} pictures of a scene or object category.",
            license="none stated by its authors; the pictures are from the web",
            source="https://www.yf.io/p/lsun",
            citation="F. Yu, A. Seff, Y. Zhang, S. Song, T. Funkhouser and J. Xiao, LSUN: construction of a "
            "large-scale image dataset using deep learning with humans in the loop, arXiv 1506.03365",
        )

    def __len__(self) -> int:
        """The number of entries."""
        return self._database.count

    def survey(self) -> Survey:
        """Makes sure that there are pictures among the first values, before millions of others are read for nothing.

        Raises:
            InputError: there is none.
        """
        found = any(_is_picture(value) for _, value in islice(self._entries(), SAMPLE))
        require(found, "dataset", f"none of the first values of {self._file} is a PNG, JPEG or WebP picture")
        return Survey(None, self.resolution, 3)

    def __iter__(self) -> Iterator[Stored]:
        """The pictures, in the order of their keys."""
        for key, value in self._entries():
            yield Stored(repr(key)[2:-1], partial(decode_picture, value))

    def _entries(self) -> Iterator[tuple[bytes, bytes]]:
        with _reading(self._file), self._database.environment.begin() as transaction:
            yield from transaction.cursor()


def _is_picture(value: bytes) -> bool:
    try:
        open_picture(value)
    except UnusablePicture:
        return False
    return True


class _Database:
    """An open LMDB; a process may open each of them only once at a time."""

    _opened: ClassVar[weakref.WeakValueDictionary[Path, _Database]] = weakref.WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, file: Path) -> None:
        import lmdb

        with _reading(file):
            # Without its lock file, a database on a read-only disk can be read.
            self.environment = lmdb.open(str(file), subdir=False, readonly=True, lock=False)
            self.count = self.environment.stat()["entries"]
            expected = (self.environment.info()["last_pgno"] + 1) * self.environment.stat()["psize"]
        # Reading beyond the end of a file that is cut off would kill the process.
        whole = file.stat().st_size >= expected
        require(whole, "dataset", f"{file} is cut off (shorter than {expected:,} bytes); unpack it again")

    @classmethod
    def of(cls, file: Path) -> _Database:
        """The database of a file, shared by all who read it at the time."""
        place = file.resolve()
        with cls._lock:
            database = cls._opened.get(place)
            if database is None:
                database = cls._opened[place] = cls(file)
        return database


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    import lmdb

    try:
        yield
    except (lmdb.Error, OSError) as error:
        problem = f"{file} cannot be read as an LMDB ({first_line(error)}); unpack it again"
        raise InputError("dataset", problem) from error


def load(argument: str, data_dir: Path, split: str = "train") -> Lsun:
    """The pictures of an LSUN database, such as bedroom_train_lmdb, 64×64 unless another size is asked.

    Args:
        argument: PATH of the unpacked folder, or of the data.mdb in it.
        data_dir: unused.
        split: "train" only; the database of another split has another path.

    Raises:
        InputError: unknown split, or there is no such database, or it is damaged or empty.
    """
    one_of("split", split, ("train",))
    return Lsun(argument, split)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, ("train",))
    data_file(argument)


def data_file(text: str) -> Path:
    """The file of the database: the path itself, or the data.mdb in it; raises `InputError` if there is none."""
    try:
        path = Path(text).expanduser()
        if path.is_file():
            return path
        if (path / DATA_FILE).is_file():
            return path / DATA_FILE
        inner = sorted(found.parent.name for found in path.glob(f"*/{DATA_FILE}"))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError("dataset", f"lsun:{text} cannot be read ({first_line(error)})") from error
    if inner:
        raise InputError("dataset", f"{path} holds several databases, name one: {', '.join(inner)}")
    raise InputError("dataset", f"{path} holds no LMDB (no {DATA_FILE}); {_WHERE}")
