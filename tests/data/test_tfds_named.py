"""The sets of TFDS's catalogue that have names of their own: real builders, tiny records written by TFDS's writer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import check_available, load, network
from egan_tf.data.tfds_files import downloads_of
from egan_tf.utils.checks import InputError
from tests.data import tfds_sets

tfds = pytest.importorskip("tensorflow_datasets")

NAMES = ("celeb_a", "cifar10", "mnist")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    for name in NAMES:
        getattr(tfds_sets, name)(folder)
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "behind_proxy", lambda: False)
    monkeypatch.setattr(network, "unreachable", lambda sites: list(sites))


@pytest.mark.parametrize(
    ("name", "shape", "counts", "classes"),
    [
        ("cifar10", (32, 32, 3), {"train": 20, "test": 7}, ("airplane", "truck")),
        ("mnist", (28, 28, 1), {"train": 20, "test": 7}, ("0", "9")),
        ("celeb_a", (64, 64, 3), {"train": 6, "validation": 2, "test": 3}, ()),
    ],
)
def test_prepared_sets_load_without_a_network(
    name: str, shape: tuple[int, ...], counts: dict[str, int], classes: tuple[str, ...], prepared: Path, offline: None
) -> None:
    for split, count in counts.items():
        dataset = load(name, prepared, split)
        assert dataset.name == name and dataset.split == split and dataset.images.shape == (count, *shape)
        assert dataset.class_names[:1] + dataset.class_names[-1:] == classes
        assert f"{split} split" in dataset.about.description
        stored = tfds.as_numpy(tfds.builder(name, data_dir=str(prepared)).as_dataset(split=split))
        if classes:
            records = list(stored)
            assert np.array_equal(dataset.images, [record["image"] for record in records])
            assert np.array_equal(dataset.labels, [record["label"] for record in records])


def test_celeb_a_is_the_middle_square_in_any_size(prepared: Path, offline: None) -> None:
    import PIL.Image

    large = load("celeb_a", prepared, resolution=128)
    assert large.shape == (128, 128, 3) and large.labels is None
    stored = next(iter(tfds.as_numpy(tfds.builder("celeb_a", data_dir=str(prepared)).as_dataset(split="train"))))
    square = PIL.Image.fromarray(stored["image"][20:198]).resize((128, 128), PIL.Image.Resampling.LANCZOS)
    # The two decoders of JPEG differ by a few steps.
    assert np.abs(np.asarray(square, int) - large.images[0]).mean() < 3


@pytest.mark.parametrize("name", NAMES)
def test_without_a_network_it_refuses_and_names_command_files_and_folder(
    name: str, tmp_path: Path, offline: None
) -> None:
    with pytest.raises(InputError, match=f"^dataset: {name} is not prepared.*download_and_prepare") as caught:
        load(name, tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "downloads" / "manual") in message and f'builder("{name}"' in message
    assert all(file.name in message for file in downloads_of(name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_download_that_fails_is_one_line_that_says_where_to_put_the_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: None
) -> None:
    monkeypatch.setattr(network, "unreachable", lambda sites: [])
    monkeypatch.setattr(tfds.builder_cls(name), "download_and_prepare", lambda self: 1 / 0)
    with pytest.raises(
        InputError, match=f"^dataset: {name} could not be prepared.*if a download failed, put"
    ) as caught:
        load(name, tmp_path)
    assert str(tmp_path / "downloads" / "manual") in str(caught.value)


def test_behind_a_proxy_the_sites_are_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "unreachable", lambda sites: pytest.fail("checked"))
    monkeypatch.setattr(network, "behind_proxy", lambda: True)
    for name in NAMES:
        check_available(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_split_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^split: "):
        load(name, tmp_path, split="val")


@pytest.mark.parametrize("name", NAMES)
def test_unfinished_sets_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name / "3.0.0").mkdir(parents=True)
    with pytest.raises(InputError, match="^dataset: .*no complete data set; delete it"):
        load(name, tmp_path)


def test_celeb_a_may_not_be_used_commercially(prepared: Path) -> None:
    assert "non-commercial" in load("celeb_a", prepared).facts()["license"]
