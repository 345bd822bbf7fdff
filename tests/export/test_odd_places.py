"""Exports in folders that file managers, shells and other systems leave behind."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import pytest
from keras import layers

from egan_tf import Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.settings import MAX_SEED
from egan_tf.export import export_generator
from egan_tf.export.card import is_unchanged
from egan_tf.export.page.folder import page_data
from egan_tf.utils.checks import InputError
from tests.export.receipts import faults


def export(directory: Path, **options: object) -> Path:
    model = keras.Sequential([layers.Input((8,)), layers.Dense(2)])
    return export_generator(model, directory, latent=Latent(8), card={}, **{"formats": ["onnx"], **options})  # type: ignore[arg-type]


def test_what_a_file_manager_leaves_changes_no_export(tmp_path: Path) -> None:
    directory = export(tmp_path / "it")
    (directory / ".DS_Store").write_bytes(b"\0")
    assert is_unchanged(directory) and faults(directory) == {}
    export(directory, overwrite=True)
    (directory / "notes.txt").write_text("mine")
    assert not is_unchanged(directory)


def test_a_folder_whose_name_is_no_unicode_is_verified(tmp_path: Path) -> None:
    directory = export(tmp_path / "it", formats=["onnx", "saved_model"])
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))
    directory.rename(odd)
    assert faults(odd) == {}
    name = os.fsencode(odd.name).decode("utf-8", "replace")
    page_data(name, Sampler(odd))["name"].encode("utf-8")


def test_a_deleted_working_directory_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert faults(export(tmp_path / "it")) == {}


def test_a_preview_takes_the_seeds_of_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="preview_seed: must be at most"):
        export(tmp_path / "it", preview_seed=10**5000)
    export(tmp_path / "it", preview_seed=MAX_SEED)
