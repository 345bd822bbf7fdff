"""What the data room accepts, every later room can use, or the run is refused before it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf import InputError
from egan_tf.metrics.extractors import EXTRACTORS, Extractor, load_extractor
from egan_tf.metrics.extractors.base import to_rgb
from egan_tf.metrics.registry import METRICS
from egan_tf.networks import NETWORKS
from egan_tf.training import train as training
from egan_tf.utils.json_lines import read_records
from tests.training.rooms import check_line, config_of, images, refusal, registered

OF_IMAGES = tuple(name for name, metric in METRICS.items() if not metric.points)
CHEAP = ("pixels", "pixels_pca", "cnn")

QUICK = {
    "one image without labels": (1, 5, 7, 3, None),
}
"""Count, height, width, channels, classes."""

SETS = {
    **QUICK,
    "RGBA": (12, 8, 8, 4, 3),
    "one pixel": (12, 1, 1, 1, 2),
    "three images": (3, 5, 7, 4, 3),
    "grey": (12, 8, 8, 1, 3),
    "RGB": (12, 8, 8, 3, 3),
    "one image": (1, 8, 8, 1, 1),
    "one pixel, once": (1, 1, 1, 4, None),
    "one class": (12, 5, 7, 3, 1),
    "as many classes as images": (6, 5, 7, 1, 6),
    "a column": (12, 9, 1, 3, 2),
}

FULL = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in SETS]


@pytest.mark.parametrize("name", FULL)
def test_data_sets_with_every_metric_that_they_can_have(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = images(*SETS[name])
    registered(dataset, monkeypatch)
    metrics = [
        metric
        for metric in OF_IMAGES
        if metric != "classifier_score" and METRICS[metric].min_real <= len(dataset.images)
    ]
    assert check_line(config_of(tmp_path, metrics, "pixels"), dataset, tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("extractor", CHEAP)
@pytest.mark.parametrize("name", SETS)
def test_each_data_set_with_each_extractor_and_metric(
    name: str,
    extractor: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All metrics that fit the data work at once; each of the others is refused."""
    dataset = images(*SETS[name])
    registered(dataset, monkeypatch)

    def fits(metric: str) -> bool:
        enough = not METRICS[metric].uses_real or METRICS[metric].min_real <= len(dataset.images)
        classified = metric != "classifier_score" or extractor == "cnn"
        return (
            enough and classified and (extractor != "cnn" or (dataset.labels is not None and len(dataset.images) > 4))
        )

    for metric in OF_IMAGES:
        if not fits(metric):
            assert not check_line(config_of(tmp_path, [metric], extractor), dataset, tmp_path, capsys)
    assert check_line(config_of(tmp_path, [*filter(fits, OF_IMAGES)], extractor), dataset, tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("formats", [("saved_model",), ("onnx",)])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", SETS)
def test_each_data_set_with_each_network(
    name: str,
    network: str,
    formats: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset = images(*SETS[name])
    registered(dataset, monkeypatch)
    config = config_of(tmp_path, [], "pixels", network, formats=formats, tensorboard=True)
    if "onnx" in formats:
        assert check_line(config, dataset, tmp_path, capsys) == (network == "mlp" or dataset.shape[:2] == (8, 8))
    elif refusal(config, tmp_path, capsys) is None:
        assert (training.train(config).export / "samples.png").exists()


@pytest.mark.parametrize(
    ("count", "classes", "metric", "extractor", "says"),
    [
        (1, 1, "frechet_distance", "pixels", "metrics: frechet_distance compares with at least 2 images, and it holds"),
        (1, 1, "kernel_distance", "pixels", "metrics: kernel_distance compares with at least 2 images, and it holds 1"),
        (3, 1, "precision", "pixels", "metrics: precision compares with at least 4 images, and it holds 3; leave it"),
        (3, 1, "recall", "pixels_pca", "metrics: recall compares with at least 4 images, and it holds 3; leave it out"),
        (5, 1, "density", "pixels", "metrics: density compares with at least 6 images, and it holds 5; leave it out"),
        (5, 1, "coverage", "cnn", "metrics: coverage compares with at least 6 images, and it holds 5; leave it out"),
        (4, 1, "frechet_distance", "cnn", "extractor: cnn holds out every 5th image, and it has 4; take pixels"),
        (9, None, "frechet_distance", "cnn", "extractor: cnn needs labels, and it has none; take pixels"),
        (9, 1, "classifier_score", "pixels", "extractor: pixels gives no class probabilities, which classifier_score"),
    ],
)
def test_metrics_that_need_more_than_there_is(
    count: int,
    classes: int | None,
    metric: str,
    extractor: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset = images(count, 5, 7, 3, classes)
    registered(dataset, monkeypatch)
    config = config_of(tmp_path, [metric], extractor)
    refused = refusal(config, tmp_path, capsys)
    assert refused is not None and refused.startswith(says)
    with pytest.raises(InputError) as error:
        training.train(config)
    assert str(error.value) == refused
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_distance_of_more_features_than_samples_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(images(12, 5, 7, 3, None), monkeypatch)
    trained = training.train(config_of(tmp_path, ["frechet_distance", "precision"], "pixels"))
    distance, share = read_records(trained.run / "evaluations.jsonl")[:2]
    assert distance["protocol"].endswith("which are singular: 12 samples of 105 features")
    assert "singular" not in share["protocol"]


@pytest.mark.parametrize("name", EXTRACTORS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_extractors_take_all_channels(name: str, channels: int, tmp_path: Path) -> None:
    dataset = images(10, 5, 7, channels, 2)
    try:
        extractor: Extractor = load_extractor(name, dataset, tmp_path)
    except InputError as error:
        pytest.skip(str(error))
    pixels = dataset.images.astype(np.float32) / 127.5 - 1.0
    features = extractor.features(pixels)
    assert features.shape == (10, extractor.size) and np.isfinite(features).all()


def test_rgb_extractors_see_images_with_alpha_on_white() -> None:
    """What is transparent is white, whatever colour lies under it; what is opaque keeps its colour."""
    clear, half, opaque = -1.0, 0.0, 1.0
    pixels = np.array([[-0.5, 0.0, 0.5, alpha] for alpha in (clear, half, opaque)], np.float32)[:, None, None]
    expected = np.array([[1, 1, 1], [0.25, 0.5, 0.75], [-0.5, 0, 0.5]], np.float32)[:, None, None]
    np.testing.assert_allclose(to_rgb(pixels), expected, atol=1e-6)
    for name in ("efficientnet_lite0", "inception"):
        module = __import__(EXTRACTORS[name].__module__, fromlist=["*"])
        kind = next(kind for kind in vars(module).values() if getattr(kind, "name", None) == name)
        assert kind.resize.endswith("alpha on white")
