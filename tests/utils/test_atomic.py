"""Files and directories appear complete or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.utils import locks
from egan_tf.utils.atomic import atomic_directory, atomic_file, atomic_write, remove_leftovers


def test_a_file_is_replaced_atomically(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a", "one")
    atomic_write(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_text() == "two"
    assert os.listdir(tmp_path) == ["a"]


def test_a_file_that_cannot_be_renamed_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_write(tmp_path / "a", "one")
    assert os.listdir(tmp_path) == ["a"]


def test_a_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    with atomic_directory(tmp_path / "a") as partial:
        (partial / "file").write_text("content")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "file").read_text() == "content"


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_failed_directory_is_removed(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), atomic_directory(tmp_path / "a") as partial:
        (partial / "file").write_text("content")
        raise error
    assert os.listdir(tmp_path) == []


def test_a_directory_that_is_not_empty_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("")
    with pytest.raises(OSError, match="not empty"), atomic_directory(tmp_path / "a") as partial:
        (partial / "new").write_text("")
    assert os.listdir(tmp_path / "a") == ["old"]


def test_a_large_array_is_written_without_a_second_copy(tmp_path: Path) -> None:
    array = np.arange(1000)
    with atomic_file(tmp_path / "a.npy") as file:
        np.save(file, array)
        assert not (tmp_path / "a.npy").exists()
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)
    assert os.listdir(tmp_path) == ["a.npy"]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_failed_file_is_removed_and_the_old_one_stays(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(type(error)), atomic_file(tmp_path / "a") as file:
        file.write(b"half")
        raise error
    assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


WRITERS = {
    "directory": 'atomic_directory(folder / "a") as partial',
    "file": 'atomic_file(folder / "a")',
}


def writer(kind: str, folder: Path) -> subprocess.Popen[str]:
    """A process that has begun to write `folder / "a"` and waits."""
    script = f"""
import pathlib, sys
from egan_tf.utils.atomic import atomic_directory, atomic_file
folder = pathlib.Path({str(folder)!r})
with {WRITERS[kind]}:
    print("writing", flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize("kind", WRITERS)
def test_leftovers_of_a_killed_process_are_removed_and_those_of_a_living_one_stay(kind: str, tmp_path: Path) -> None:
    (tmp_path / ".b.0123abcd.partial").write_text("half")
    (tmp_path / ".kept.partial").write_text("of somebody else")
    with writer(kind, tmp_path) as process:
        assert len(os.listdir(tmp_path)) == 3
        remove_leftovers(tmp_path)
        assert len(os.listdir(tmp_path)) == 2
        process.kill()
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == [".kept.partial"]


def test_only_leftovers_of_the_name_are_removed(tmp_path: Path) -> None:
    for name in (".a.0123abcd.partial", ".a.b.0123abcd.partial", ".ab.0123abcd.partial"):
        (tmp_path / name).mkdir()
    remove_leftovers(tmp_path, "a")
    assert sorted(os.listdir(tmp_path)) == [".a.b.0123abcd.partial", ".ab.0123abcd.partial"]
    remove_leftovers(tmp_path / "absent")


def test_without_locks_files_are_written_and_no_leftover_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    (tmp_path / ".a.0123abcd.partial").write_text("perhaps still written")
    with atomic_directory(tmp_path / "b", lambda: None) as partial:
        atomic_write(partial / "file", "content")
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".a.0123abcd.partial", "b"]


def test_a_temporary_directory_removed_before_its_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`remove_leftovers` of another process may come between making a temporary directory and locking it."""
    mkdir, made = Path.mkdir, []

    def removed_at_first(self: Path, *arguments: Any, **options: Any) -> None:
        mkdir(self, *arguments, **options)
        made.append(self)
        if len(made) == 1:
            remove_leftovers(tmp_path)

    monkeypatch.setattr(Path, "mkdir", removed_at_first)
    with atomic_directory(tmp_path / "a") as partial:
        atomic_write(partial / "file", "content")
    assert len(made) == 2 and os.listdir(tmp_path) == ["a"]


def test_a_replaced_directory_is_moved_back_if_nothing_replaced_it(tmp_path: Path) -> None:
    for name in (".a.0123abcd.replaced", ".b.0123abcd.replaced", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert (tmp_path / "a" / "file").read_text() == ".a.0123abcd.replaced"
    assert (tmp_path / "b" / "file").read_text() == "b"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_at_a_rename_leaves_the_old_directory(
    number: int, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "it"
    path.mkdir()
    (path / "file").write_text("old")
    rename, calls = Path.rename, []

    def interrupted(one: Path, other: Path) -> Path:
        calls.append(one)
        if len(calls) == number and not after:
            raise KeyboardInterrupt
        renamed = rename(one, other)
        if len(calls) == number:
            raise KeyboardInterrupt
        return renamed

    with pytest.raises(KeyboardInterrupt), atomic_directory(path, lambda: None) as partial:
        (partial / "file").write_text("new")
        monkeypatch.setattr(Path, "rename", interrupted)
    assert [one.name for one in tmp_path.iterdir()] == ["it"]
    assert (path / "file").read_text() == "old"
