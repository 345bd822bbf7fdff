"""CIFAR-10 from TFDS, which downloads it (162 MiB) unless it is prepared already."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.data.tfds_source import load_images, prepare_command
from egan_tf.utils.checks import InputError

HOST = "www.cs.toronto.edu"
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 50,000 ("train") or 10,000 ("test") RGB 32×32 images.

    Raises:
        InputError: unknown split, or the data set is not prepared in `data_dir` and its site cannot be reached.
    """
    counts = {"train": "50,000", "test": "10,000"}
    about = About(
        f"CIFAR-10, {split} split: {counts.get(split)} RGB 32x32 pictures in 10 classes, prepared by TFDS.",
        license="none stated",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        citation="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    )
    return load_images("cifar10", data_dir, split, about, "some minutes, 162 MiB to download", check_download)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`; `load` itself fails at once."""


def check_download(data_dir: Path) -> None:
    """Raises `InputError` unless there is a proxy or the site answers; TFDS itself would try for minutes."""
    if any(os.environ.get(name) or os.environ.get(name.upper()) for name in PROXIES) or reachable(HOST):
        return
    raise InputError(
        "dataset",
        f"cifar10 is not prepared in {data_dir} and {HOST} cannot be reached; prepare it on a machine with a network "
        f"and copy the folder: {prepare_command('cifar10', data_dir)}",
    )


def reachable(host: str, port: int = 443, timeout: float = 5.0) -> bool:
    """True if `host` accepts a connection within `timeout` seconds."""
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout).close()
            answered.set()
        except OSError:
            pass

    # In a thread, because the lookup of a name obeys no timeout.
    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(timeout)
    return answered.is_set()
