"""The sampler, on a small ONNX file built by hand: no TensorFlow here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from egan_tf.sampling import ROWS, Sampler, SamplingSpec
from egan_tf.sampling.command import main
from egan_tf.utils.checks import InputError

IMAGE = SamplingSpec(16, "normal", (8, 8, 1), (-1.0, 1.0))
POINT = SamplingSpec(2, "uniform", (2,), None)


def build(
    spec: SamplingSpec, metadata: dict[str, str] | None = None, made_shape: tuple[int, ...] | None = None
) -> bytes:
    shape = made_shape or spec.sample_shape
    weights = np.random.default_rng(0).normal(size=(spec.latent_size, int(np.prod(shape)))).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["noise", "weights"], ["flat"]),
            helper.make_node("Tanh", ["flat"], ["bounded"]),
            helper.make_node("Reshape", ["bounded", "shape"], ["samples"]),
        ],
        "generator",
        [helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["batch", spec.latent_size])],
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", *shape])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([-1, *shape]), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, spec.to_metadata() if metadata is None else metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def put(folder: Path, content: bytes, name: str = "generator.onnx") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return put(tmp_path, build(IMAGE))


@pytest.fixture
def point_file(tmp_path: Path) -> Path:
    return put(tmp_path, build(POINT), "points.onnx")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "egan_tf.sampling", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_samples_are_what_the_metadata_say(image_file: Path, point_file: Path) -> None:
    sampler = Sampler(image_file.parent)  # the folder will do
    assert (sampler.latent_size, sampler.distribution) == (16, "normal")
    assert (sampler.sample_shape, sampler.value_range) == ((8, 8, 1), (-1.0, 1.0))
    images = sampler.sample(5, seed=3)
    assert images.dtype == np.float32 and images.shape == (5, 8, 8, 1) and np.abs(images).max() <= 1
    np.testing.assert_array_equal(images, sampler.sample(5, seed=3))
    assert not np.array_equal(images, sampler.sample(5, seed=4))
    assert Sampler(point_file).sample(3).shape == (3, 2)


def test_sample_i_depends_on_the_seed_and_i_alone(image_file: Path) -> None:
    everything = Sampler(image_file).sample(100, seed=5)
    for count in (1, 5, ROWS - 1, ROWS, ROWS + 1, 64, 99):
        np.testing.assert_array_equal(Sampler(image_file).sample(count, seed=5), everything[:count])
    for batch_size in (1, 7, ROWS, 64, 1000):
        sampler = Sampler(image_file, batch_size=batch_size)
        np.testing.assert_array_equal(sampler.sample(100, seed=5), everything)
        batches = list(sampler.batches(100, seed=5))
        assert max(map(len, batches)) <= -(-batch_size // ROWS) * ROWS
        np.testing.assert_array_equal(np.concatenate(batches), everything)


@pytest.mark.parametrize("file", ["image_file", "point_file"])
def test_samples_come_from_the_noise_that_is_shown(file: str, request: pytest.FixtureRequest) -> None:
    sampler = Sampler(request.getfixturevalue(file))
    noise = sampler.noise(70, seed=2)
    assert noise.dtype == np.float32
    np.testing.assert_array_equal(noise[:9], sampler.noise(9, seed=2))
    np.testing.assert_allclose(sampler.generate(noise), sampler.sample(70, seed=2), atol=1e-6)


def test_noise_has_its_distribution(image_file: Path, point_file: Path) -> None:
    normal = Sampler(image_file).noise(20_000).ravel()
    assert abs(normal.mean()) < 0.01 and abs(normal.std() - 1) < 0.01
    assert abs((np.abs(normal) < 1).mean() - 0.6827) < 0.005 and abs((normal**4).mean() - 3) < 0.1
    uniform = Sampler(point_file).noise(100_000).ravel()
    assert uniform.min() >= -1 and uniform.max() < 1 and abs(uniform.mean()) < 0.01
    counts = np.histogram(uniform, bins=20, range=(-1, 1))[0] / len(uniform)
    assert np.abs(counts - 0.05).max() < 0.003


def test_imports_neither_tensorflow_nor_keras(image_file: Path) -> None:
    code = (
        "import sys; from egan_tf.sampling import command;"
        f"command.main([{str(image_file)!r}, '--out', {str(image_file.with_suffix('.png'))!r}]);"
        "print(sorted({'tensorflow', 'keras', 'onnx', 'tf2onnx', 'matplotlib', 'pydantic', 'tyro'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_writes_an_array(image_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "images.npy"
    done = command(image_file, "--count", 10, "--seed", 7, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"wrote 10 samples, float32 [10, 8, 8, 1], to {out}\n"
    np.testing.assert_array_equal(np.load(out), Sampler(image_file).sample(10, seed=7))


def test_draws_a_grid_in_which_small_images_can_be_seen(image_file: Path, tmp_path: Path) -> None:
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
    "newer format": (build(IMAGE, changed(format="2")), "metadata"),
    "missing entry": (build(IMAGE, {"egan_tf.format": "1"}), "metadata"),
    "latent size no number": (build(IMAGE, changed(latent_size="many")), "metadata"),
    "latent size a list": (build(IMAGE, changed(latent_size="[16]")), "metadata"),
    "unknown distribution": (build(IMAGE, changed(distribution="cauchy")), "metadata"),
    "shape no list": (build(IMAGE, changed(sample_shape="8")), "metadata"),
    "range of one": (build(IMAGE, changed(value_range="[1]")), "metadata"),
    "range of text": (build(IMAGE, changed(value_range='["a", "b"]')), "metadata"),
    "range upside down": (build(IMAGE, changed(value_range="[1, -1]")), "metadata"),
    "range with NaN": (build(IMAGE, changed(value_range="[NaN, 1]")), "metadata"),
    "other latent size": (build(IMAGE, changed(latent_size="17")), "metadata"),
    "other sample shape": (build(IMAGE, changed(sample_shape="[4, 4, 4]")), "metadata"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_refuses_a_damaged_file(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    content, field = BAD_FILES[name]
    out = tmp_path / "grid.png"
    status = main([str(put(tmp_path, content)), "--out", str(out)])
    said = capfd.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
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


@pytest.mark.parametrize("name", CALLS)
def test_refuses_in_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    line = [sys.executable, "-m", "egan_tf.sampling", *arguments]
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"egan-sample: error: {field}: ") and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failed_write_leaves_the_old_file(
    image_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = put(tmp_path, b"old", "images.npy")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert main([str(image_file), "--out", str(out)]) == 2
    assert capsys.readouterr().err == f"egan-sample: error: out: cannot write {out}: No space left on device\n"
    assert out.read_bytes() == b"old" and sorted(path.name for path in tmp_path.iterdir()) == [
        "generator.onnx",
        "images.npy",
    ]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0,), "count"), ((1.5,), "count"), ((True,), "count"), ((1, -1), "seed"), ((1, "a"), "seed")],
)
def test_refuses_impossible_numbers(image_file: Path, arguments: tuple[int, ...], field: str) -> None:
    for method in (Sampler(image_file).sample, Sampler(image_file).noise):
        with pytest.raises(InputError) as caught:
            method(*arguments)
        assert caught.value.field == field


def test_refuses_noise_of_another_shape(image_file: Path) -> None:
    for shape in ((16,), (2, 15), (0, 16)):
        with pytest.raises(InputError, match=r"noise: must be \[count, 16\]"):
            Sampler(image_file).generate(np.zeros(shape))
    with pytest.raises(InputError, match="batch_size"):
        Sampler(image_file, batch_size=0)
    with pytest.raises(InputError, match="path"):
        Sampler(None)  # type: ignore[arg-type]
