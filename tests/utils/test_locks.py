"""A lock belongs to one process until that process ends."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

import pytest

from egan_tf.utils import locks
from egan_tf.utils.locks import LockedError, LocksUnsupportedError, directory_lock, path_lock


def test_a_lock_is_held_by_one_process_until_that_ends(tmp_path: Path) -> None:
    script = f"""
import pathlib, sys
from egan_tf.utils.locks import directory_lock
with directory_lock(pathlib.Path({str(tmp_path)!r})):
    print("holding", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError), directory_lock(tmp_path):
            pass
        other.kill()
    with directory_lock(tmp_path):
        pass


def test_a_lock_is_held_by_one_call(tmp_path: Path) -> None:
    with directory_lock(tmp_path), pytest.raises(LockedError), path_lock(tmp_path):
        pass
    with path_lock(tmp_path):
        pass


def test_a_thread_does_not_wait_for_itself(tmp_path: Path) -> None:
    with directory_lock(tmp_path), directory_lock(tmp_path, wait=True):
        pass
    with directory_lock(tmp_path):
        pass


def test_a_thread_waits_for_another(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with directory_lock(tmp_path, wait=True):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with directory_lock(tmp_path):
            waiting = pool.submit(second)
            with pytest.raises(FutureTimeoutError):
                waiting.result(timeout=0.1)
            order.append("first")
        waiting.result()
    assert order == ["first", "second"]


def test_where_directories_cannot_be_locked_a_file_in_them_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on NFS, which locks files that are open for writing."""
    original = locks.fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if os.readlink(f"/proc/self/fd/{descriptor}") == str(tmp_path):
            raise OSError(errno.EBADF, "Bad file descriptor")
        assert fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_RDWR
        original(descriptor, operation)

    monkeypatch.setattr(locks.fcntl, "flock", flock)
    with directory_lock(tmp_path), pytest.raises(LockedError), directory_lock(tmp_path):
        pass
    with directory_lock(tmp_path):
        assert (tmp_path / ".lock").exists()


@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_where_no_file_can_be_made_either_the_block_continues(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(code, "refused")

    monkeypatch.setattr(locks.fcntl, "flock", refused)
    monkeypatch.setattr(Path, "touch", refused)
    with directory_lock(tmp_path), directory_lock(tmp_path):
        entered = True
    assert entered


def test_where_nothing_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    with directory_lock(tmp_path), directory_lock(tmp_path):
        pass
    with pytest.raises(LocksUnsupportedError), path_lock(tmp_path):
        pass


def test_an_absent_directory_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), directory_lock(tmp_path / "absent"):
        pass
