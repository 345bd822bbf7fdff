"""`tfds:NAME[/CONFIG][:SPLIT]`, on tiny data sets that TFDS's own writer prepares."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.data import load, network, tfds_pictures
from egan_tf.data.tfds_files import downloads_of, manual_folder
from egan_tf.utils.checks import InputError
from tests.data.tfds_sets import noise, prepare_own

tfds = pytest.importorskip("tensorflow_datasets")

VARYING = [(40, 30), (30, 40), (50, 50), (30, 30)]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "behind_proxy", lambda: False)
    monkeypatch.setattr(network, "unreachable", lambda sites: list(sites))


def pictures(*shape: int, count: int = 6, dtype: type = np.uint8) -> list[dict[str, Any]]:
    return [{"image": noise(*shape, seed=seed, dtype=dtype)} for seed in range(count)]


def stored_order(name: str, data_dir: Path, key: str = "image") -> list[np.ndarray]:
    """The pictures as TFDS itself reads them."""
    found = tfds.builder(name, data_dir=str(data_dir)).as_dataset(split="train", shuffle_files=False)
    return [record[key] for record in tfds.as_numpy(found)]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_of_one_shape_keep_shape_pixels_and_order(channels: int, tmp_path: Path) -> None:
    shape = (8, 8, channels)
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=shape)}, pictures(*shape))
    dataset = load("tfds:own", tmp_path)
    assert dataset.name == "own" and dataset.shape == shape and dataset.labels is None
    assert np.array_equal(dataset.images, stored_order("own", tmp_path))


def test_varying_sizes_become_squares_and_labels_stay_with_their_pictures(tmp_path: Path) -> None:
    names = ["dark", "light"]
    records = [
        {"image": np.full((*VARYING[i % 4], 3), 255 * (i % 2), np.uint8), "label": names[i % 2]} for i in range(10)
    ]
    features = {"image": tfds.features.Image(), "label": tfds.features.ClassLabel(names=names)}
    prepare_own("own", tmp_path, lambda: features, records)
    dataset = load("tfds:own", tmp_path, resolution=16)
    assert dataset.shape == (16, 16, 3) and dataset.class_names == ("dark", "light")
    assert np.array_equal(dataset.images[:, 0, 0, 0], 255 * dataset.labels)
    assert sorted(dataset.labels) == [0] * 5 + [1] * 5


def test_survey_of_varying_sizes_looks_at_headers(tmp_path: Path) -> None:
    records = [{"image": noise(*VARYING[i % 4], 3, seed=i)} for i in range(8)]
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image()}, records)
    assert tfds_pictures.load("own", tmp_path).survey() == (None, 30, 3)


@pytest.mark.parametrize(
    ("features", "label", "names"),
    [
        ({"label": tfds.features.ClassLabel(names=["a", "b"])}, {"label": 1}, ("a", "b")),
        ({"kind": tfds.features.ClassLabel(num_classes=3)}, {"kind": 2}, ("0", "1", "2")),
        (
            {"label": tfds.features.ClassLabel(num_classes=2), "x": tfds.features.ClassLabel(num_classes=3)},
            {"label": 0, "x": 2},
            ("0", "1"),
        ),
        (
            {"x": tfds.features.ClassLabel(num_classes=2), "y": tfds.features.ClassLabel(num_classes=3)},
            {"x": 0, "y": 2},
            (),
        ),
        ({"label": np.int64}, {"label": 5}, ()),
        ({"label": tfds.features.ClassLabel(num_classes=2)}, {"label": -1}, ()),
    ],
)
def test_class_label(features: dict[str, Any], label: dict[str, Any], names: tuple[str, ...], tmp_path: Path) -> None:
    records = [{**record, **label} for record in pictures(8, 8, 1)]
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=(8, 8, 1)), **features}, records)
    dataset = load("tfds:own", tmp_path)
    assert dataset.class_names == names
    if names:
        assert set(dataset.labels) == {next(iter(label.values()))}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_become_8(channels: int, tmp_path: Path) -> None:
    image = tfds.features.Image(shape=(8, 8, channels), dtype=np.uint16, encoding_format="png")
    prepare_own("own", tmp_path, lambda: {"image": image}, pictures(8, 8, channels, dtype=np.uint16))
    stored = np.stack(stored_order("own", tmp_path))
    assert stored.dtype == np.uint16 and stored.max() > 255
    assert np.array_equal(load("tfds:own", tmp_path).images, stored >> 8)


def test_jpeg_and_the_formats_that_only_tensorflow_reads(tmp_path: Path) -> None:
    import PIL.Image

    def packed(kind: str) -> dict[str, Any]:
        file = io.BytesIO()
        PIL.Image.new("RGB", (8, 8), (200, 100, 50)).save(file, kind)
        return {"image": io.BytesIO(file.getvalue())}

    records = [packed(kind) for kind in ("PNG", "JPEG", "BMP", "GIF")]
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=(8, 8, 3))}, records)
    images = load("tfds:own", tmp_path).images
    assert images.shape == (4, 8, 8, 3) and np.abs(images.astype(int) - (200, 100, 50)).max() <= 3


@pytest.mark.parametrize(
    ("features", "problem"),
    [
        ({"text": tfds.features.Text(), "number": np.int64}, "no image: number, text"),
        (
            {"left": tfds.features.Image(shape=(8, 8, 1)), "right": tfds.features.Image(shape=(8, 8, 1))},
            "several images: left, right",
        ),
        ({"image": tfds.features.Image(shape=(8, 8, 1), dtype=np.float32)}, "float32"),
        ({"image": tfds.features.Image(shape=(8, 8, 2), encoding_format="png")}, "2 channels"),
    ],
)
def test_features_that_do_not_fit_are_named(features: dict[str, Any], problem: str, tmp_path: Path) -> None:
    values: dict[str, Callable[[Any], Any]] = {
        name: (lambda f: np.zeros(f.shape, f.np_dtype))
        if isinstance(feature, tfds.features.Image)
        else (lambda f: "a" if isinstance(f, tfds.features.Text) else 1)
        for name, feature in features.items()
    }
    record = {name: values[name](feature) for name, feature in features.items()}
    prepare_own("own", tmp_path, lambda: features, [record])
    with pytest.raises(InputError, match=f"^dataset: own/1.2.3 cannot be used.*({problem})"):
        load("tfds:own", tmp_path)


def test_image_is_taken_before_a_mask(tmp_path: Path) -> None:
    features = {"image": tfds.features.Image(shape=(8, 8, 3)), "mask": tfds.features.Image(shape=(8, 8, 1))}
    records = [{**record, "mask": np.zeros((8, 8, 1), np.uint8)} for record in pictures(8, 8, 3)]
    prepare_own("own", tmp_path, lambda: features, records)
    assert load("tfds:own", tmp_path).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("string", "split", "name", "count"),
    [
        ("tfds:own/small", "train", "own-small", 10),
        ("tfds:own", "train", "own", 10),
        ("tfds:own/small:test", "train", "own-small-test", 10),
        ("tfds:own/small", "test", "own-small", 10),
        ("tfds:own/small:train[:50%]", "train", "own-small-train-50", 5),
        ("tfds:own/small:train+test", "train", "own-small-train-test", 20),
    ],
)
def test_config_and_split(string: str, split: str, name: str, count: int, tmp_path: Path) -> None:
    features = {"image": tfds.features.Image(shape=(8, 8, 1))}
    prepare_own("own", tmp_path, lambda: features, pictures(8, 8, 1, count=10), ("train", "test"), "small")
    dataset = load(string, tmp_path, split)
    assert dataset.name == name and len(dataset.images) == count and f"{count} pictures" in dataset.about.description
    assert dataset.about.license == "CC0" and dataset.about.source == "https://example.org"


def test_several_shards_are_read_one_after_the_other(tmp_path: Path) -> None:
    class Sharded(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self) -> Any:
            features = tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(8, 8, 1))})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, _: Any) -> dict[str, Any]:
            return {"train": list(enumerate(pictures(8, 8, 1, count=200)))}

        def _generate_examples(self) -> tuple[()]:
            return ()

    builder = Sharded(data_dir=str(tmp_path))
    shards = tfds.download.DownloadConfig(num_shards=4, try_download_gcs=False)
    builder.download_and_prepare(download_config=shards)
    assert len(list(tmp_path.rglob("*.tfrecord*"))) == 4
    first = [builder.as_dataset(split=f"train[{i}shard]") for i in range(4)]
    expected = [record["image"] for shard in first for record in tfds.as_numpy(shard)]
    assert np.array_equal(load("tfds:sharded", tmp_path).images, expected)


@pytest.mark.parametrize(
    ("argument", "split", "field", "problem"),
    [
        ("own:validation", "train", "split", "did you mean|choose from"),
        ("own:train[:", "train", "split", "no slice of train"),
        ("own:train[3:3]", "train", "split", "is empty"),
        ("own:test", "validation", "split", "but the data set says 'test'"),
        ("own:", "train", "dataset", r"tfds:NAME\[/CONFIG\]\[:SPLIT\]"),
        ("../own", "train", "dataset", r"tfds:NAME\[/CONFIG\]\[:SPLIT\]"),
        ("/own", "train", "dataset", r"tfds:NAME\[/CONFIG\]\[:SPLIT\]"),
        ("Own", "train", "dataset", r"tfds:NAME\[/CONFIG\]\[:SPLIT\]"),
        ("own/large", "train", "dataset", "own/large"),
        ("onw", "train", "dataset", "not prepared"),
        ("mnist", "train", "dataset", "mnist is not prepared.*download_and_prepare.*downloads/manual"),
        ("mnsit", "train", "dataset", "did you mean 'mnist'"),
        ("lsun/bedroom", "train", "dataset", "lsun:PATH"),
    ],
)
def test_what_is_not_there_is_refused(argument: str, split: str, field: str, problem: str, tmp_path: Path) -> None:
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=(8, 8, 1))}, pictures(8, 8, 1))
    with pytest.raises(InputError, match=f"^{field}: .*({problem})") as caught:
        load(f"tfds:{argument}", tmp_path, split)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("mnsit", "tensorflow-datasets knows no 'mnsit'.*did you mean 'mnist'"),
        ("mnist/large", "mnist has no configuration 'large'; write mnist alone"),
        ("cifar10_corrupted/fog_9", "cifar10_corrupted has no configuration 'fog_9'; such as.*fog_1"),
    ],
)
def test_with_a_network_tfds_says_what_it_knows(
    argument: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "unreachable", lambda sites: [])
    with pytest.raises(InputError, match=f"^dataset: {problem}"):
        load(f"tfds:{argument}", tmp_path)


def test_downloads_put_there_by_hand_need_no_network(tmp_path: Path) -> None:
    manual_folder(tmp_path).mkdir(parents=True)
    for file in downloads_of("mnist"):
        (manual_folder(tmp_path) / file.name).write_bytes(b"damaged")
    tfds_pictures.check("mnist", tmp_path)
    with pytest.raises(InputError, match="^dataset: mnist could not be prepared.*if a download failed, put"):
        load("tfds:mnist", tmp_path)


def test_key_changes_with_the_split_and_the_data(tmp_path: Path) -> None:
    for number in (1, 2):
        features = {"image": tfds.features.Image(shape=(8, 8, 1))}
        prepare_own("own", tmp_path / str(number), lambda f=features: f, pictures(8, 8, 1, count=5 + number))
    keys = [
        tfds_pictures.load(text, tmp_path / folder).key
        for folder, text in (("1", "own"), ("1", "own:train[:2]"), ("2", "own"), ("1", "own"))
    ]
    assert keys[0] == keys[3] and keys[0] != keys[1] and keys[0] != keys[2]
    assert str(tmp_path) not in str(keys)


@pytest.mark.parametrize("damage", ["info", "features", "records", "incomplete"])
def test_damaged_folders_are_refused(damage: str, tmp_path: Path) -> None:
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=(8, 8, 1))}, pictures(8, 8, 1))
    folder = tmp_path / "own" / "1.2.3"
    if damage == "info":
        (folder / "dataset_info.json").write_text("{")
    elif damage == "features":
        (folder / "features.json").write_text("{")
    elif damage == "records":
        record = next(folder.glob("*.tfrecord*"))
        record.write_bytes(record.read_bytes()[:200])
    else:
        (folder / "dataset_info.json").unlink()
    with pytest.raises(InputError, match="^dataset: .*(delete)") as caught:
        load("tfds:own", tmp_path)
    assert len(str(caught.value).splitlines()) == 1 and str(folder.parent) in str(caught.value)


def test_an_older_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "mnist" / "1.0.0").mkdir(parents=True)
    (tmp_path / "mnist" / "1.0.0" / "dataset_info.json").touch()
    with pytest.raises(InputError, match=r"^dataset: mnist is not prepared.*there is only mnist/1\.0\.0"):
        load("tfds:mnist", tmp_path)


def test_damaged_pictures_are_skipped(tmp_path: Path) -> None:
    records = [*pictures(8, 8, 1, count=3), {"image": io.BytesIO(b"no picture")}]
    prepare_own("own", tmp_path, lambda: {"image": tfds.features.Image(shape=(8, 8, 1))}, records)
    assert len(load("tfds:own", tmp_path).images) == 3
