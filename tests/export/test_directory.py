"""An export appears complete or not at all, and replaces only another export."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest

from egan_tf.export import FORMATS, export_generator, exporter
from egan_tf.export.card import CARD_FORMAT
from egan_tf.export.directory import atomic_export
from egan_tf.export.formats.onnx_file import OnnxFile
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.utils import locks
from egan_tf.utils.checks import InputError
from egan_tf.utils.locks import directory_lock
from tests.export.generators import UNIFORM


def fill(directory: Path, content: str, overwrite: bool = False) -> None:
    with atomic_export(directory, overwrite) as partial:
        (partial / "sub").mkdir()
        (partial / "sub" / "file").write_text(content)
        (partial / CARD_FILE).write_text(f'{{"format": "{CARD_FORMAT}", "files": {{"sub/file": {{}}}}}}')


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_appears_when_complete(tmp_path: Path) -> None:
    target = tmp_path / "saved_models" / "it"
    with atomic_export(target, False) as partial:
        assert partial.parent == target.parent and partial.name.startswith(".it.")
        assert not target.exists()
        (partial / "file").write_text("whole")
    assert names(target.parent) == ["it"] and (target / "file").read_text() == "whole"
    assert os.stat(target).st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


@pytest.mark.parametrize("failure", [RuntimeError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_failure_leaves_no_files_and_keeps_the_old_export(failure: BaseException, tmp_path: Path) -> None:
    for overwrite in (False, True):
        with pytest.raises(type(failure)), atomic_export(tmp_path / "it", overwrite) as partial:
            (partial / "file").write_text("half")
            raise failure
        assert names(tmp_path) == (["it"] if overwrite else [])
        if not overwrite:
            fill(tmp_path / "it", "old")
    assert (tmp_path / "it" / "sub" / "file").read_text() == "old"


def test_an_export_is_replaced_only_with_overwrite(tmp_path: Path) -> None:
    fill(tmp_path / "it", "old")
    with pytest.raises(InputError, match=r"name: .*it exists; --overwrite replaces it"):
        fill(tmp_path / "it", "new")
    assert (tmp_path / "it" / "sub" / "file").read_text() == "old"
    fill(tmp_path / "it", "new", overwrite=True)
    assert (tmp_path / "it" / "sub" / "file").read_text() == "new" and names(tmp_path) == ["it"]


def test_an_empty_directory_may_be_filled(tmp_path: Path) -> None:
    """As `tempfile.mkdtemp` makes one; a directory with only a hidden file in it is not empty."""
    for name in ("it", "link"):
        (tmp_path / "real").mkdir(exist_ok=True)
        (tmp_path / name).mkdir() if name == "it" else (tmp_path / name).symlink_to("real")
        fill(tmp_path / name, "new")
        assert (tmp_path / name / "sub" / "file").read_text() == "new"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ".hidden").touch()
    with pytest.raises(InputError, match="no export of egan_tf"):
        fill(tmp_path / "other", "new", overwrite=True)
    assert names(tmp_path) == ["it", "link", "other", "real"]


def test_a_symbolic_link_to_an_export_stays_a_link(tmp_path: Path) -> None:
    fill(tmp_path / "real", "old")
    (tmp_path / "link").symlink_to("real")
    fill(tmp_path / "link", "new", overwrite=True)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "sub" / "file").read_text() == "new"


@pytest.mark.parametrize("card", [None, "", "{}", "[]", '{"format": "other", "files": {}}', '{"files": {}}'])
def test_never_replaces_another_directory(card: str | None, tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "thesis.tex").write_text("years")
    if card is not None:
        (tmp_path / "it" / CARD_FILE).write_text(card)
    for overwrite in (False, True):
        with pytest.raises(InputError, match="no export of egan_tf"):
            fill(tmp_path / "it", "new", overwrite)
    assert (tmp_path / "it" / "thesis.tex").read_text() == "years" and names(tmp_path) == ["it"]


def test_never_removes_files_of_the_user(tmp_path: Path) -> None:
    fill(tmp_path / "it", "old")
    (tmp_path / "it" / "sub" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"sub/notes\.txt"):
        fill(tmp_path / "it", "new", overwrite=True)
    assert (tmp_path / "it" / "sub" / "notes.txt").read_text() == "mine"


def test_refuses_invalid_directories(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "it", Path("/"), Path("/proc/it"), tmp_path / ("n" * 300)):
        with pytest.raises(InputError) as caught:
            fill(place, "new", overwrite=True)
        assert caught.value.field == "name" and "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]


def test_a_concurrent_export_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="exists"), atomic_export(tmp_path / "it", False):
        fill(tmp_path / "it", "other")
    assert (tmp_path / "it" / "sub" / "file").read_text() == "other" and names(tmp_path) == ["it"]


def test_the_old_export_is_restored_if_the_last_rename_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "it", "old")
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError("disk gone")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputError, match="disk gone"):
        fill(tmp_path / "it", "new", overwrite=True)
    assert (tmp_path / "it" / "sub" / "file").read_text() == "old" and names(tmp_path) == ["it"]


def test_leftovers_of_a_killed_export_are_removed_and_those_of_a_running_one_stay(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from egan_tf.export.directory import atomic_export\n"
        f"with atomic_export(pathlib.Path({str(tmp_path / 'it')!r}), False) as partial:\n"
        "    (partial / 'file').write_text('half'); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    (left,) = names(tmp_path)
    fill(tmp_path / "it", "other")
    assert names(tmp_path) == sorted([left, "it"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert names(tmp_path) == sorted([left, "it"]) and (tmp_path / "it" / "sub" / "file").read_text() == "other"
    fill(tmp_path / "it", "new", overwrite=True)
    assert names(tmp_path) == ["it"]


def test_after_a_kill_between_the_renames_the_old_export_is_restored(tmp_path: Path) -> None:
    fill(tmp_path / "it", "old")
    (tmp_path / "it").rename(tmp_path / ".it.0123abcd.replaced")
    with pytest.raises(InputError, match="exists"):
        fill(tmp_path / "it", "new")
    assert names(tmp_path) == ["it"] and (tmp_path / "it" / "sub" / "file").read_text() == "old"


def test_export_generator_overwrites_only_on_request_and_only_on_success(
    mlp: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export(**changes: Any) -> None:
        export_generator(mlp, tmp_path / "it", latent=UNIFORM, value_range=None, card={}, formats=["onnx"], **changes)

    class FullDisk(OnnxFile):
        def write(self, *_: Any) -> None:
            raise OSError(28, "No space left on device")

    export()
    card = (tmp_path / "it" / CARD_FILE).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(exporter, "prepare_source", lambda *_: pytest.fail("worked before it refused"))
        with pytest.raises(InputError, match="--overwrite"):
            export()
    with monkeypatch.context() as patched:
        patched.setitem(FORMATS, "onnx", FullDisk())
        with pytest.raises(InputError, match="No space left"):
            export(overwrite=True)
    assert (tmp_path / "it" / CARD_FILE).read_bytes() == card and names(tmp_path) == ["it"]
    export(overwrite=True, preview_seed=1)
    assert (tmp_path / "it" / CARD_FILE).read_bytes() != card and names(tmp_path) == ["it"]


def test_a_run_may_export_into_its_own_folder(tmp_path: Path) -> None:
    with directory_lock(tmp_path):
        fill(tmp_path / "it", "whole")
    assert names(tmp_path) == ["it"]


def test_a_disk_that_fills_up_is_an_error_of_one_line(tmp_path: Path) -> None:
    message = r"^name: cannot write .*: No space left on device$"
    with pytest.raises(InputError, match=message), atomic_export(tmp_path / "it", False) as partial:
        (partial / "file").write_text("half")
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_works_without_file_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    fill(tmp_path / "it", "new")
    assert names(tmp_path) == ["it"]
