"""Settings for data without a preset train, whatever the shape, the number and the labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf import data
from egan_tf.commands import train as train_command
from egan_tf.training.presets import AUTO, PRESETS
from egan_tf.training.suggest import suggest
from tests.training.rooms import images, registered


@pytest.mark.parametrize("side", [4, 8, 12, 16, 20, 28, 32, 48, 56, 64])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_square_images_get_convolutions_that_can_make_them(side: int, channels: int) -> None:
    from egan_tf.networks import build_discriminator, build_generator

    config = suggest(images(3, side, side, channels, None))
    network = config.network.network
    assert network == ("mlp" if side == 4 else "dcgan")
    build_generator(network, (side, side, channels), 4, 2)
    build_discriminator(network, (side, side, channels), 2)


@pytest.mark.parametrize("shape", [(5, 5), (8, 16), (30, 30), (17, 17)])
def test_other_images_get_dense_networks(shape: tuple[int, int]) -> None:
    assert suggest(images(3, *shape, 1, None)).network.network == "mlp"


def test_points_get_the_settings_of_points() -> None:
    config = suggest(data.load("grid25", "unused"))
    assert config.network.network == "mlp" and config.run.preset == AUTO
    assert config.metrics == PRESETS["ring8"].metrics


@pytest.mark.parametrize("count", [1, 2, 30, 3000])
def test_metrics_fit_the_number_of_images(count: int) -> None:
    config = suggest(images(count, 8, 8, 1, None))
    assert ("kernel_distance" in config.metrics.metrics) == (count >= 2)
    assert config.metrics.evaluation_samples == max(10, min(2000, count))


@pytest.mark.parametrize(("count", "side", "classes"), [(1, 8, None), (3, 8, 2), (40, 16, None), (30, 6, 3)])
def test_a_run_with_them_passes_all_checks(
    count: int,
    side: int,
    classes: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    registered(images(count, side, side, 3, classes), monkeypatch)
    folders = [f"--{name}={tmp_path / name}" for name in ("runs-dir", "models-dir", "data-dir")]
    train_command.main(["--dataset", "it", "--width", "8", "--dry-run", *folders])
    printed = capsys.readouterr().out
    assert '"preset": "auto"' in printed and '"width": 8' in printed


def test_flags_replace_what_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(images(9, 8, 8, 1, None), monkeypatch)
    flags = ["--batch-size", "5", "--network", "mlp", "--metrics", "--steps", "7", "--name", "x"]
    train_command.main(["--dataset", "it", *flags, "--dry-run", "--data-dir", str(tmp_path)])
    printed = capsys.readouterr().out
    for line in ('"batch_size": 5', '"network": "mlp"', '"metrics": []', '"steps": 7', '"name": "x"'):
        assert line in printed


def test_the_suggestion_depends_on_the_data_only() -> None:
    first, second = images(20, 8, 8, 1, None), data.ImageDataset("other", np.zeros((20, 8, 8, 1), np.uint8))
    assert suggest(first) == suggest(second)
