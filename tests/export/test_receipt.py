"""`egan-export verify`: whatever is damaged, missing or extra is named; nothing damaged is loaded."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from egan_tf import InputError, Sampler
from egan_tf.commands import export as command
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.comparison import float32_bound
from egan_tf.export.receipt import formats as receipt_formats
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK
from egan_tf.export.receipt.sampling_process import SamplingError, write_samples
from egan_tf.export.sample_vectors import sample_vectors
from egan_tf.sampling.noise import FIRST_NOISE
from tests.export.generators import CARD, NORMAL
from tests.export.networks import NAMES, network
from tests.export.receipts import faults, files_of, found, rewrite_card

DRAWS = 200


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export in every format; tests only read it."""
    directory = tmp_path_factory.mktemp("models") / "it"
    model = network("mlp", len(NAMES))
    return export_generator(
        model, directory, value_range=(-1, 1), formats=list(FORMATS), class_names=NAMES, card={"data": "noise"}
    )


@pytest.fixture(scope="module")
def onnx_export(conv: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export without TensorFlow's formats; tests only read it."""
    directory = tmp_path_factory.mktemp("models") / "onnx"
    formats = ["onnx", "onnx_int8", "images"]
    return export_generator(conv, directory, latent=NORMAL, value_range=(-1, 1), card=CARD, formats=formats)


@pytest.fixture
def copy(received: Path, tmp_path: Path) -> Path:
    """A copy of `received` to be damaged."""
    return Path(shutil.copytree(received, tmp_path / "copy"))


@pytest.fixture
def small(onnx_export: Path, tmp_path: Path) -> Path:
    """A copy of `onnx_export` to be damaged."""
    return Path(shutil.copytree(onnx_export, tmp_path / "small"))


def test_one_changed_byte_is_named_wherever_it_is(copy: Path) -> None:
    """At places drawn over the bytes of every file: the card, the README, pictures, each file of the SavedModel."""
    draw, files = random.Random(0), files_of(copy)
    assert len(files) > 12
    for number in range(DRAWS):
        file = files[number % len(files)]
        content = file.read_bytes()
        at = draw.randrange(len(content))
        file.write_bytes(content[:at] + bytes([content[at] ^ draw.randrange(1, 256)]) + content[at + 1 :])
        named = faults(copy, files_only=True)
        file.write_bytes(content)
        name = file.relative_to(copy).as_posix()
        assert name in named and DIFFERENT in {finding.state for finding in named.values()}, f"{name}, byte {at}"
    assert faults(copy, files_only=True) == {}


def test_missing_extra_truncated_and_longer_files_are_named(copy: Path) -> None:
    (copy / "samples.png").unlink()
    (copy / "saved_model" / "extra.so").write_bytes(b"1")
    (copy / "generator.onnx").write_bytes((copy / "generator.onnx").read_bytes()[:-100])
    with (copy / "README.md").open("ab") as file:
        file.write(b"more")
    (copy / "link").symlink_to(copy.parent)
    (copy / ".DS_Store").write_bytes(b"of a file manager")
    texts = {name: finding.text for name, finding in faults(copy, files_only=True).items()}
    assert texts.pop("generator.onnx").startswith("truncated: ")
    assert texts.pop("README.md").startswith("longer than listed: ")
    assert texts.pop("samples.png") == "missing"
    assert texts == dict.fromkeys(("link", "saved_model/extra.so"), "extra: the card does not list it")


def test_what_is_damaged_is_never_loaded(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_formats, "samples_of", lambda *_: pytest.fail("loaded a damaged format"))
    for file in files_of(copy):
        if file.name != "card.json":
            file.write_bytes(file.read_bytes() + b"x")
    states = {finding.subject: finding.state for finding in found(copy)}
    assert {states[name] for name in FORMATS} == {NOT_CHECKED}
    shutil.rmtree(copy / "saved_model")
    (copy / "card.json").write_text((copy / "card.json").read_text().replace('"parameters": ', '"parameters":  '))
    assert {finding.state for finding in found(copy)} == {DIFFERENT, NOT_CHECKED}


def test_formats_are_compared_in_fresh_processes_without_tensorflow(onnx_export: Path) -> None:
    lines = found(onnx_export)
    assert {finding.state for finding in lines} == {OK}
    assert [finding.subject for finding in lines[-3:]] == ["onnx", "onnx_int8", "images"]
    assert "from the samples of the card" in lines[-1].text and "from onnx" in lines[-1].text
    sha256 = hashlib.sha256((onnx_export / "card.json").read_bytes()).hexdigest()
    assert lines[0].text == f"SHA-256 {sha256}"


@pytest.mark.slow
def test_every_format_is_checked(received: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["verify", str(received)]) == OK
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(files_of(received)) + len(FORMATS)
    assert all(line.startswith("ok ") for line in lines)


def test_a_change_that_hides_itself_from_the_card_is_found_by_its_sha256_and_other_samples(small: Path) -> None:
    sha256 = hashlib.sha256((small / "card.json").read_bytes()).hexdigest()
    assert faults(small, sha256=sha256.upper(), files_only=True) == {}
    model = onnx.load(small / "generator_int8.onnx")
    scale = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("/scale"))
    scale.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(scale) * 0, scale.name))
    (small / "generator_int8.onnx").write_bytes(model.SerializeToString())
    rewrite_card(small)
    assert faults(small, files_only=True) == {}, "no more than the card can say"
    named = faults(small, sha256=sha256)
    assert "not " + sha256 in named["card.json"].text
    (problem,) = faults(small).values()
    assert problem.subject == "onnx_int8" and problem.text.startswith("compared with the samples of the card: differs")


def test_a_file_that_does_not_load_is_named(small: Path) -> None:
    (small / "images.onnx").write_bytes(b"no model")
    rewrite_card(small)
    (problem,) = faults(small).values()
    assert (problem.subject, problem.state) == ("images", DIFFERENT) and "does not sample: " in problem.text


def test_without_a_library_a_format_is_not_checked(received: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    absent = ("tensorflow", "keras", "onnxruntime")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in absent else find(name, *rest))
    named = faults(received)
    assert set(named) == set(FORMATS) and {finding.state for finding in named.values()} == {NOT_CHECKED}
    assert named["saved_model"].text == "needs tensorflow, keras: pip install 'egan_tf[train]'"
    assert command.main(["verify", str(received)]) == NOT_CHECKED == 3


def test_the_command_needs_no_more_than_the_base_install(received: Path) -> None:
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in ("tensorflow", "keras", "pydantic", "onnx"))
    code = f"import sys; {blocked}; sys.argv[0] = 'egan-export'; from egan_tf.commands.export import cli; cli()"
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", str(received), "--files-only"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(files_of(received))


def test_one_file_is_compared_with_its_card_and_with_its_sha256(small: Path, tmp_path: Path) -> None:
    file = small / "generator_int8.onnx"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert [finding.subject for finding in found(file)] == ["card.json", file.name, "onnx_int8"]
    assert {finding.state for finding in found(file, sha256=sha256, files_only=True)} == {OK}
    (wrong,) = found(file, sha256="0" * 64)
    assert wrong.state == DIFFERENT and sha256 in wrong.text
    alone = Path(shutil.copy(file, tmp_path / "alone.onnx"))
    (unknown,) = found(alone)
    assert unknown.state == NOT_CHECKED and "give --sha256" in unknown.text
    (known,) = found(alone, sha256=sha256)
    assert known.state == OK
    (small / "other.onnx").write_bytes(b"1")
    assert [finding.state for finding in found(small / "other.onnx")] == [OK, DIFFERENT]
    assert [finding.subject for finding in found(small / "card.json")] == ["card.json"]


def earlier(card: dict[str, Any]) -> None:
    """As version 0.1.0 wrote it."""
    card["format"] = "egan_tf export 1"
    del card["sample_vectors"]
    for entry in card["verification"].values():
        del entry["files"]


def test_an_export_of_an_earlier_version_can_be_verified_by_its_sha256(small: Path) -> None:
    rewrite_card(small, earlier)
    card = json.loads((small / "card.json").read_text())
    del card["digest"]
    (small / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    (problem,) = faults(small).values()
    assert (problem.subject, problem.state) == ("card.json", NOT_CHECKED)
    sha256 = hashlib.sha256((small / "card.json").read_bytes()).hexdigest()
    last = found(small, sha256=sha256)[-1]
    assert faults(small, sha256=sha256) == {} and last.subject == "images" and "from onnx" in last.text


def test_samples_of_a_card_are_those_of_its_noise(small: Path) -> None:
    """An earlier version sampled with another noise."""
    sampler = Sampler(small)
    spec = dataclasses.replace(sampler.spec, noise=FIRST_NOISE)
    vectors = sample_vectors(sampler.generate(spec.rows(0).draw(4)), spec)

    def with_first_noise(card: dict[str, Any]) -> None:
        del card["noise"]["test_vectors"]
        card["noise"].update(name=FIRST_NOISE, version=1)

    rewrite_card(small, lambda card: card.update(sample_vectors=vectors))
    assert {finding.state for finding in faults(small).values()} == {DIFFERENT}
    rewrite_card(small, with_first_noise)
    assert faults(small) == {}


def test_noise_of_a_saved_model_is_compared_to_the_bit(copy: Path) -> None:
    spec = Sampler(copy).spec
    out = copy.parent / "samples.npy"
    write_samples("saved_model", copy, out, spec, float32_bound(spec))
    assert out.exists()
    other = dataclasses.replace(spec, distribution="uniform")
    with pytest.raises(SamplingError, match="^makes other noise of seed 0, from sample 0$"):
        write_samples("saved_model", copy, out, other, float32_bound(spec))


def test_what_cannot_be_verified_is_refused_in_one_line(small: Path, tmp_path: Path) -> None:
    for arguments, message in (
        ([str(tmp_path / "absent")], "path: no file or folder"),
        ([str(tmp_path)], "path: .* has no card.json"),
        ([str(small), "--sha256", "12"], "sha256: must be 64 hexadecimal digits"),
        ([str(small), "--bogus"], "arguments: unrecognized"),
    ):
        with pytest.raises(InputError, match=f"^{message}") as caught:
            command.main(["verify", *arguments])
        assert "\n" not in str(caught.value)


def test_a_line_stays_a_line(small: Path) -> None:
    (small / "two\nok           lines").write_bytes(b"1")
    (problem,) = faults(small, files_only=True).values()
    assert str(problem) == "DIFFERENT    'two\\nok           lines': extra: the card does not list it"


def test_the_vectors_of_the_card_are_samples_of_the_generator(conv: keras.Model, conv_export: Path) -> None:
    from egan_tf.export.comparison import verification_inputs
    from egan_tf.sampling import SamplingSpec

    vectors = json.loads((conv_export / "card.json").read_text())["sample_vectors"]
    spec = SamplingSpec(32, "normal", (16, 16, 3), (-1.0, 1.0))
    noise = np.concatenate([noise for (noise,) in verification_inputs(spec)])[:4]
    expected = conv(noise, training=False).numpy().reshape(4, 256, 3)[:, vectors["positions"]]
    np.testing.assert_allclose(np.float32(vectors["values"]), expected, rtol=0, atol=1e-6)
    assert vectors["positions"][0] == 0 and vectors["positions"][-1] == 255 and len(vectors["positions"]) == 8
