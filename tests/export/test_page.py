"""`egan-export page`: what the folder holds, and what is refused before anything is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import egan_tf.export.page
import egan_tf.sampling
from egan_tf.export.page import runtime
from egan_tf.sampling import DISTRIBUTIONS, Sampler, SamplingSpec
from egan_tf.sampling.noise import NOISE, NOISES
from egan_tf.sampling.walk import interpolate
from tests.export.pages import fake_archive, fake_npm, fake_package, page, refused
from tests.sampling.onnx_files import CLASSES, IMAGE, POINT, build, put

OWN = {"index.html", "page.css", "page.js", "sampler.js", "walk.js", "noise.js", "generator.json", "LICENSES.txt"}
CARRIED = {f"onnxruntime/{name}" for name in (*runtime.FILES, *runtime.LICENSES)}
TEMPLATES = Path(egan_tf.export.page.__file__).parent / "templates"


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "<shoes> & co"
    folder.mkdir(parents=True)
    return put(folder, build(CLASSES))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return fake_package(tmp_path)


def test_the_folder_holds_the_generator_its_data_and_the_runtime_and_nothing_else(
    model: Path, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "page"
    page(model.parent, "--out", out, "--onnxruntime-web", package)
    assert capsys.readouterr().out.startswith(f"page: {out} (")
    assert files(out) == OWN | CARRIED | {"generator.onnx"}
    assert (out / "generator.onnx").read_bytes() == model.read_bytes()
    assert (out / "noise.js").read_bytes() == Path(egan_tf.sampling.__file__).with_name("noise.js").read_bytes()
    for name, path in runtime.FILES.items():
        assert (out / "onnxruntime" / name).read_bytes() == (package / path).read_bytes()
    assert "Microsoft" in (out / "onnxruntime" / "LICENSE").read_text()
    index = (out / "index.html").read_text()
    assert "<h1>&lt;shoes&gt; &amp; co</h1>" in index
    assert "$" not in index
    assert "http" not in index.replace("http-equiv", "")


def test_the_data_say_what_the_sampler_says(model: Path, package: Path, tmp_path: Path) -> None:
    page(model, "--out", tmp_path / "page", "--onnxruntime-web", package)
    data, sampler = json.loads((tmp_path / "page" / "generator.json").read_text()), Sampler(model)
    assert (data["name"], data["sha256"]) == (model.parent.name, sampler.sha256)
    assert (data["latent_size"], data["sample_shape"], data["value_range"]) == (16, [8, 8, 1], [-1, 1])
    assert (data["classes"], data["class_names"]) == (3, ["shirt", "shoe", "hat"])
    assert data["noise"] == {
        "name": NOISE,
        "version": NOISES[NOISE].version,
        "distribution": "normal",
        "test_vectors": sampler.spec.noise_vectors,
    }


def test_licences_beside_the_package_are_preferred(model: Path, package: Path, tmp_path: Path) -> None:
    for name in runtime.LICENSES:
        (package / name).write_text(f"theirs: {name}")
    page(model, "--out", tmp_path / "page", "--onnxruntime-web", package)
    assert (tmp_path / "page/onnxruntime/LICENSE").read_text() == "theirs: LICENSE"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (build(POINT), r"makes samples of shape \[2\], which a page cannot draw"),
        (build(SamplingSpec(16, "normal", (8, 8, 2), None)), r"samples of shape \[8, 8, 2\]"),
        (build(IMAGE, {**IMAGE.to_metadata(), "egan_tf.format": "1"}), "has the noise numpy_philox, which browsers"),
        (b"no model", "path: "),
    ],
    ids=["points", "two channels", "earlier noise", "no model"],
)
def test_generators_that_a_page_cannot_show_are_refused(
    content: bytes, message: str, package: Path, tmp_path: Path
) -> None:
    model = put(tmp_path, content)
    refused(message, model, "--out", tmp_path / "page", "--onnxruntime-web", package)
    assert not (tmp_path / "page").exists()


def test_a_package_without_the_files_is_refused(model: Path, package: Path, tmp_path: Path) -> None:
    refused("unpacked npm package", model, "--out", tmp_path / "page", "--onnxruntime-web", tmp_path)
    (package / "dist/ort-wasm-simd-threaded.wasm").unlink()
    refused("threaded.wasm: No such file", model, "--out", tmp_path / "page", "--onnxruntime-web", package)
    assert not (tmp_path / "page").exists()


def test_npm_fetches_the_pinned_package_once(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = fake_archive(tmp_path, monkeypatch)
    name = f"onnxruntime-web-{runtime.VERSION}.tgz"
    fake_npm(
        tmp_path,
        monkeypatch,
        f'echo "$@" >> {tmp_path}/calls; for last; do :; done; cp {tmp_path}/packed.tgz "$last/{name}"',
    )
    for folder in ("first", "second"):
        page(model, "--out", tmp_path / folder, "--data-dir", tmp_path / "data")
        assert (tmp_path / folder / "onnxruntime/ort.wasm.min.js").read_text() == "content of dist/ort.wasm.min.js"
    assert (tmp_path / "calls").read_text().startswith(f"pack onnxruntime-web@{runtime.VERSION} --ignore-scripts")
    cached = tmp_path / "data/onnxruntime-web" / name
    assert cached.read_bytes() == content
    cached.write_bytes(content[:-1])
    page(model, "--out", tmp_path / "third", "--data-dir", tmp_path / "data")
    assert cached.read_bytes() == content
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", r"npm could not fetch .* \(ENOTFOUND\); run `npm pack"),
        ("exit 3", r"\(status 3\); run `npm pack .* give --onnxruntime-web"),
        ("exit 0", r"\(status 0\)"),
        (f'for last; do :; done; echo other > "$last/onnxruntime-web-{runtime.VERSION}.tgz"', "npm gave another"),
    ],
    ids=["no network", "fails", "writes nothing", "another package"],
)
def test_what_npm_does_not_give_is_one_line(
    script: str, message: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_npm(tmp_path, monkeypatch, script)
    refused(message, model, "--out", tmp_path / "page", "--data-dir", tmp_path / "data")
    assert not (tmp_path / "page").exists()
    assert not (tmp_path / "data").exists()


def test_without_npm_the_message_says_what_to_do(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    refused("npm, .* is not installed; run `npm pack", model, "--out", tmp_path / "page", "--data-dir", tmp_path)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_walk_in_javascript_is_that_of_python(distribution: str) -> None:
    rows = NOISES[NOISE].rows(distribution, 5, 0, 40).draw(3)
    pairs = [(rows[0], rows[1]), (rows[2], rows[2]), (rows[0], 0 * rows[0]), (rows[0][:1], rows[1][:1])]
    if distribution == "uniform":
        edge = np.float32([-1, 1 - 2**-24, 0, 2**-24])
        pairs.append((edge, edge[::-1].copy()))
    fractions = np.array([0, 0.01, 0.3, 0.5, 0.99, 1])
    program = """
    const { interpolate } = require(process.argv[1]);
    const [pairs, fractions, distribution] = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(JSON.stringify(pairs.map(([start, end]) => fractions.map(
      (t) => [...interpolate(Float32Array.from(start), Float32Array.from(end), t, distribution)]))));
    """
    given = json.dumps([[[row.tolist() for row in pair] for pair in pairs], fractions.tolist(), distribution])
    line = ["node", "-e", program, str(TEMPLATES / "walk.js")]
    done = subprocess.run(line, input=given, capture_output=True, text=True, check=True)
    for found, (start, end) in zip(json.loads(done.stdout), pairs, strict=True):
        expected = interpolate(start, end, fractions, distribution)
        np.testing.assert_allclose(np.array(found, np.float32), expected, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(np.float32(found)[[0, -1]], expected[[0, -1]])
