"""Adds the pictures of the reference models to the site, where `saved_models/README.md` looks for them."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

MODELS = Path(__file__).parents[2] / "saved_models"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """What mkdocs calls when it has found the files of `docs/`; the page `models.md` holds that README."""
    for path in sorted(MODELS.glob("reference/*/samples.png")):
        name = path.relative_to(MODELS).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files
