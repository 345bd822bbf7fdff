"""Seeds of any length, in every file that states its seed; no file holds a pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf import Sampler
from egan_tf.sampling.array_files import save_arrays
from egan_tf.sampling.files import write_samples
from egan_tf.sampling.nearest_files import write_nearest
from egan_tf.sampling.noise import seed_text
from egan_tf.sampling.walk_files import write_walk
from tests.sampling.onnx_files import IMAGE, build, put

SEEDS = (0, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**200 + 3, 10**5000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_a_table_states_its_seed(seed: int, data: Path, tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(IMAGE)))
    write_nearest(sampler, tmp_path / "x.npz", "digits", data, 2, seed)
    with np.load(tmp_path / "x.npz", allow_pickle=False) as table:
        found = table["seed"]
        kinds = "".join(table[name].dtype.kind for name in ("indices", "distances", "training_indices", "truncation"))
        assert kinds == "ifif" and len(table.files) == 6
    assert found.shape == () and found.dtype.kind in ("iu" if seed < 2**64 else "U")
    assert (int(found) if seed < 2**64 else int(str(found), 0)) == seed


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_pictures_of_any_seed_are_written(seed: int, data: Path, tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, build(IMAGE)))
    write_samples(sampler, tmp_path / "grid.png", 2, seed, 1)
    write_walk(sampler, tmp_path / "walk.png", 3, 2, seed)
    write_nearest(sampler, tmp_path / "near.png", "digits", data, 2, seed)
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_a_seed_as_text_can_be_read_again() -> None:
    assert [seed_text(seed) for seed in (0, 2**70)] == ["0", str(2**70)]
    assert int(seed_text(10**5000), 0) == 10**5000


def test_arrays_are_written_as_numpy_does_but_without_pickle(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array("text"), "c": np.array(2.5)}
    with (tmp_path / "ours.npz").open("wb") as file:
        save_arrays(arrays, file)
    np.savez(tmp_path / "theirs.npz", **arrays)
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "theirs.npz").read_bytes()
    with (tmp_path / "objects.npz").open("wb") as file, pytest.raises(ValueError, match="allow_pickle=False"):
        save_arrays({"a": np.array(2**64)}, file)
