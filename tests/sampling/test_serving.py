"""What a program that serves samples needs: other processes, threads, bytes, and the rows of a call."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.sampling import ROWS, Sampler, SamplingSpec
from egan_tf.sampling.calls import MAX_ROWS, rows_metadata
from egan_tf.sampling.command import main
from egan_tf.sampling.pictures import to_pixels
from egan_tf.sampling.program import Call, Program
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import CLASSES, IMAGE, POINT, build, put

RGBA = SamplingSpec(4, "uniform", (6, 6, 4), (0.0, 2.0))


def with_rows(spec: SamplingSpec, rows: object) -> bytes:
    return build(spec, {**spec.to_metadata(), "egan_tf.rows_per_call": str(rows)})


@pytest.mark.parametrize("rows", [1, 7, 32, 64, 256])
def test_the_file_says_how_many_rows_a_call_has(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Sampler(put(tmp_path, with_rows(IMAGE, rows)))
    assert sampler.rows_per_call == rows
    sizes: list[int] = []
    run = Program.run

    def counted(self: Program, call: Call) -> np.ndarray:
        sizes.append(len(call.noise))
        return run(self, call)

    monkeypatch.setattr(Program, "run", counted)
    everything = sampler.sample(300, seed=4)
    for start, count in ((0, 1), (1, 300 - 1), (rows - 1, 2), (rows, 3), (299, 1)):
        np.testing.assert_array_equal(sampler.sample(count, 4, start), everything[start : start + count])
    np.testing.assert_array_equal(np.concatenate(list(sampler.batches(300, 4))), everything)
    assert set(sizes) == {rows}
    assert max(map(len, sampler.batches(300, 4))) <= -(-64 // rows) * rows


def test_labels_stay_with_their_samples_whatever_the_rows(tmp_path: Path) -> None:
    labels = np.arange(70) % 3
    one = Sampler(put(tmp_path, with_rows(CLASSES, 1), "one.onnx")).sample(70, 2, 5, labels=labels)
    many = Sampler(put(tmp_path, with_rows(CLASSES, 48), "many.onnx")).sample(70, 2, 5, labels=labels)
    np.testing.assert_allclose(one, many, atol=1e-6)


def test_files_that_state_no_rows_keep_their_calls(image_file: Path) -> None:
    assert Sampler(image_file).rows_per_call == ROWS == 32


@pytest.mark.parametrize("rows", [0, -1, MAX_ROWS + 1, "true", "1.5", "[32]", "null", "many", "", "9" * 5000])
def test_rows_that_no_call_can_have_are_refused(rows: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^metadata: damaged: .*rows_per_call"):
        Sampler(put(tmp_path, with_rows(IMAGE, rows)))
    assert rows_metadata(MAX_ROWS) == {"egan_tf.rows_per_call": str(MAX_ROWS)}


BAD = {
    "no threads": ({"threads": 0}, "threads: must be a whole number of at least 1"),
    "too many threads": ({"threads": 10_000}, "threads: must be at most 256"),
    "threads in words": ({"threads": "two"}, "threads: must be a whole number"),
    "threads a truth value": ({"threads": True}, "threads: must be a whole number"),
    "half a thread": ({"threads": 1.5}, "threads: must be a whole number"),
    "provider alone": ({"providers": "CPUExecutionProvider"}, "providers: must be a list of names"),
    "no provider": ({"providers": []}, "providers: must be a list of names"),
    "provider no name": ({"providers": [1]}, "providers: must be a list of names"),
    "unknown provider": ({"providers": ["CPU"]}, "providers: unknown value 'CPU'"),
    "provider that is not there": ({"providers": ["TPUExecutionProvider"]}, "providers: unknown value"),
    "spinning in words": ({"spinning": "no"}, "spinning: must be True or False"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_ways_to_compute_are_one_line(name: str, image_file: Path) -> None:
    arguments, problem = BAD[name]
    with pytest.raises(InputError, match=f"^{problem}") as caught:
        Sampler(image_file, **arguments)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_provider_whose_libraries_are_missing_is_refused(image_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime lists what it was built with, and goes on without what cannot be loaded."""
    import onnxruntime

    session = onnxruntime.InferenceSession
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda model, options, providers, **others: session(model, options, providers=listed[1:], **others),
    )
    with pytest.raises(InputError, match="^providers: onnxruntime cannot use CUDAExecutionProvider here"):
        Sampler(image_file, providers=listed)
    assert Sampler(image_file, providers=listed[1:]).sample(1).shape == (1, 8, 8, 1)


@pytest.mark.parametrize("options", [{"threads": 1}, {"threads": 3, "spinning": True}, {}])
def test_threads_and_spinning_change_no_bit_of_a_small_product(options: dict[str, Any], image_file: Path) -> None:
    np.testing.assert_array_equal(Sampler(image_file, **options).sample(50), Sampler(image_file).sample(50))


COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda sampler: pickle.loads(pickle.dumps(sampler)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_opens_the_same_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, with_rows(CLASSES, 8))
    monkeypatch.chdir(tmp_path)
    sampler = Sampler("generator.onnx", 16, threads=1, providers=["CPUExecutionProvider"], spinning=True)
    stored = pickle.dumps(sampler)
    assert len(stored) < 1000, "neither weights nor session"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    again = COPIES[name](sampler)
    assert again.path == tmp_path / "generator.onnx" and again.place == sampler.place
    assert (again.batch_size, again.sha256, again._execution) == (16, sampler.sha256, sampler._execution)
    np.testing.assert_array_equal(again.sample(9, 1, labels="hat"), sampler.sample(9, 1, labels="hat"))
    chosen = COPIES[name](sampler.at("hat"))
    np.testing.assert_array_equal(chosen.sample(9, 1), sampler.sample(9, 1, labels="hat"))


def test_a_copy_compares_the_file_again(tmp_path: Path) -> None:
    path = put(tmp_path, build(IMAGE))
    stored = pickle.dumps(Sampler(path))
    put(tmp_path, with_rows(IMAGE, 8))
    with pytest.raises(InputError, match="^sha256: .* has "):
        pickle.loads(stored)
    path.unlink()
    with pytest.raises(InputError, match="^path: no file "):
        pickle.loads(stored)


def draw(sampler: Sampler, start: int) -> np.ndarray:
    return sampler.sample(5, 0, start)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_processes_draw_the_same(method: str, image_file: Path) -> None:
    sampler = Sampler(image_file, threads=2)
    with multiprocessing.get_context(method).Pool(1) as pool:
        drawn = pool.starmap_async(draw, [(sampler, 0), (sampler, 5)]).get(timeout=60)
    np.testing.assert_array_equal(np.concatenate(drawn), sampler.sample(10))


def draw_into(sampler: Sampler, pipe: Any) -> None:
    pipe.send(sampler.sample(10))


def test_a_forked_process_opens_the_file_for_itself(image_file: Path) -> None:
    """A DataLoader forks: the threads of the parent's session are not there."""
    sampler = Sampler(image_file, threads=2)
    expected = sampler.sample(10)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=draw_into, args=(sampler, there), daemon=True)
    child.start()
    answered = here.poll(20)
    if not answered:
        child.kill()
    assert answered, "the child waits for threads that it has not"
    np.testing.assert_array_equal(here.recv(), expected)
    child.join(60)
    assert child.exitcode == 0


@pytest.mark.parametrize("spec", [IMAGE, RGBA], ids=["grey", "rgba"])
def test_bytes_are_the_rounded_samples(spec: SamplingSpec, tmp_path: Path) -> None:
    sampler = Sampler(put(tmp_path, with_rows(spec, 16)))
    low, high = spec.value_range or (-1.0, 1.0)
    samples = sampler.sample(40, 3, 7)
    pixels = sampler.sample(40, 3, 7, dtype="uint8")
    assert pixels.dtype == np.uint8 and pixels.shape == samples.shape
    np.testing.assert_array_equal(pixels, to_pixels(samples, spec))
    exact = (samples.astype(np.float64) - low) * 255 / (high - low)
    assert np.abs(pixels - exact).max() <= 0.5 + 1e-4
    np.testing.assert_array_equal(np.concatenate(list(sampler.batches(40, 3, 7, dtype="uint8"))), pixels)


@pytest.mark.parametrize("dtype", ["int8", "float64", "", 8, None])
def test_other_types_of_samples_are_refused(dtype: Any, image_file: Path) -> None:
    with pytest.raises(InputError, match="^dtype: unknown value"):
        Sampler(image_file).sample(1, dtype=dtype)
    with pytest.raises(InputError, match="^dtype: unknown value"):
        next(Sampler(image_file).batches(1, dtype=dtype))


def test_points_have_no_bytes(point_file: Path) -> None:
    with pytest.raises(InputError, match=r"^dtype: uint8 is of images, not of samples of shape \(2,\)"):
        Sampler(point_file).sample(1, dtype="uint8")
    with pytest.raises(InputError, match="^dtype: uint8 is of images"):
        main([str(point_file), "--uint8", "--out", str(point_file.with_suffix(".npy"))])
    assert POINT.is_point and not point_file.with_suffix(".npy").exists()


def test_the_command_writes_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = put(tmp_path, build(CLASSES)), tmp_path / "x.npy"
    assert main([str(path), "--uint8", "--label", "hat", "--count", "5", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote 5 samples, uint8 [5, 8, 8, 1], to {out}\n"
    np.testing.assert_array_equal(np.load(out), Sampler(path).sample(5, labels="hat", dtype="uint8"))
    assert main([str(path), "--uint8", "--each-label", "--count", "2", "--overwrite", "--out", str(out)]) == 0
    assert np.load(out).shape == (6, 8, 8, 1) and np.load(out).dtype == np.uint8


@pytest.mark.parametrize("flags", [["--out", "x.png"], ["--out", "x"], ["--out", "x.npy", "--walk", "3"]], ids=str)
def test_bytes_are_of_arrays_only(flags: list[str], image_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(image_file.parent)
    with pytest.raises(InputError, match="^uint8: "):
        main([str(image_file), "--uint8", *flags])
    assert [path.name for path in image_file.parent.iterdir()] == [image_file.name]
