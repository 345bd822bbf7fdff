"""Small file systems for tests of full and read-only disks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB; skips the test if none can be mounted."""
    yield from mounted(tmp_path / "disk", "size=256k")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB; skips the test if none can be mounted."""
    yield from mounted(tmp_path / "disk", "size=4m")


def mounted(place: Path, options: str) -> Iterator[Path]:
    """Mounts a tmpfs at `place` and yields it."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if done.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def remount(place: Path, option: str) -> None:
    """Makes a mounted disk read-only ("ro") or writable again ("rw")."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True)
