"""Runs every entry of every registry through the whole line: data, networks, training, export, sampling, metrics.

Whoever adds a name to a registry gets this test for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf import EGAN, FITNESSES, OBJECTIVES, InputError, Sampler
from egan_tf.data import DATASETS, Dataset, ImageDataset, emoji, load, short_name
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES
from egan_tf.evolution.operators import OPERATORS
from egan_tf.export import FORMATS, export_generator
from egan_tf.metrics.evaluate import MIN_COUNT, evaluate
from egan_tf.metrics.extractors import EXTRACTORS, Extractor, load_extractor
from egan_tf.metrics.registry import METRICS
from egan_tf.metrics.sources import from_model
from egan_tf.networks import NETWORKS, build_discriminator, build_generator
from egan_tf.sampling import SamplingSpec
from tests.data import tfds_sets
from tests.data.pictures import save
from tests.data.writers import COLOURS, png, webp, write_font, write_lmdb
from tests.metrics.conftest import striped

LATENT_SIZE, WIDTH, BATCH = 4, 8, 8
SHAPES = ((2,), (8, 8, 1))

EVOLUTION = {
    "mutations": (OBJECTIVES, lambda name: (name,)),
    "fitness": (FITNESSES, lambda name: name),
    "discriminator_loss": (DISCRIMINATOR_LOSSES, lambda name: name),
    "operators": (OPERATORS, lambda name: tuple(dict.fromkeys(["mutation", name]))),
}
"""Registries of the evolution by the argument of `EGAN` that takes their names."""


def evolve(dataset: Dataset, network: str = "mlp", *, eagerly: bool = False, **settings: Any) -> EGAN:
    """Trains for two generations, with finite losses and scores; eagerly without a trace, which takes the time."""
    generator = build_generator(network, dataset.shape, LATENT_SIZE, WIDTH)
    # One mutation unless given: every further one makes the traced generation larger.
    settings = {"mutations": ("heuristic",), **settings}
    egan = EGAN(generator, build_discriminator(network, dataset.shape, WIDTH), **settings)
    egan.compile(jit_compile=False, run_eagerly=eagerly)
    real = dataset.batches(egan.samples_per_generation(BATCH), seed=0)
    history = egan.fit(real, batch_size=BATCH, steps_per_epoch=2, verbose=0).history
    assert history and all(np.isfinite(values).all() for values in history.values())
    return egan


def export(egan: EGAN, dataset: Dataset, directory: Path, format_name: str = "onnx") -> Path:
    """Exports the fittest survivor; the export compares the format with it."""
    settings = {"latent": egan.latent, "value_range": dataset.value_range, "card": {}, "formats": [format_name]}
    return export_generator(egan.best_generator, directory, **settings)


def check_samples(path: Path, dataset: Dataset) -> None:
    samples = Sampler(path).sample(10, seed=0)
    assert samples.shape == (10, *dataset.shape) and np.isfinite(samples).all()


@pytest.fixture(scope="module")
def ring() -> Dataset:
    return load("ring8", "unused")


@pytest.fixture(scope="module")
def images() -> ImageDataset:
    return striped(64, 0)


@pytest.fixture(scope="module")
def of_points(ring: Dataset) -> EGAN:
    return evolve(ring)


@pytest.fixture(scope="module")
def of_images(images: ImageDataset) -> EGAN:
    return evolve(images)


@pytest.fixture(scope="module")
def cnn(images: ImageDataset, tmp_path_factory: pytest.TempPathFactory) -> Extractor:
    return load_extractor("cnn", images, tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize(
    ("argument", "name"), [(argument, name) for argument, (registry, _) in EVOLUTION.items() for name in registry]
)
def test_evolution(argument: str, name: str, ring: Dataset, tmp_path: Path) -> None:
    _, setting = EVOLUTION[argument]
    # Two siblings, which an operator with two parents needs; they and the penalty go with every loss.
    settings = {"mutations": ("hinge", "relativistic"), "r1_weight": 0.1, argument: setting(name)}
    check_samples(export(evolve(ring, eagerly=True, **settings), ring, tmp_path / "it"), ring)


def shapes_of(network: str) -> list[tuple[int, ...]]:
    def takes(shape: tuple[int, ...]) -> bool:
        try:
            return build_discriminator(network, shape, WIDTH) is not None
        except InputError:
            return False

    return [shape for shape in SHAPES if takes(shape)]


@pytest.mark.parametrize("eagerly", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["eagerly", "traced"])
@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str, eagerly: bool, ring: Dataset, images: ImageDataset, tmp_path: Path) -> None:
    shapes = shapes_of(name)
    assert shapes, f"{name} takes none of the shapes {SHAPES}"
    dataset = next(dataset for dataset in (images, ring) if dataset.shape in shapes)
    check_samples(export(evolve(dataset, name, eagerly=eagerly), dataset, tmp_path / "it"), dataset)


def small_folder(path: Path) -> Path:
    """A folder of pictures in two classes."""
    for index, pixels in enumerate(striped(8, 0).images):
        save(path / "ab"[index % 2] / f"{index}.png", pixels)
    return path


def small_file(path: Path) -> Path:
    """An array of images in a file."""
    np.save(path.with_suffix(".npy"), striped(8, 0).images)
    return path.with_suffix(".npy")


def small_archive(path: Path) -> Path:
    """Images and labels in a file."""
    content = striped(8, 0)
    np.savez(path.with_suffix(".npz"), images=content.images, labels=content.labels, class_names=content.class_names)
    return path.with_suffix(".npz")


MADE = {"folder": small_folder, "npy": small_file, "npz": small_archive}
"""Kinds of data sets that take a path, by a function that makes one."""


def tiny(name: str, folder: Path) -> str:
    """The string of a data set; writes a tiny one in the real format if it has to be had from elsewhere."""
    folder.mkdir()
    if name in ("celeb_a", "cifar10", "mnist", "fashion_mnist"):
        getattr(tfds_sets, name)(folder)
    elif name == "tfds":
        tfds_sets.mnist(folder)
        return "tfds:mnist:test"
    elif name == "lsun":
        return f"lsun:{write_lmdb(folder / 'tower_val_lmdb', {b'%d' % i: webp(i) for i in range(20)})}"
    elif name == "emoji":
        write_font(folder / "emoji" / emoji.FONT, {f"e{i}": png(COLOURS[i % 3]) for i in range(20)})
    elif name in MADE:
        return f"{name}:{MADE[name](folder / name)}"
    return name


@pytest.mark.parametrize("name", DATASETS)
def test_dataset(name: str, tmp_path: Path) -> None:
    string = tiny(name, tmp_path / "data")
    # As small as the network takes, so that the discriminator is small.
    options = {"resolution": 8} if name in ("celeb_a", "emoji", "lsun", "tfds") else {}
    dataset = load(string, tmp_path / "data", **options)
    assert dataset.name == short_name(string)
    # The step is that of every data set of this shape; here it is the data that counts.
    check_samples(export(evolve(dataset, eagerly=True), dataset, tmp_path / "it"), dataset)


@pytest.mark.parametrize("name", FORMATS)
def test_format(name: str, of_images: EGAN, images: ImageDataset, tmp_path: Path) -> None:
    directory = export(of_images, images, tmp_path / "it", name)
    noise = np.random.default_rng(0).standard_normal((5, LATENT_SIZE), dtype=np.float32)
    samples = FORMATS[name].load(directory)(noise)
    spec = SamplingSpec(LATENT_SIZE, of_images.latent.distribution, images.shape, images.value_range)
    made = of_images.best_generator(noise, training=False).numpy()
    expected, bound = FORMATS[name].expected(made, spec), FORMATS[name].bound(spec)
    np.testing.assert_allclose(samples, expected, rtol=0, atol=bound.largest)
    readme = (directory / "README.md").read_text("utf-8")
    assert all(paragraph in readme for paragraph in FORMATS[name].usage("it", spec))


@pytest.mark.parametrize("name", METRICS)
def test_metric(name: str, request: pytest.FixtureRequest) -> None:
    points = METRICS[name].points
    egan, dataset = (request.getfixturevalue(f) for f in (("of_points", "ring") if points else ("of_images", "images")))
    extractor = None if points else request.getfixturevalue("cnn")
    (record,) = evaluate(from_model(egan, dataset), dataset, [name], count=MIN_COUNT, extractor=extractor)
    assert record["kind"] == name and np.isfinite(record["value"]) and record["protocol"]


@pytest.mark.parametrize("name", EXTRACTORS)
def test_extractor(name: str, of_images: EGAN, images: ImageDataset, tmp_path: Path) -> None:
    try:
        extractor = load_extractor(name, images, tmp_path)
    except InputError as error:
        pytest.skip(str(error))
    (record,) = evaluate(
        from_model(of_images), images, ["frechet_distance"], count=MIN_COUNT, real_count=20, extractor=extractor
    )
    assert np.isfinite(record["value"]) and record["extractor_hash"] == extractor.hash
