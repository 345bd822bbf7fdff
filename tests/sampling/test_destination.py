"""`--out` and `write_samples`: what the name says is written, and nothing is replaced that should stay."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf.sampling import Sampler
from egan_tf.sampling.files import write_samples
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, build, put
from tests.sampling.test_command import run_command

WHOLE = build(IMAGE)


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Works in a folder with a model in `generator.onnx`, and an export in `export`."""
    put(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path)
    make_export(tmp_path / "export")


def make_export(folder: Path) -> None:
    sampler = Sampler(put(folder.parent, WHOLE))
    (folder / "saved_model").mkdir(parents=True)
    put(folder, WHOLE)
    put(folder, b"a picture", "samples.png")
    put(folder, b"weights", "saved_model/weights.npy")
    files = (
        "generator.onnx",
        "samples.png",
        "missing.png",
        "saved_model/weights.npy",
        "saved_model/lost.npy",
        "lost_folder/weights.npy",
    )
    card = {"format": "egan_tf export 1", "files": {name: {"sha256": sampler.sha256} for name in files}}
    (folder / CARD_FILE).write_text(json.dumps(card))


def contents(folder: Path) -> dict[str, bytes | str]:
    """Every file below a folder; of links their targets."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def write(out: Any, overwrite: bool = False) -> str:
    return write_samples(Sampler("generator.onnx"), out, 3, 0, overwrite=overwrite)


def refused(out: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """The one line of the refusal, the same from Python and the command line; nothing changes."""
    before = contents(Path.cwd())
    with pytest.raises(InputError) as caught:
        write(out, overwrite=bool(flags))
    assert caught.value.field == "out" and len(str(caught.value).splitlines()) == 1
    if isinstance(out, str) and "\x00" not in out:
        assert run_command(monkeypatch, "generator.onnx", f"--out={out}", "--count=3", *flags) == 2
        assert capsys.readouterr().err == f"egan-sample: error: {caught.value}\n"
    assert contents(Path.cwd()) == before
    return str(caught.value)


WRONG_NAMES = [
    *("-", "", ".", "..", "/", "//", "a/..", "./", "\x00", "a\x00.npy", "\ud800.npy", "x.json", "out.tar.gz", "x.npz"),
    *(
        "x.jpg",
        "x.jpeg",
        "x.gif",
        "x.webp",
        "x.onnx",
        "x.txt",
        "x.pt",
        "a.b",
        "v1.5",
        "x.png.bak",
        "x.npy.gz",
        "x.",
        "a..b",
    ),
    *(
        "x.npy~",
        "x.npyx",
        ".x.json",
        "x.P NG",
        "n" * 300 + ".npy",
        "n" * 300,
        "absent/x.npy",
        "absent/x/",
        "/proc/x.npy",
    ),
    *("generator.onnx/x.npy", "generator.onnx/", "generator.onnx", "/dev/stdout", "/dev/null", "/dev/stdout/"),
]
WRONG_TYPES = [None, 3, True, b"x.npy", ["x.npy"], object()]


@pytest.mark.parametrize("out", [*WRONG_NAMES, *WRONG_TYPES])
@pytest.mark.parametrize("flags", [(), ("--overwrite",)])
def test_a_name_that_says_something_else_is_refused(
    out: Any, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(out, monkeypatch, capsys, *flags)


RIGHT_NAMES = {
    **dict.fromkeys(("x.npy", "x.NPY", "./x.npy", "a b.c.npy", ".x.npy", "-.npy", "taken/../x.npy"), "array"),
    **dict.fromkeys(("x.png", "x.Png", "x.tar.png"), "picture"),
    **dict.fromkeys(
        ("x", "x/", "-/", ".x", "a.b/", "x.npy/", "x.json/", "out.tar.gz//", "taken", "taken.2", "a-b"), "folder"
    ),
}


@pytest.mark.parametrize("out", RIGHT_NAMES)
@pytest.mark.parametrize("entrance", ["python", "command"])
def test_a_name_says_what_is_written(out: str, entrance: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("taken", "taken.2"):  # empty folders
        Path(name).mkdir()
    if entrance == "python":
        write(out if out.endswith("/") else Path(out))  # a Path drops the slash
    else:
        assert run_command(monkeypatch, "generator.onnx", f"--out={out}", "--count=3") == 0
    kind = RIGHT_NAMES[out]
    if kind == "folder":
        assert sorted(os.listdir(out)) == ["00000.png", "00001.png", "00002.png"]
    elif kind == "array":
        np.testing.assert_array_equal(np.load(out), Sampler("generator.onnx").sample(3))
    else:
        assert Image.open(out).format == "PNG"


def regular(path: Path) -> None:
    path.write_bytes(b"old")


def link(path: Path) -> None:
    regular(Path("elsewhere"))
    path.symlink_to("elsewhere")


def hard_link(path: Path) -> None:
    regular(Path("elsewhere"))
    path.hardlink_to("elsewhere")


def beside_another_card(path: Path) -> None:
    regular(path)
    Path(CARD_FILE).write_text('{"name": "ace of spades"}')


EXISTING: dict[str, Callable[[Path], None]] = {
    "file": regular,
    "link": link,
    "hard link": hard_link,
    "beside another card": beside_another_card,
}


@pytest.mark.parametrize("name", EXISTING)
@pytest.mark.parametrize("out", ["x.npy", "x.png"])
def test_a_file_is_replaced_only_if_told(
    name: str, out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sampler = Sampler("generator.onnx")  # before there is a card of something else beside it
    EXISTING[name](Path(out))
    with pytest.raises(InputError, match=f"out: {out} exists; --overwrite"):
        write_samples(sampler, out, 3, 0)
    assert Path(out).read_bytes() == b"old"
    write_samples(sampler, out, 3, 0, overwrite=True)
    assert Path(out).read_bytes().startswith((b"\x93NUMPY", b"\x89PNG")) and not Path(out).is_symlink()
    if "link" in name:
        assert Path("elsewhere").read_bytes() == b"old"
    assert run_command(monkeypatch, "export", f"--out={out}", "--count=4", "--overwrite") == 0
    assert run_command(monkeypatch, "export", f"--out={out}", "--count=4") == 2
    assert "exists; --overwrite" in capsys.readouterr().err


SPECIAL: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/null"),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a folder": lambda path: path.symlink_to("export"),
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("out", ["x.npy", "x.png"])
def test_what_is_no_file_is_never_replaced(
    name: str, out: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SPECIAL[name](Path(out))
    for flags in ((), ("--overwrite",)):
        with pytest.raises(InputError, match="^out: "):
            write(out, overwrite=bool(flags))
        assert run_command(monkeypatch, "generator.onnx", f"--out={out}", *flags) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert os.path.lexists(out) and (name == "folder") == (os.path.isdir(out) and not os.path.islink(out))


def links(target: str, name: str, make: Callable[..., None]) -> str:
    make(target, name)
    return name


OF_AN_EXPORT: dict[str, Callable[[], str]] = {
    "its picture": lambda: "export/samples.png",
    "a file below": lambda: "export/saved_model/weights.npy",
    "a missing file": lambda: "export/missing.png",
    "a missing file below": lambda: "export/saved_model/lost.npy",
    "a missing folder": lambda: "export/lost_folder",
    "a missing folder with a slash": lambda: "export/lost_folder/",
    "by a detour": lambda: "export/saved_model/../samples.png",
    "through a linked folder": lambda: links("export", "linked", os.symlink) + "/samples.png",
    "through a link": lambda: links("export/samples.png", "x.png", os.symlink),
    "through a link to a missing file": lambda: links("export/missing.png", "x.png", os.symlink),
    "through two links": lambda: links(links("export/samples.png", "y.png", os.symlink), "x.png", os.symlink),
    "a hard link to its picture": lambda: links("export/samples.png", "x.png", os.link),
    "a link to its model": lambda: links("export/generator.onnx", "x.npy", os.symlink),
    "a hard link to its model": lambda: links("export/generator.onnx", "x.npy", os.link),
    "a link to its card": lambda: links("export/card.json", "x.npy", os.symlink),
    "a hard link to its card": lambda: links("export/card.json", "x.npy", os.link),
}


@pytest.mark.parametrize("name", OF_AN_EXPORT)
@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_an_export_are_never_replaced(
    name: str, overwrite: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = OF_AN_EXPORT[name]()
    before = contents(Path.cwd())
    assert run_command(monkeypatch, "export", f"--out={out}", "--count=3", *["--overwrite"] * overwrite) == 2
    said = capsys.readouterr().err
    assert "export, whose files are never replaced" in said or "is the model itself" in said
    with pytest.raises(InputError, match="^out: "):
        write_samples(Sampler("export"), out, 3, 0, overwrite=overwrite)
    if "hard link" not in name:  # from another model, too
        with pytest.raises(InputError, match="^out: "):
            write(out, overwrite)
    assert contents(Path.cwd()) == before


@pytest.mark.parametrize("make", [os.symlink, os.link, shutil.move])
def test_the_model_itself_is_never_replaced(make: Callable[..., None], tmp_path: Path) -> None:
    make("generator.onnx", "model.npy")
    for model in ("model.npy", "generator.onnx"):
        if os.path.exists(model):
            with pytest.raises(InputError, match="out: model.npy is the model itself"):
                write_samples(Sampler(model), "model.npy", 3, 0, overwrite=True)
    assert (tmp_path / "model.npy").read_bytes() == WHOLE


@pytest.mark.parametrize("card", ["{", "[" * 100_000, "[]"])
def test_nothing_is_replaced_beside_a_card_that_cannot_be_read(card: str) -> None:
    Path("broken").mkdir()
    put(Path("broken"), b"perhaps of an export", "x.png")
    Path("broken", CARD_FILE).write_text(card)
    with pytest.raises(InputError, match="may be an export's"):
        write("broken/x.png", overwrite=True)
    assert Path("broken/x.png").read_bytes() == b"perhaps of an export"
    write("broken/new.png")  # a new file replaces nothing


@pytest.mark.parametrize("links_supported", [True, False])
def test_a_file_that_appears_while_samples_are_drawn_stays(
    links_supported: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links_supported:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError(1, "not permitted")))
    really = Sampler.sample

    def slowly(self: Sampler, *drawn: Any, **options: Any) -> np.ndarray:
        Path("x.npy").write_bytes(b"of someone else")
        return really(self, *drawn, **options)

    monkeypatch.setattr(Sampler, "sample", slowly)
    with pytest.raises(InputError, match=r"out: cannot write x\.npy: File exists"):
        write("x.npy")
    assert Path("x.npy").read_bytes() == b"of someone else"
    write("x.npy", overwrite=True)
    assert np.load("x.npy").shape == (3, 8, 8, 1)
    monkeypatch.setattr(Sampler, "sample", really)
    write("y.npy")
    assert sorted(os.listdir()) == ["export", "generator.onnx", "x.npy", "y.npy"]
