"""Fashion-MNIST from TFDS, prepared offline from the files of a Debian package."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.data.tfds_files import check_complete, check_fetchable, manual_folder, prepared_folders
from egan_tf.data.tfds_source import SPLITS, load_images
from egan_tf.utils.atomic import atomic_write, remove_leftovers, sha256_of
from egan_tf.utils.checks import InputError, one_of

NAME = "fashion_mnist"
DEBIAN_DIR = Path("/usr/share/datasets/fashion-mnist")
GZIP_HEADER_SIZE = 10
"""Bytes before the compressed data in the files of Debian, which record no file name."""


@dataclass(frozen=True)
class OriginalFile:
    """A file as its authors published it: name, modification time in the gzip header, SHA-256 (as TFDS checks it)."""

    name: str
    mtime: int
    sha256: str


ORIGINALS = (
    OriginalFile(
        "train-images-idx3-ubyte.gz", 1504176606, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    OriginalFile(
        "train-labels-idx1-ubyte.gz", 1504176606, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    OriginalFile(
        "t10k-images-idx3-ubyte.gz", 1504176627, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    OriginalFile(
        "t10k-labels-idx1-ubyte.gz", 1504176627, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
)


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 60,000 ("train") or 10,000 ("test") grey 28×28 images.

    Raises:
        InputError: unknown split, or the data set is neither prepared in `data_dir` nor can be prepared offline.
    """
    counts = {"train": "60,000", "test": "10,000"}
    about = About(
        f"Fashion-MNIST, {split} split: {counts.get(split)} grey 28x28 pictures of clothes in 10 classes, prepared by "
        "TFDS.",
        license="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist",
        citation="H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine "
        "learning algorithms, arXiv 1708.07747",
    )
    return load_images(NAME, data_dir, split, about, "about 15 s", provide_downloads)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, SPLITS)
    if not prepared_folders(NAME, data_dir):
        check_complete(NAME, data_dir)
        _check_originals(data_dir, DEBIAN_DIR)


def provide_downloads(data_dir: Path, source: Path | None = None) -> None:
    """Puts the four original files into `data_dir`/downloads/manual, where TFDS looks before it downloads.

    Without the Debian package, TFDS downloads what is missing if the site can be reached.

    Args:
        data_dir: folder of prepared data sets. Undamaged originals in it are kept.
        source: folder of the Debian package, from which missing originals are restored; by default `DEBIAN_DIR`.

    Raises:
        InputError: a file is missing or damaged, or `data_dir` cannot be written.
    """
    source = DEBIAN_DIR if source is None else source
    for original in _check_originals(data_dir, source):
        content = restore((source / original.name).read_bytes(), original)
        if hashlib.sha256(content).hexdigest() != original.sha256:
            raise InputError(
                "dataset",
                f"{source / original.name} is damaged (not the published file under another gzip header); "
                "reinstall step: apt-get install --reinstall dataset-fashion-mnist",
            )
        _write(manual_folder(data_dir) / original.name, content)


def _check_originals(data_dir: Path, source: Path) -> list[OriginalFile]:
    """The original files to restore from `source`; raises `InputError` if they can be had from nowhere."""
    manual = manual_folder(data_dir)
    needed = [original for original in ORIGINALS if not _is_original(manual / original.name, original)]
    if all((source / original.name).is_file() for original in needed):
        return needed
    check_fetchable(NAME, data_dir, "on Debian: apt-get install dataset-fashion-mnist")
    return []


def restore(packed: bytes, original: OriginalFile) -> bytes:
    """The gzip file `packed` of Debian with the header of the original: Debian stripped its name and time."""
    name = original.name.removesuffix(".gz").encode()
    header = b"\x1f\x8b\x08\x08" + original.mtime.to_bytes(4, "little") + b"\x00\x03" + name + b"\x00"
    return header + packed[GZIP_HEADER_SIZE:]


def _is_original(path: Path, original: OriginalFile) -> bool:
    return path.is_file() and sha256_of(path) == original.sha256


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, path.name)
        atomic_write(path, content)
    except OSError as error:
        raise InputError("data_dir", f"{path} cannot be written ({error.strerror}); choose another data_dir") from error
