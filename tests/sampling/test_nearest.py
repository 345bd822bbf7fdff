"""Nearest training images: the search against brute force, and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from egan_tf import data
from egan_tf.sampling import Sampler, SamplingSpec, memorization, training_images
from egan_tf.sampling.command import main
from egan_tf.sampling.memorization import compare, spread_members
from egan_tf.sampling.nearest import distances_to_others, nearest_images
from egan_tf.sampling.pictures import on_white, to_pixels
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, POINT, build, put

ROOT = Path(__file__).parents[2]
SHAPES = [(8, 8, 1), (5, 7, 3), (20, 20, 3), (6, 6, 4)]
"""The values of the third are more than one exact sum of float32 holds."""


def pictures(count: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def brute_force(queries: np.ndarray, images: np.ndarray) -> np.ndarray:
    """All squared distances, one pair at a time, in Python's whole numbers of any size."""
    left, right = (on_white(array).reshape(len(array), -1).astype(np.int64) for array in (queries, images))
    return np.array([[int(((a - b) ** 2).sum()) for b in right] for a in left])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block_bytes", [1, 3 << 10, 100 << 10, 32 << 20])
def test_the_search_equals_brute_force_on_1000_pictures(shape: tuple[int, ...], block_bytes: int) -> None:
    images, queries = pictures(1000, shape), pictures(7, shape, seed=1)
    images[[10, 400, 999]] = images[3]  # duplicates
    queries[0], queries[1] = images[3], images[500]  # exact copies
    queries[2] = queries[3]
    if block_bytes == 1:
        images = images[:150]
        queries[1] = images[100]
    squared = brute_force(queries, images)
    order = np.argsort(squared, axis=1, kind="stable")[:, :6]
    found = nearest_images(queries, images, 6, block_bytes=block_bytes)
    np.testing.assert_array_equal(found.indices, order)
    np.testing.assert_array_equal(found.distances, np.sqrt(np.take_along_axis(squared, order, axis=1)))
    assert found.distances[0, 0] == 0 and found.indices[0, 0] == 3 and found.distances[1, 0] == 0


def test_ties_go_to_the_lower_index() -> None:
    images = pictures(3, (2, 2, 1)) // 4
    many = np.tile(images, (200, 1, 1, 1))
    found = nearest_images(images, many, 200, block_bytes=2000)
    np.testing.assert_array_equal(found.indices, [np.arange(start, 600, 3) for start in range(3)])
    assert (found.distances == 0).all()
    shuffled = np.random.default_rng(0).integers(0, 2, (500, 1, 2, 1), dtype=np.uint8)
    found = nearest_images(shuffled[:9], shuffled, 500, block_bytes=999)
    np.testing.assert_array_equal(found.indices, np.argsort(brute_force(shuffled[:9], shuffled), axis=1, kind="stable"))


def test_the_extremes_are_exact() -> None:
    """Black against white: the largest numbers that occur."""
    white, black = (np.full((1, 64, 64, 3), value, np.uint8) for value in (255, 0))
    grey = np.full((1, 64, 64, 3), 254, np.uint8)
    found = nearest_images(white, np.concatenate([black, grey]), 2)
    np.testing.assert_array_equal(found.indices, [[1, 0]])
    np.testing.assert_array_equal(found.distances, np.sqrt([[64 * 64 * 3, 64 * 64 * 3 * 255**2]]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("block_bytes", [3 << 10, 32 << 20])
def test_distances_among_images_leave_the_image_itself_out(shape: tuple[int, ...], block_bytes: int) -> None:
    images = pictures(200, shape)
    images[150] = images[20]
    squared = brute_force(images, images).astype(float)
    np.fill_diagonal(squared, np.inf)
    members = np.array([0, 20, 77, 150, 199])
    found = distances_to_others(images, members, block_bytes=block_bytes)
    np.testing.assert_array_equal(found, np.sqrt(squared[members].min(axis=1)))
    assert found[1] == found[3] == 0


def test_invisible_colours_make_no_distance() -> None:
    images = pictures(4, (5, 5, 4))
    images[..., 3] = [[[0]], [[0]], [[255]], [[128]]]
    white = np.full((1, 5, 5, 4), 255, np.uint8)
    found = nearest_images(white, images, 4)
    assert found.distances[0, :2].tolist() == [0, 0] and found.indices[0, :2].tolist() == [0, 1]


def test_alpha_is_laid_on_white() -> None:
    pixels = np.array([[[[10, 0, 255, 255], [10, 0, 255, 0], [10, 0, 255, 51]]]], np.uint8)
    np.testing.assert_array_equal(on_white(pixels), [[[[10, 0, 255], [255, 255, 255], [206, 204, 255]]]])
    assert on_white(pixels[..., :3]) is not None and on_white(pixels[..., :1]).shape == (1, 1, 3, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_mirrored_images_count_as_images_of_their_own(shape: tuple[int, ...]) -> None:
    images, queries = pictures(60, shape), pictures(5, shape, seed=1)
    queries[0] = images[7, :, ::-1]
    images[9] = np.maximum(images[9], images[9, :, ::-1])  # symmetric
    images[11] = images[3, :, ::-1]
    everything = np.concatenate([images, images[:, :, ::-1]])
    found, expected = nearest_images(queries, images, 9, flip=True), nearest_images(queries, everything, 9)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (found.indices[0, 0], found.distances[0, 0]) == (67, 0)
    squared = brute_force(images, everything).astype(float)
    squared[np.arange(120) % 60 == np.arange(60)[:, None]] = np.inf
    members = np.array([3, 9, 30])
    among = distances_to_others(images, members, flip=True)
    np.testing.assert_array_equal(among, np.sqrt(squared[members].min(axis=1)))
    assert among[0] == 0 < among[1]


def test_a_mirrored_copy_is_drawn_mirrored(image_file: Path) -> None:
    samples = to_pixels(Sampler(image_file).sample(3), IMAGE)
    images = np.concatenate([samples[:, :, ::-1], pictures(20, (8, 8, 1))])
    plain, found = (compare(Sampler(image_file), images, 3, 0, 2, flip=flip) for flip in (False, True))
    assert found.summary.endswith("; exact copies: 3") and plain.summary.endswith("; exact copies: 0")
    np.testing.assert_array_equal(found.matches[:, 0], samples)


def test_a_memory_map_is_read_block_by_block(tmp_path: Path) -> None:
    images = pictures(500, (8, 8, 3))
    np.save(tmp_path / "images.npy", images)
    mapped, told = np.load(tmp_path / "images.npy", mmap_mode="r"), []
    found = nearest_images(images[:3], mapped, 2, lambda done, total: told.append((done, total)), 100 * 8 * 8 * 3 * 4)
    steps = np.diff([0, *(done for done, _ in told)])
    assert len(told) > 4 and steps.max() <= 100 and told[-1] == (500, 500)
    np.testing.assert_array_equal(found.indices[:, 0], [0, 1, 2])


def test_of_a_large_set_some_are_compared_with_all() -> None:
    assert spread_members(1797, 64).tolist() == list(range(1797))
    some = spread_members(200_000, 64 * 64 * 3)
    assert len(some) == memorization.MIN_MEMBERS and (some[0], some[-1]) == (0, 199_999)
    assert len(spread_members(60_000, 784)) == memorization.MAX_PRODUCTS // (60_000 * 784)
    assert spread_members(2, 10**12).tolist() == [0, 1]


def test_a_generator_that_copies_is_found_out(image_file: Path) -> None:
    sampler = Sampler(image_file)
    samples = to_pixels(sampler.sample(10), IMAGE)
    images = np.concatenate([pictures(90, (8, 8, 1)), samples[:4]])
    found = compare(sampler, images, 10, 0, 3)
    assert found.neighbours.indices[:4, 0].tolist() == [90, 91, 92, 93]
    assert found.neighbours.distances[:4, 0].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(found.matches, images[found.neighbours.indices])
    nearer = int((found.neighbours.distances[:, 0] < np.median(found.member_distances)).sum())
    assert found.summary.startswith(f"{nearer} of 10 samples are nearer") and found.summary.endswith(
        "; exact copies: 4"
    )
    sheet = np.asarray(found.picture())[::6, ::6]
    assert sheet.shape == (10 * 9 - 1, 4 * 9 - 1 + 2) and (sheet[:, 8:11] == 255).all()
    np.testing.assert_array_equal(sheet[9:17, :8], samples[1, ..., 0])
    np.testing.assert_array_equal(sheet[9:17, 11:19], images[91, ..., 0])


def test_the_command_draws_and_lists_the_neighbours(
    image_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [str(image_file), "--nearest", "digits", "--count", "6", "--neighbours", "2", "--truncation", "0.5"]
    for name in ("x.png", "x.npz"):
        assert main([*flags, "--out", str(tmp_path / name)]) == 0
        wrote, summary = capsys.readouterr().out.splitlines()
        assert wrote == f"wrote 6 samples with their 2 nearest of 1,797 images, to {tmp_path / name} (truncation 0.5)"
        assert "samples are nearer to a training image than half of the training images" in summary
    digits = data.load("digits", tmp_path).images  # type: ignore[attr-defined]
    expected = nearest_images(to_pixels(Sampler(image_file).sample(6, truncation=0.5), IMAGE), digits, 2)
    with np.load(tmp_path / "x.npz") as table:
        np.testing.assert_array_equal(table["indices"], expected.indices)
        np.testing.assert_array_equal(table["distances"], expected.distances)
        assert table["training_indices"].tolist() == list(range(1797)) and len(table["training_distances"]) == 1797
        assert (table["seed"], table["truncation"]) == (0, 0.5)
    picture = Image.open(tmp_path / "x.png")
    assert picture.size == ((3 * 9 - 1 + 2) * 6, (6 * 9 - 1) * 6)
    assert picture.info["Description"] == "samples and their 2 nearest training images, seed 0 (truncation 0.5)"


CALLS: dict[str, tuple[str, str]] = {
    "unknown data": ("--nearest digit --out x.png", "nearest"),
    "points as data": ("--nearest ring8 --out x.png", "nearest"),
    "no data": ("--nearest= --out x.png", "nearest"),
    "a module that is not there": ("--nearest absent_module:images --out x.png", "nearest"),
    "images of another shape": ("--nearest digits --out x.png", "nearest"),
    "a generator of points": ("--nearest digits --out x.png", "nearest"),
    "more neighbours than images": ("--nearest digits --count 1 --neighbours 1798 --out x.png", "neighbours"),
    "no neighbours": ("--nearest digits --neighbours 0 --out x.png", "neighbours"),
    "no samples": ("--nearest digits --count 0 --out x.png", "count"),
    "too many for a picture": ("--nearest digits --count 1667 --out x.png", "count"),
    "too many for a table": ("--nearest digits --count 200000 --out x.npz", "count"),
    "an array": ("--nearest digits --out x.npy", "out"),
    "an animation": ("--nearest digits --out x.gif", "out"),
    "a folder": ("--nearest digits --out x", "out"),
    "a walk": ("--nearest digits --walk 4 --out x.png", "nearest"),
    "frames": ("--nearest digits --fps 4 --out x.png", "fps"),
    "a table of samples": ("--out x.npz", "out"),
    "neighbours of nothing": ("--neighbours 3 --out x.png", "neighbours"),
    "a data folder for nothing": ("--data-dir . --out x.png", "data_dir"),
    "negative seed": ("--nearest digits --seed=-1 --out x.png", "seed"),
    "mirror images of nothing": ("--flip --out x.png", "flip"),
    "truncation": ("--nearest digits --truncation 3 --out x.png", "truncation"),
}
OTHER_MODELS = {
    "images of another shape": SamplingSpec(4, "normal", (8, 7, 1), (-1.0, 1.0)),
    "a generator of points": POINT,
}


@pytest.mark.parametrize("name", CALLS)
def test_what_cannot_be_compared_is_refused_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, build(OTHER_MODELS.get(name, IMAGE)))
    monkeypatch.chdir(tmp_path)
    flags, field = CALLS[name]
    with pytest.raises(InputError) as caught:
        main(["generator.onnx", *flags.split()])
    assert caught.value.field == field and "\n" not in str(caught.value)
    # Prepared data may stay.
    assert {path.name for path in tmp_path.iterdir()} <= {"generator.onnx", "data"}


def test_the_options_of_the_training_come_from_the_card(image_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, asked = image_file.parent, []
    trained = {"dataset": "folder:cats", "resolution": 8, "channels": None, "flip": True}
    card = {"files": {image_file.name: {"sha256": Sampler(image_file).sha256}}, "config": {"data": trained}}
    (folder / "card.json").write_text(json.dumps(card))

    def load(dataset: str, data_dir: Path, **options: object) -> data.ImageDataset:
        asked.append((dataset, options))
        return data.ImageDataset("cats", to_pixels(Sampler(image_file).sample(5), IMAGE)[:, :, ::-1])

    monkeypatch.setattr(data, "load", load)
    monkeypatch.setattr(data, "DATASETS", {**data.DATASETS, "folder": None})
    out = folder / "x.npz"
    flags = [str(image_file), "--count", "3", "--neighbours", "1", "--overwrite", "--out", str(out), "--nearest"]
    for dataset, options, found in (
        ("folder:/home/me/cats", {"resolution": 8, "channels": None}, True),
        ("folder:/home/me/dogs", {"resolution": 8, "channels": 1}, False),
    ):
        assert main([*flags, dataset]) == 0 and asked.pop() == (dataset, options)
        with np.load(out) as table:
            assert (table["distances"] == 0).all() == found, "mirrored copies are found if the card says so"


@pytest.mark.parametrize("absent", ["sklearn", "pydantic"])
def test_what_the_base_install_lacks_is_one_line(image_file: Path, absent: str, tmp_path: Path) -> None:
    dataset = "digits" if absent == "sklearn" else "json:loads"
    code = (
        f"import sys; sys.modules[{absent!r}] = None; sys.argv = ['egan-sample', {str(image_file)!r}, '--nearest',"
        f"{dataset!r}, '--out', {str(tmp_path / 'x.png')!r}]; from egan_tf.sampling.command import cli; cli()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith("egan-sample: error: install: ") and absent in done.stderr
    assert done.stderr.endswith("pip install 'egan_tf[train]'\n")


def test_python_messages_are_kept_and_those_of_libraries_are_not() -> None:
    code = (
        "import os, sys; from egan_tf.sampling.training_images import _native_messages_hidden as hidden\n"
        "with hidden(): os.write(2, b'native\\n'); print('python', file=sys.stderr)\n"
        "os.write(2, b'after\\n'); print('end', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr == "python\nafter\nend\n"


def test_a_function_that_a_file_names_is_not_imported() -> None:
    with pytest.raises(InputError, match="names code to import, and comes from a file"):
        training_images.load_training_images("antigravity:fly", ".", (8, 8, 1), trusted=False)
    assert "antigravity" not in sys.modules
