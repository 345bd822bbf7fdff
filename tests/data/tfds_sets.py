"""Tiny data sets written by TFDS's own writer: real builders with generated records, and builders of the tests."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Record = dict[str, Any]


def noise(*shape: int, seed: int = 0, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def prepare_real(name: str, data_dir: Path, splits: dict[str, list[Record]], names: Iterable[str] = ()) -> None:
    """Prepares a data set by its real builder, its downloads replaced by the records."""
    import tensorflow_datasets as tfds

    def generators(builder: Any, _: Any) -> dict[str, Any]:
        if names:
            builder.info.features["label"].names = list(names)
        return {split: list(enumerate(records)) for split, records in splits.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tfds.builder_cls(name), "_split_generators", generators)
        write(tfds.builder(name, data_dir=str(data_dir)))


def write(builder: Any) -> None:
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(download_config=config)


def prepare_own(
    name: str,
    data_dir: Path,
    features: Callable[[], dict[str, Any]],
    records: list[Record],
    splits: tuple[str, ...] = ("train",),
    config: str = "",
) -> None:
    """Prepares a data set that is not in TFDS's catalogue, so that only its files name it.

    Args:
        name: of the data set.
        data_dir: folder of prepared data sets.
        features: makes the features.
        records: the same in every split.
        splits: their names.
        config: the name of its configuration, if it has one.
    """
    import tensorflow_datasets as tfds

    def info(builder: Any) -> Any:
        declared = tfds.features.FeaturesDict(features())
        return tfds.core.DatasetInfo(builder=builder, features=declared, homepage="https://example.org", license="CC0")

    members = {
        "name": name,
        "VERSION": tfds.core.Version("1.2.3"),
        "BUILDER_CONFIGS": [tfds.core.BuilderConfig(name=config)] if config else [],
        "_info": info,
        "_split_generators": lambda self, _: {split: list(enumerate(records)) for split in splits},
        "_generate_examples": lambda self: (),
    }
    with tfds.core.registered.skip_registration():
        written = type("OwnBuilder", (tfds.core.GeneratorBasedBuilder,), members)
    write(written(data_dir=str(data_dir), **({"config": config} if config else {})))


def cifar10(data_dir: Path) -> None:
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    records = [{"id": str(i), "image": noise(32, 32, 3, seed=i), "label": i % 10} for i in range(20)]
    prepare_real("cifar10", data_dir, {"train": records, "test": records[:7]}, names)


def mnist(data_dir: Path) -> None:
    records = [{"image": noise(28, 28, 1, seed=i), "label": i % 10} for i in range(20)]
    prepare_real("mnist", data_dir, {"train": records, "test": records[:7]})


def fashion_mnist(data_dir: Path) -> None:
    records = [{"image": noise(28, 28, 1, seed=i), "label": i % 10} for i in range(20)]
    prepare_real("fashion_mnist", data_dir, {"train": records, "test": records[:7]})


def celeb_a(data_dir: Path) -> None:
    import tensorflow_datasets as tfds

    features = tfds.builder("celeb_a", data_dir=str(data_dir)).info.features
    others = {group: dict.fromkeys(features[group], 0) for group in ("landmarks", "attributes", "identity")}
    records = [{"image": noise(218, 178, 3, seed=i), **others} for i in range(6)]
    prepare_real("celeb_a", data_dir, {"train": records, "validation": records[:2], "test": records[:3]})
