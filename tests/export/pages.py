"""The command that writes a page, and a folder in the form of a package onnxruntime-web, with nothing that runs."""

from __future__ import annotations

import base64
import hashlib
import tarfile
from pathlib import Path

import pytest

from egan_tf.commands import export as command
from egan_tf.export.page import runtime
from egan_tf.utils.checks import InputError


def fake_package(folder: Path) -> Path:
    """The folder `package`, with the files that a page carries and one that it does not."""
    package = folder / "package"
    (package / "dist").mkdir(parents=True)
    for path in (*runtime.FILES.values(), "dist/ort.webgpu.min.js"):
        (package / path).write_bytes(f"content of {path}".encode())
    return package


def fake_archive(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The archive of a fake package, which becomes the pinned one."""
    path = folder / "packed.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(fake_package(folder / "packed"), "package")
    content = path.read_bytes()
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode("ascii")
    monkeypatch.setattr(runtime, "INTEGRITY", f"sha512-{digest}")
    return content


def fake_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Makes a shell script the only npm."""
    program = folder / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def page(*arguments: object) -> None:
    assert command.main(["page", *map(str, arguments)]) == 0


def refused(message: str, *arguments: object) -> None:
    with pytest.raises(InputError, match=message):
        page(*arguments)
