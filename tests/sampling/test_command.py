"""The command `egan-sample`: the files that it writes, and its errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from egan_tf import __version__
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.sampling.command import cli, main
from tests.sampling.onnx_files import CLASSES, IMAGE, POINT, build, put


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of the console command, in this process."""
    monkeypatch.setattr(sys, "argv", ["egan-sample", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        cli()
    return int(left.value.code or 0)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "egan_tf.sampling", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_imports_neither_tensorflow_nor_keras(image_file: Path) -> None:
    code = (
        "import sys; from egan_tf.sampling import command;"
        f"command.main([{str(image_file)!r}, '--out', {str(image_file.with_suffix('.png'))!r}]);"
        "print(sorted({'tensorflow', 'keras', 'onnx', 'tf2onnx', 'matplotlib', 'pydantic', 'tyro'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_says_its_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"egan_tf {__version__}\n"


def test_an_interrupt_is_one_line(
    image_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sampler, "sample", interrupted)
    monkeypatch.chdir(image_file.parent)
    assert run_command(monkeypatch, image_file, "--out", "grid.png") == 130
    assert capsys.readouterr().err == "egan-sample: interrupted\n"


def test_writes_an_array(image_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "images.npy"
    done = command(image_file, "--count", 10, "--seed", 7, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote 10 samples, float32 [10, 8, 8, 1], to {out}\n"
    np.testing.assert_array_equal(np.load(out), Sampler(image_file).sample(10, seed=7))


def test_a_grid_enlarges_small_images(image_file: Path, tmp_path: Path) -> None:
    assert main([str(image_file), "--count", "6", "--out", str(tmp_path / "grid.png")]) == 0
    sheet = np.asarray(Image.open(tmp_path / "grid.png"))
    assert sheet.shape == ((2 * 9 - 1) * 6, (3 * 9 - 1) * 6)  # 2 x 3 images, one pixel apart, six times as large
    second = sheet[: 8 * 6 : 6, 9 * 6 : 17 * 6 : 6]
    expected = np.rint((Sampler(image_file).sample(6)[1, :, :, 0] + 1) * 127.5)
    np.testing.assert_array_equal(second, expected)


def test_draws_points(point_file: Path, tmp_path: Path) -> None:
    assert main([str(point_file), "--count", "50", "--out", str(tmp_path / "points.png")]) == 0
    assert Image.open(tmp_path / "points.png").size == (512, 512)


def test_writes_a_folder(image_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "images"
    out.mkdir()  # empty ones are taken
    assert main([str(image_file), "--count", "70", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{index:05d}.png" for index in range(70)]
    expected = np.rint((Sampler(image_file).sample(70)[69, :, :, 0] + 1) * 127.5)
    np.testing.assert_array_equal(np.asarray(Image.open(out / "00069.png")), expected)


def changed(**entries: str) -> dict[str, str]:
    return {**IMAGE.to_metadata(), **{f"egan_tf.{key}": value for key, value in entries.items()}}


WHOLE = build(IMAGE)
BAD_FILES = {
    "empty": (b"", "path"),
    "text": (b"not a network\n", "path"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "path"),
    "bytes lost at the end": (WHOLE[:-3], "path"),
    "undecodable name": (WHOLE.replace(b"noise", b"\xff\xfe\xfd\xfc\xfb"), "path"),
    "unreadable metadata": (WHOLE.replace(b"egan_tf.format", b"\xff" * 14), "path"),
    "no metadata": (build(IMAGE, {}), "metadata"),
    "other metadata": (build(IMAGE, {"author": "someone"}), "metadata"),
    "newer format": (build(IMAGE, changed(format="3")), "metadata"),
    "other noise": (build(IMAGE, changed(noise="counter")), "metadata"),
    "newer noise": (build(IMAGE, changed(noise_version="2")), "metadata"),
    "other noise's name": (build(IMAGE, changed(noise="numpy_philox", noise_version="7")), "metadata"),
    "vectors of another distribution": (build(IMAGE, changed(distribution="uniform")), "metadata"),
    **{
        f"vectors: {name}": (build(IMAGE, changed(noise_vectors=vectors)), "metadata")
        for name, vectors in {
            "no JSON": "[",
            "no list": "3",
            "none": "[]",
            "too many": str([1] * 1000),
            "no vector": "[1]",
            "another number": '[{"seed": 0, "start": 0, "numbers": [0.5]}]',
            "no numbers": '[{"seed": 0, "start": 0, "numbers": []}]',
            "text": '[{"seed": 0, "start": 0, "numbers": ["a"]}]',
            "a table": '[{"seed": 0, "start": 0, "numbers": [[-0.9246625900268555]]}]',
            "negative seed": '[{"seed": -1, "start": 0, "numbers": [0.5]}]',
            "start too large": '[{"seed": 0, "start": 9223372036854775808, "numbers": [0.5]}]',
            "start no number": '[{"seed": 0, "start": "0", "numbers": [0.5]}]',
            "not finite": '[{"seed": 0, "start": 0, "numbers": [NaN]}]',
        }.items()
    },
    "negative classes": (build(IMAGE, changed(classes="-1")), "metadata"),
    "classes no number": (build(IMAGE, changed(classes="[]")), "metadata"),
    "names without classes": (build(IMAGE, changed(class_names='["a"]')), "metadata"),
    "names no list": (build(IMAGE, changed(class_names='"ab"', classes="2")), "metadata"),
    "names no text": (build(CLASSES, {**CLASSES.to_metadata(), "egan_tf.class_names": "[1, 2, 3]"}), "metadata"),
    "labels that the file lacks": (build(IMAGE, changed(classes="3")), "metadata"),
    "labels that the metadata lack": (build(CLASSES, IMAGE.to_metadata()), "metadata"),
    "missing entry": (build(IMAGE, {"egan_tf.format": "1"}), "metadata"),
    "latent size no number": (build(IMAGE, changed(latent_size="many")), "metadata"),
    "latent size a list": (build(IMAGE, changed(latent_size="[16]")), "metadata"),
    "unknown distribution": (build(IMAGE, changed(distribution="cauchy")), "metadata"),
    "shape no list": (build(IMAGE, changed(sample_shape="8")), "metadata"),
    "range of one": (build(IMAGE, changed(value_range="[1]")), "metadata"),
    "range of text": (build(IMAGE, changed(value_range='["a", "b"]')), "metadata"),
    "range upside down": (build(IMAGE, changed(value_range="[1, -1]")), "metadata"),
    "range of 5,000 brackets": (build(IMAGE, changed(value_range="[" * 5_000)), "metadata"),
    "shape of 5,000 brackets": (build(IMAGE, changed(sample_shape="[" * 5_000 + "]" * 5_000)), "metadata"),
    "latent size of 100,000 brackets": (build(IMAGE, changed(latent_size="[" * 100_000)), "metadata"),
    "latent size of 4,000 digits": (build(IMAGE, changed(latent_size="9" * 4_000)), "metadata"),
    "latent size of 5,000 digits": (build(IMAGE, changed(latent_size="9" * 5_000)), "metadata"),
    "shape of 100,000 numbers": (build(IMAGE, changed(sample_shape=str([1] * 100_000))), "metadata"),
    "endless format": (build(IMAGE, changed(format="1" * 100_000)), "metadata"),
    "endless distribution": (build(IMAGE, changed(distribution="n" * 100_000)), "metadata"),
    "range with NaN": (build(IMAGE, changed(value_range="[NaN, 1]")), "metadata"),
    "other latent size": (build(IMAGE, changed(latent_size="17")), "metadata"),
    "other sample shape": (build(IMAGE, changed(sample_shape="[4, 4, 4]")), "metadata"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_refuses_a_damaged_file(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, field = BAD_FILES[name]
    out = tmp_path / "grid.png"
    status = run_command(monkeypatch, put(tmp_path, content), "--out", out)
    said = capfd.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1) and len(said.err) < 1000
    assert said.err.startswith(f"egan-sample: error: {field}: ")
    assert not out.exists()


CALLS: dict[str, tuple[list[str], str]] = {
    "missing file": (["none.onnx", "--out", "grid.png"], "path"),
    "folder without an export": (["folder", "--out", "grid.png"], "path"),
    "not an ONNX file": (["text", "--out", "grid.png"], "path"),
    "truncated file": (["truncated.onnx", "--out", "grid.png"], "path"),
    "undecodable file": (["undecodable.onnx", "--out", "grid.png"], "path"),
    "endless path": (["n" * 300, "--out", "grid.png"], "path"),
    "no metadata": (["plain.onnx", "--out", "grid.png"], "metadata"),
    "damaged metadata": (["damaged.onnx", "--out", "grid.png"], "metadata"),
    "no samples": (["generator.onnx", "--count", "0", "--out", "grid.png"], "count"),
    "fewer than none": (["generator.onnx", "--count=-3", "--out", "grid.png"], "count"),
    "count no number": (["generator.onnx", "--count", "many", "--out", "grid.png"], "count"),
    "too many to hold": (["generator.onnx", "--count", str(10**15), "--out", "all.npy"], "count"),
    "too many for a grid": (["generator.onnx", "--count", "10001", "--out", "grid.png"], "count"),
    "negative seed": (["generator.onnx", "--seed", "-1", "--out", "grid.png"], "seed"),
    "nowhere to write": (["generator.onnx", "--out", "absent/grid.png"], "out"),
    "cannot write": (["generator.onnx", "--out", "/proc/grid.png"], "out"),
    "folder in the way": (["generator.onnx", "--out", "taken.png"], "out"),
    "folder not empty": (["generator.onnx", "--out", "folder"], "out"),
    "file in the way": (["generator.onnx", "--out", "text"], "out"),
    "unknown kind": (["generator.onnx", "--out", "grid.jpg"], "out"),
    "no name": (["generator.onnx", "--out", ".."], "out"),
    "too long a name": (["generator.onnx", "--out", "n" * 300], "out"),
    "points in a folder": (["points.onnx", "--out", "points"], "out"),
    "vectors as a picture": (["vectors.onnx", "--out", "grid.png"], "out"),
    "no out": (["generator.onnx"], "arguments"),
    "unknown flag": (["generator.onnx", "--out", "grid.png", "--sed", "1", "--frob"], "arguments"),
}


AS_PROCESSES = ("no out", "unknown flag", "truncated file")
"""Enough to see that the command itself says nothing else; a process takes a second."""


@pytest.mark.parametrize("name", CALLS)
def test_refuses_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, WHOLE)
    put(tmp_path, build(POINT), "points.onnx")
    put(tmp_path, build(SamplingSpec(4, "normal", (3,), None)), "vectors.onnx")
    put(tmp_path, build(IMAGE, {}), "plain.onnx")
    put(tmp_path, build(IMAGE, changed(latent_size="x")), "damaged.onnx")
    put(tmp_path, WHOLE[:999], "truncated.onnx")
    put(tmp_path, BAD_FILES["undecodable name"][0], "undecodable.onnx")
    put(tmp_path, b"hello", "text")
    for folder in ("folder", "taken.png"):
        (tmp_path / folder).mkdir()
    put(tmp_path / "folder", b"", "other")
    before = sorted(tmp_path.rglob("*"))
    arguments, field = CALLS[name]
    if name in AS_PROCESSES:
        line = [sys.executable, "-m", "egan_tf.sampling", *arguments]
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        program, status, out, said = "python -m egan_tf.sampling", done.returncode, done.stdout, done.stderr
    else:
        monkeypatch.chdir(tmp_path)
        program, status, (out, said) = "egan-sample", run_command(monkeypatch, *arguments), capfd.readouterr()
    assert (status, out) == (2, "")
    assert said.startswith(f"{program}: error: {field}: ") and said.count("\n") == 1 and "Traceback" not in said
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failed_write_leaves_the_old_file(
    image_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = put(tmp_path, b"old", "images.npy")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert run_command(monkeypatch, image_file, "--out", out, "--overwrite") == 2
    assert capsys.readouterr().err == f"egan-sample: error: out: cannot write {out}: No space left on device\n"
    assert out.read_bytes() == b"old" and sorted(path.name for path in tmp_path.iterdir()) == [
        "generator.onnx",
        "images.npy",
    ]
