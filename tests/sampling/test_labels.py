"""Labels of class-conditional generators, by number and by name, in Python and on the command line."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf import InputError, Sampler
from egan_tf.sampling.calls import ROWS
from egan_tf.sampling.command import main
from egan_tf.sampling.noise import FIRST_NOISE
from egan_tf.sampling.spec import SamplingSpec
from tests.sampling.onnx_files import CLASSES, IMAGE, build, put


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("model"), build(CLASSES))


@pytest.fixture(scope="module")
def sampler(path: Path) -> Sampler:
    return Sampler(path)


def test_the_file_says_its_classes(sampler: Sampler) -> None:
    assert (sampler.classes, sampler.class_names) == (3, ("shirt", "shoe", "hat"))
    assert SamplingSpec.from_metadata(CLASSES.to_metadata()) == CLASSES


@pytest.mark.parametrize(
    "labels", [1, np.int64(1), "shoe", "1", [1] * 5, ("shoe",) * 5, np.full(5, 1), ["1", 1, "shoe"] + [1] * 2]
)
def test_a_label_by_any_of_its_names(labels: Any, sampler: Sampler) -> None:
    expected = sampler.generate(sampler.noise(5, seed=3), labels=np.array([1] * 5))
    found = sampler.sample(5, seed=3, labels=labels)
    np.testing.assert_array_equal(found, expected.clip(-1, 1))
    assert not np.allclose(found, sampler.sample(5, seed=3, labels=0))


def test_labels_stay_with_their_samples(sampler: Sampler) -> None:
    count = 2 * ROWS + 5
    labels = np.arange(count) % 3
    mixed = sampler.sample(count, seed=1, labels=labels)
    for label in range(3):
        alone = sampler.sample(count, seed=1, labels=label)
        np.testing.assert_array_equal(mixed[labels == label], alone[labels == label])
    np.testing.assert_array_equal(np.concatenate(list(sampler.batches(count, 1, labels=labels))), mixed)
    np.testing.assert_array_equal(sampler.sample(ROWS + 3, seed=1, labels=labels[: ROWS + 3]), mixed[: ROWS + 3])
    chosen = sampler.at(labels)
    np.testing.assert_array_equal(chosen.sample(count, 1), mixed)
    np.testing.assert_array_equal(np.concatenate(list(chosen.batches(count, 1))), mixed)
    assert chosen.spec is sampler.spec


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (None, "must be given"),
        (3, "3 is no class; choose from 0 to 2, or shirt, shoe, hat"),
        (-1, "is no class"),
        ("shit", "did you mean 'shirt'"),
        ("-1", "unknown class"),
        ("9" * 50, "unknown class"),
        (1.0, "must be a label or one per sample"),
        (True, "must be a label or one per sample"),
        ([0.5] * 4, "must be numbers or names"),
        ([0, 1], "must be one per sample, 4, got 2"),
        ([None] * 4, "must be numbers or names"),
        (print, "must be a label or one per sample"),
        (b"\1\1\1\1", "must be a label or one per sample"),
        (bytearray(4), "must be a label or one per sample"),
        (memoryview(bytes(4)), "must be a label or one per sample"),
        ({0, 1, 2, "hat"}, "must be a label or one per sample"),
        (frozenset([0, 1, 2, "hat"]), "must be a label or one per sample"),
        (dict.fromkeys([0, 1, 2, "hat"]), "must be a label or one per sample"),
        (dict.fromkeys([0, 1, 2, "hat"]).keys(), "must be a label or one per sample"),
        (np.array(1.0), "must be a label or one per sample"),
        (range(10**30), "do not fit into memory"),
    ],
)
def test_labels_that_cannot_be_used_are_one_line(labels: Any, says: str, sampler: Sampler) -> None:
    for draw in (
        lambda: sampler.sample(4, labels=labels),
        lambda: list(sampler.batches(4, labels=labels)),
        lambda: sampler.generate(sampler.noise(4), labels),
    ):
        with pytest.raises(InputError, match="^(labels|count): ") as error:
            draw()
        assert says in str(error.value) and "\n" not in str(error.value)


def test_labels_may_come_one_after_another(sampler: Sampler) -> None:
    np.testing.assert_array_equal(
        sampler.sample(4, labels=iter([0, "hat", 1, 2])), sampler.sample(4, labels=[0, 2, 1, 2])
    )
    for given, says in ((iter([0]), "4, got 1$"), (itertools.repeat(0), "4, got 5 or more$")):
        with pytest.raises(InputError, match=f"^labels: must be one per sample, {says}"):
            sampler.sample(4, labels=given)


def test_a_sampler_at_labels_that_come_one_after_another_serves_every_call(sampler: Sampler) -> None:
    chosen, expected = sampler.at(iter([0, "hat", 1, 2])), sampler.sample(4, labels=[0, 2, 1, 2])
    for _ in range(2):
        np.testing.assert_array_equal(chosen.sample(4), expected)
        np.testing.assert_array_equal(np.concatenate(list(chosen.batches(4))), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(chosen)).sample(4), expected)
    with pytest.raises(InputError, match="^labels: an iterator may give at most 10,000,000; give a list or an array$"):
        sampler.at(itertools.repeat(0))


def test_a_generator_without_labels_takes_none(tmp_path: Path) -> None:
    plain = Sampler(put(tmp_path, build(IMAGE)))
    assert plain.classes == 0
    with pytest.raises(InputError, match="^labels: must not be given"):
        plain.sample(2, labels=0)
    for flags in (["--label", "0"], ["--each-label"]):
        with pytest.raises(InputError, match="takes no"):
            main([str(plain.path), "--out", str(tmp_path / "x.png"), *flags])
    assert not (tmp_path / "x.png").exists()


def test_files_of_the_first_format_are_sampled_as_before(tmp_path: Path) -> None:
    old = {key: value for key, value in IMAGE.to_metadata().items() if key.split(".")[1] not in NEW}
    old["egan_tf.format"] = "1"
    found = Sampler(put(tmp_path, build(IMAGE, old), "old.onnx"))
    assert found.spec == dataclasses.replace(IMAGE, noise=FIRST_NOISE)
    old_noise = np.random.Generator(np.random.Philox(3)).standard_normal((9, 16), dtype=np.float32)
    np.testing.assert_array_equal(found.noise(9, 3), old_noise)
    expected = Sampler(put(tmp_path, build(IMAGE), "new.onnx")).generate(old_noise)
    np.testing.assert_allclose(found.sample(5, 3, 4), expected[4:], atol=1e-6)


NEW = ("classes", "class_names", "noise", "noise_version", "noise_vectors")


@pytest.mark.parametrize("name", NEW)
def test_the_second_format_has_all_entries(name: str, tmp_path: Path) -> None:
    metadata = IMAGE.to_metadata()
    del metadata[f"egan_tf.{name}"]
    with pytest.raises(InputError, match=f"^metadata: damaged: {name} is missing"):
        Sampler(put(tmp_path, build(IMAGE, metadata)))


def test_the_command_draws_a_class(path: Path, sampler: Sampler, tmp_path: Path) -> None:
    for label in ("2", "hat"):
        out = tmp_path / f"{label}.npy"
        main([str(path), "--count", "4", "--label", label, "--out", str(out)])
        np.testing.assert_array_equal(np.load(out), sampler.sample(4, labels=2))


def test_the_command_draws_a_row_for_each_class(path: Path, sampler: Sampler, tmp_path: Path) -> None:
    main([str(path), "--each-label", "--count", "4", "--out", str(tmp_path / "grid.png")])
    sheet = np.asarray(Image.open(tmp_path / "grid.png"))
    assert sheet.shape == ((3 * 9 - 1) * 6, (4 * 9 - 1) * 6)
    expected = sampler.sample(12, labels=[0] * 4 + [1] * 4 + [2] * 4)
    third = sheet[2 * 9 * 6 : (2 * 9 + 8) * 6 : 6, 9 * 6 : 17 * 6 : 6]
    np.testing.assert_array_equal(third, np.rint((expected[9, :, :, 0] + 1) * 127.5))


def test_walks_and_neighbours_take_a_class(path: Path, sampler: Sampler, tmp_path: Path) -> None:
    main([str(path), "--walk", "3", "--count", "2", "--label", "shoe", "--out", str(tmp_path / "walk.npy")])
    walk = np.load(tmp_path / "walk.npy")
    np.testing.assert_array_equal(walk[0, [0, -1]], sampler.sample(2, labels=1))
    flags = ["--nearest", "digits", "--label", "shoe", "--count", "2", "--data-dir", str(tmp_path / "data")]
    main([str(path), *flags, "--out", str(tmp_path / "near.npz")])
    assert (tmp_path / "near.npz").exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "label: must be given.*give --label CLASS or --each-label"),
        (["--walk", "3"], "label: must be given"),
        (["--label", "dress"], "label: unknown class 'dress'"),
        (["--label", "3"], "label: .*is no class"),
        (["--label", "1", "--each-label"], "label: cannot be combined"),
        (["--each-label", "--walk", "3"], "each_label: cannot be combined"),
        (["--each-label", "--nearest", "digits"], "each_label: cannot be combined"),
        (["--each-label", "--count", "0"], "count: "),
    ],
    ids=str,
)
def test_flags_that_cannot_work_are_one_line(flags: list[str], says: str, path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{says}"):
        main([str(path), "--out", str(tmp_path / "x.png"), *flags])
    assert list(tmp_path.iterdir()) == []
