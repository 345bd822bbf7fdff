"""The notebooks of `examples/` run from the first cell to the last."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.blocks import ROOT

FEW = "GENERATIONS = 8"
"""Instead of the number that a notebook trains for."""
SLOW = ("ship",)
"""Those that start processes of their own."""
NOTEBOOKS = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in SLOW))
    for path in sorted((ROOT / "examples").glob("*.ipynb"))
]


def code_of(notebook: Path) -> list[str]:
    """The code cells."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    names: dict[str, Any] = {}
    for number, cell in enumerate(code_of(notebook)):
        exec(compile(re.sub(r"GENERATIONS = \d+", FEW, cell), f"{notebook.name}, cell {number}", "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_shows_what_it_made(notebook: Path) -> None:
    """The outputs are kept, so that the notebook can be read without running it; no path of a machine is in them."""
    text = notebook.read_text("utf-8")
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    assert any(cell["outputs"] for cell in cells)
    assert not re.search(r'"/(home|root|tmp|work)/', text)
