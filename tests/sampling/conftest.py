"""An ONNX file that makes images, and one that makes points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sampling.onnx_files import IMAGE, POINT, build, put


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return put(tmp_path, build(IMAGE))


@pytest.fixture
def point_file(tmp_path: Path) -> Path:
    return put(tmp_path, build(POINT), "points.onnx")
