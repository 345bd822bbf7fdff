"""Files and folders appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from egan_tf.utils.atomic import LockedError, atomic_directory, atomic_write, directory_lock, sweep


def test_a_file_replaces_another_whole(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", "one")
    atomic_write(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_text() == "two"
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_that_cannot_be_moved_to_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_write(tmp_path / "a", "one")
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "a") as partial:
        (partial / "file").write_text("content")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "file").read_text() == "content"


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_folder_that_fails_goes_away(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), atomic_directory(tmp_path / "a") as partial:
        (partial / "file").write_text("content")
        raise error
    assert os.listdir(tmp_path) == []


def test_a_folder_never_replaces_one_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("")
    with pytest.raises(OSError, match="not empty"), atomic_directory(tmp_path / "a") as partial:
        (partial / "new").write_text("")
    assert os.listdir(tmp_path / "a") == ["old"]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    script = f"""
import os, pathlib
from egan_tf.utils.atomic import atomic_directory
with atomic_directory(pathlib.Path({str(tmp_path)!r}) / "a") as partial:
    (partial / "file").write_text("half")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert len(os.listdir(tmp_path)) == 1
    (tmp_path / "kept").write_text("")
    sweep(tmp_path)
    assert os.listdir(tmp_path) == ["kept"]


def test_a_folder_is_held_by_one_process_until_that_ends(tmp_path: Path) -> None:
    script = f"""
import pathlib, sys
from egan_tf.utils.atomic import directory_lock
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
