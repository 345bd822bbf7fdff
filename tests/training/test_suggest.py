"""Settings for data without a preset train, whatever the shape, the number and the labels."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import data
from egan_tf.commands import train as train_command
from egan_tf.training.config import from_json
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


class Points(data.Dataset):
    """Points of which no mixture is known."""

    name, split, value_range, class_names, fingerprint = "pts", "train", None, (), "0" * 64
    about = data.About("Points.")

    def __init__(self, size: int) -> None:
        self.shape = (size,)

    def batches(self, size: int, seed: int, start: int = 0) -> tf.data.Dataset:
        counter = tf.data.Dataset.counter(start)
        return counter.map(lambda step: tf.random.stateless_normal([size, *self.shape], [seed, step]))


def own_networks(sample_shape: tuple[int, ...], latent_size: int) -> tuple[keras.Model, keras.Model]:
    print("networks are made")
    size = int(np.prod(sample_shape))
    generator = [keras.Input((latent_size,)), keras.layers.Dense(size, "tanh"), keras.layers.Reshape(sample_shape)]
    discriminator = [keras.Input(sample_shape), keras.layers.Flatten(), keras.layers.Dense(1)]
    return keras.Sequential(generator), keras.Sequential(discriminator)


@pytest.mark.parametrize("network", [None, "mlp", "own"])
@pytest.mark.parametrize("kind", ["ring8", "points", "20x30", "14x14", "16x16"])
def test_settings_suit_the_network_that_was_chosen(
    kind: str,
    network: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = {"ring8": data.load("ring8", tmp_path), "points": Points(5)}
    made |= {"20x30": images(40, 20, 30, 3, None)} | {f"{s}x{s}": images(40, s, s, 1, None) for s in (14, 16)}
    (tmp_path / "networks_of_mine.py").write_text("from tests.training.test_suggest import own_networks as networks\n")
    monkeypatch.chdir(tmp_path)
    registered(made[kind], monkeypatch)
    words = ["--dataset", "it", "--steps", "2", "--log-every", "1", "--sample-every", "2", "--steps-per-execution", "1"]
    words += [f"--{name}={tmp_path / name}" for name in ("runs-dir", "models-dir", "data-dir")]
    chosen = {"own": ["--network", "networks_of_mine:networks"], None: []}.get(network, ["--network", str(network)])
    capsys.readouterr()
    train_command.main([*words, *chosen, "--dry-run"])
    # What the user's code prints is not part of the configuration.
    printed, said = capsys.readouterr()
    assert from_json(printed).run.preset == AUTO and ("networks are made" in said) == (network == "own")


@pytest.mark.parametrize("network", ["modern", "residual", "dcgan"])
def test_convolutions_have_their_own_width_whatever_the_side(network: str) -> None:
    assert suggest(images(3, 14, 14, 1, None), network).network.width == PRESETS[AUTO].network.width
    assert suggest(images(3, 16, 16, 1, None), "mlp").network.width == 256


@pytest.mark.parametrize("name", PRESETS)
def test_the_metrics_of_a_preset_go_with_its_data(name: str) -> None:
    """LSUN and CelebA have no labels, of which a classifier would learn."""
    config = PRESETS[name]
    labelled = config.data.dataset in ("digits", "fashion_mnist", "cifar10", "mnist")
    assert config.metrics.extractor != "cnn" or labelled or config.network.network == "mlp"


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
