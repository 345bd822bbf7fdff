"""Counts of any size: batches stream, and what cannot be made is refused in one line."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf import InputError, Sampler
from egan_tf.sampling import SamplingSpec, pictures
from egan_tf.sampling.label_sequence import LabelSequence
from egan_tf.sampling.labels import each_label, label_rows
from egan_tf.sampling.noise import MAX_SAMPLES
from egan_tf.sampling.program import Program
from tests.sampling.onnx_files import CLASSES, IMAGE, build, put
from tests.sampling.test_command import run_command

COUNTS = (2**40, 2**61, 2**62, MAX_SAMPLES // 3, MAX_SAMPLES, MAX_SAMPLES + 1, 10**30)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return Sampler(put(tmp_path_factory.mktemp("model"), build(CLASSES)))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("out", ["x.npy", "x.png"])
@pytest.mark.parametrize("flags", [["--label", "2"], ["--each-label"], []], ids=str)
def test_the_command_refuses_them_in_one_line(
    count: int,
    out: str,
    flags: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = put(tmp_path, build(CLASSES if flags else IMAGE))
    assert run_command(monkeypatch, path, "--count", count, "--out", out, *flags) == 2
    said = capsys.readouterr().err
    assert said.startswith("egan-sample: error: count: ") and said.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


LABELS: dict[str, Callable[[Sampler], Any]] = {
    "a number": lambda sampler: 1,
    "a name": lambda sampler: "shoe",
    "each": lambda sampler: each_label(sampler.spec, 2**61),
}


@pytest.mark.parametrize("name", LABELS)
def test_batches_stream_whatever_the_count(name: str, sampler: Sampler) -> None:
    labels = LABELS[name](sampler)
    count = labels.count if isinstance(labels, LabelSequence) else 2**62 + 1
    expected = sampler.sample(100, 3, labels=0 if name == "each" else labels)
    tracemalloc.start()
    try:
        batches = sampler.at(labels).batches(count, 3)
        found = [next(batches) for _ in range(2)]
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(np.concatenate(found)[:100], expected)


@pytest.mark.parametrize("count", COUNTS)
def test_python_refuses_what_does_not_fit_into_memory(count: int, sampler: Sampler) -> None:
    for labels in (1, "shoe", [1, 2], range(min(count, 2**63 - 1))):
        with pytest.raises(InputError, match="^(count|labels): ") as caught:
            sampler.sample(count, labels=labels)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="^count: "):
        sampler.noise(count)


def test_a_seed_has_no_more_samples_than_there_are_numbers(sampler: Sampler) -> None:
    for count in (MAX_SAMPLES + 1, 10**5000):
        with pytest.raises(InputError, match="^count: must be at most 9223372036854775808, got"):
            next(sampler.batches(count, labels=1))
    last = sampler.sample(3, 5, MAX_SAMPLES - 3, labels=1)
    np.testing.assert_array_equal(last[2:], sampler.sample(1, 5, MAX_SAMPLES - 1, labels=1))
    with pytest.raises(InputError, match="^start: "):
        sampler.sample(3, 5, MAX_SAMPLES - 2, labels=1)


def test_a_batch_size_of_any_length_is_one_batch(sampler: Sampler, tmp_path: Path) -> None:
    (batch,) = Sampler(put(tmp_path, build(IMAGE)), 10**30).batches(70)
    assert batch.shape == (70, 8, 8, 1)


def test_a_sequence_is_its_values_each_repeated() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        values = random.integers(0, 9, random.integers(1, 6)).astype(np.int32)
        sequence = LabelSequence(values, int(random.integers(1, 7)))
        whole = np.repeat(values, sequence.repeats)
        assert sequence.count == len(whole)
        first, size = int(random.integers(-9, len(whole) + 3)), int(random.integers(1, 12))
        padded = np.concatenate([np.zeros(9, int), whole, np.zeros(30, int)])
        np.testing.assert_array_equal(sequence.rows(first, size), padded[9 + first : 9 + first + size])


def test_positions_at_the_end_of_a_seed_are_exact() -> None:
    sequence = LabelSequence(np.int32([4, 7]), MAX_SAMPLES // 2)
    assert sequence.rows(MAX_SAMPLES // 2 - 2, 4).tolist() == [4, 4, 7, 7]
    assert sequence.rows(MAX_SAMPLES - 2, 4).tolist() == [7, 7, 0, 0]
    assert LabelSequence(np.int32([3]), MAX_SAMPLES).rows(MAX_SAMPLES - 1, 3).tolist() == [3, 0, 0]


def test_labels_of_a_call_are_an_array(sampler: Sampler) -> None:
    found = label_rows(sampler.spec, each_label(sampler.spec, 2), 6)
    assert found is not None and found.dtype == np.int32 and found.tolist() == [0, 0, 1, 1, 2, 2]
    with pytest.raises(InputError, match="^labels: must be one per sample, 5, got 6"):
        sampler.sample(5, labels=each_label(sampler.spec, 2))


def test_a_grid_is_limited_by_its_pixels_before_any_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, build(IMAGE))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 64 * 100 + 63)
    assert run_command(monkeypatch, "generator.onnx", "--count=100", "--out=x.png") == 0
    monkeypatch.setattr(Program, "run", lambda *_: pytest.fail("drew before it refused"))
    assert run_command(monkeypatch, "generator.onnx", "--count=101", "--out=y.png") == 2
    said = "error: count: a grid takes at most 100 images of 8 x 8, got 101; use a folder or .npy\n"
    assert capsys.readouterr().err.endswith(said)


def test_the_limits_of_a_grid() -> None:
    for shape, most in (((8, 8, 1), 10_000), ((256, 256, 3), 2048), ((1 << 15, 1 << 15, 1), 1)):
        spec = SamplingSpec(16, "normal", shape, (-1.0, 1.0))
        pictures.check_grid(most, spec)
        with pytest.raises(InputError, match="^count: a grid takes at most"):
            pictures.check_grid(most + 1, spec)
    pictures.check_grid(10**9, SamplingSpec(2, "normal", (2,), None))
