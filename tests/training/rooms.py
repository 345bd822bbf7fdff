"""Small data sets of every kind, and the whole line that a run takes them through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from egan_tf import InputError, Sampler, data
from egan_tf.commands import train as train_command
from egan_tf.data.base import Dataset
from egan_tf.report.reading import read_png
from egan_tf.sampling.files import write_samples
from egan_tf.training.config import Config
from egan_tf.training.presets import preset
from egan_tf.utils.json_lines import read_records


def images(count: int, height: int, width: int, channels: int, classes: int | None) -> data.ImageDataset:
    """Random images; with a number of classes they have labels."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, height, width, channels)).astype(np.uint8)
    if classes is None:
        return data.ImageDataset("it", pixels)
    names = [str(label) for label in range(classes)]
    return data.ImageDataset("it", pixels, np.arange(count) % classes, names)


def registered(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(argument: str, data_dir: Path, split: str = "train") -> Dataset:
        if split != "train":
            raise InputError("split", "there is one only")
        return dataset

    monkeypatch.setitem(data.DATASETS, "it", data.Kind(load))


def config_of(where: Path, metrics: Sequence[str], extractor: str, network: str = "mlp", **run: Any) -> Config:
    folders = {"runs_dir": str(where / "runs"), "models_dir": str(where / "models")}
    often = {"log_every": 1, "sample_every": 1, "checkpoint_every": 2, "xla": "off"}
    return preset("digits").replace(
        run={"steps": 2, "name": "it", "formats": ("onnx",), **often, **folders, **run},
        data={"dataset": "it", "batch_size": 4, "data_dir": str(where / "data")},
        network={"network": network, "width": 4, "latent_size": 3},
        evolution={"mutations": ("heuristic",)},
        metrics={"metrics": metrics, "extractor": extractor, "evaluate_every": 1, "evaluation_samples": 20},
    )


def refusal(config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str | None:
    """What a dry run says; None if it accepts."""
    (tmp_path / "config.json").write_text(config.to_json())
    try:
        train_command.main(["--config", str(tmp_path / "config.json"), "--dry-run"])
    except InputError as error:
        return str(error)
    finally:
        assert not (tmp_path / "runs").exists() and not (tmp_path / "models").exists()
        capsys.readouterr()
    return None


def check_line(config: Config, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> bool:
    """The whole line works; or training and dry run refuse it in the same line, before anything is written."""
    refused = refusal(config, tmp_path, capsys)
    if refused is not None:
        assert "\n" not in refused
        with pytest.raises(InputError) as error:
            train_command.main(["--config", str(tmp_path / "config.json")])
        assert str(error.value) == refused
        assert not (tmp_path / "runs").exists() and not (tmp_path / "models").exists()
        return False
    train_command.main(["--config", str(tmp_path / "config.json")])
    run, model = tmp_path / "runs" / "001-it", tmp_path / "models" / "it"
    records = read_records(run / "evaluations.jsonl") if (run / "evaluations.jsonl").exists() else []
    assert len(records) == 2 * len(config.metrics.metrics)
    assert all(np.isfinite(record["value"]) for record in records), "what is accepted gets a value"
    assert (run / "mutations.png").exists()
    report = (run / "report.html").read_text()
    pictures = [*sorted((run / "samples").iterdir()), model / "samples.png"]
    assert len(pictures) == 3
    for picture in pictures:
        found = read_png(picture)
        assert found is not None and (picture.name == "samples.png" or found[0] in report)
    sampler = Sampler(model)
    assert sampler.sample_shape == dataset.shape
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[dataset.shape[-1]]
    for out in ("grid.png", "array.npy", "folder"):
        write_samples(sampler, tmp_path / out, 3, seed=0)
    for path in (tmp_path / "grid.png", tmp_path / "folder" / "00002.png", *pictures):
        with PIL.Image.open(path) as picture:
            assert picture.mode == mode
    with PIL.Image.open(tmp_path / "folder" / "00002.png") as picture:
        assert picture.size == (dataset.shape[1], dataset.shape[0])
    assert np.load(tmp_path / "array.npy").shape == (3, *dataset.shape)
    return True
