"""Files that are compared by their bytes stay as they are where git writes the line ends of Windows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from egan_tf.export.receipt.finding import OK, worst
from egan_tf.export.receipt.receipt import verify

ROOT = Path(__file__).parents[1]
MODELS, FIXTURES = "saved_models/reference", "tests/fixtures"


def git(*arguments: object, **options: bytes) -> bytes:
    line = ["git", "-c", "core.autocrlf=true", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, check=True, **options).stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a git checkout")
def test_models_and_fixtures_are_checked_out_to_the_byte(tmp_path: Path) -> None:
    listed = git("ls-files", "-z", MODELS, FIXTURES, "README.md")
    git("checkout-index", f"--prefix={tmp_path}/", "-z", "--stdin", input=listed)
    assert b"\r\n" in (tmp_path / "README.md").read_bytes(), "git converts here"
    models = sorted((tmp_path / MODELS).iterdir())
    assert models and {worst(verify(model, files_only=True)) for model in models} == {OK}
    for path in (tmp_path / FIXTURES).rglob("*"):
        if path.is_file():
            assert path.read_bytes() == git("show", f":{path.relative_to(tmp_path).as_posix()}"), path
