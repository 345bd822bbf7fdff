"""A file that cannot be checked is refused: the card beside it, a given SHA-256, its kind and size; and its samples."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.export.card import listed_files
from egan_tf.sampling import Sampler
from egan_tf.sampling.integrity import CARD_FILE, MAX_CARD_BYTES
from egan_tf.utils.checks import InputError
from egan_tf.utils.regular_files import read_regular_file
from tests.sampling.onnx_files import IMAGE, build, put
from tests.sampling.test_command import run_command

WHOLE = build(IMAGE)
DIGEST = sha256(WHOLE).hexdigest()


def written(content: str | bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def listing(sha: Any, name: str = "generator.onnx") -> Callable[[Path], None]:
    return written(json.dumps({"format": "egan_tf export 1", "files": {name: {"sha256": sha, "bytes": 1}}}))


def sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, size)

    return make


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)  # a socket's name has at most 108 bytes
        bound.bind(path.name)


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


SPECIAL: dict[str, Callable[[Path], None]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": bind,
    "endless device": link_to("/dev/zero"),
    "empty device": link_to("/dev/null"),
    "link to nothing": link_to("nowhere"),
    "link to itself": link_to(CARD_FILE),
    "12 GB": sparse(12 << 30),
}
CARDS = {
    **SPECIAL,
    "empty": written(""),
    "one byte too large": sparse(MAX_CARD_BYTES + 1),
    "zeros": sparse(MAX_CARD_BYTES),
    "UTF-16": written(json.dumps({"files": {}}).encode("utf-16")),
    "not UTF-8": written(b'{"files": "\xff"}'),
    "not JSON": written("{files: {}}"),
    "cut": written('{"files": {"generator.onnx": {"sha256": "' + DIGEST),
    "two values": written("{}{}"),
    "5,000 brackets": written("[" * 5_000),
    "100,000 brackets": written("[" * 100_000),
    "100,000 closed brackets": written('{"files": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "a number of 5,000 digits": written('{"files": ' + "9" * 5_000 + "}"),
    "null": written("null"),
    "list": written('["files"]'),
    "text": written('"files"'),
    "number": written("3"),
    "no files": written('{"format": "egan_tf export 1"}'),
    "files null": written('{"files": null}'),
    "files a list": written('{"files": ["generator.onnx"]}'),
    "files a number": written('{"files": 3}'),
    "another file": listing(DIGEST, "other.onnx"),
    "the same in capitals": listing(DIGEST, "GENERATOR.ONNX"),
    "entry null": written('{"files": {"generator.onnx": null}}'),
    "entry a text": written(json.dumps({"files": {"generator.onnx": DIGEST}})),
    "no sha256": written('{"files": {"generator.onnx": {"bytes": 3}}}'),
    "sha256 null": listing(None),
    "sha256 true": listing(True),
    "sha256 a number": listing(int(DIGEST, 16)),
    "sha256 a list": listing([DIGEST]),
    "sha256 short": listing(DIGEST[:-1]),
    "sha256 long": listing(DIGEST + "0"),
    "sha256 with a line": listing(DIGEST + "\n"),
    "sha256 no hex": listing("g" * 64),
    "sha256 other digits": listing("\u0663" * 64),
    "sha256 of another file": listing("0" * 64),
}


def refusal(function: Callable[[], Any], field: str = "path") -> str:
    """The one line of the refusal, which must come soon."""
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        function()
    assert time.monotonic() - start < 10
    assert caught.value.field == field and len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 1000
    return str(caught.value)


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_does_not_vouch_for_the_file_is_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(tmp_path, WHOLE)
    CARDS[name](tmp_path / CARD_FILE)
    for path in (tmp_path, file):
        assert CARD_FILE in refusal(lambda path=path: Sampler(path))
        assert CARD_FILE in refusal(lambda path=path: Sampler(path, sha256=DIGEST))
    assert run_command(monkeypatch, tmp_path, "--out", tmp_path / "grid.png") == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("egan-sample: error: path: ") and said.err.count("\n") == 1
    assert not (tmp_path / "grid.png").exists()
    assert listed_files(tmp_path) in (None, {"generator.onnx"}, {"GENERATOR.ONNX"}, {"other.onnx"})


def test_a_card_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, WHOLE)
    listing(DIGEST)(tmp_path / CARD_FILE)
    really = os.open

    def forbidden(path: Any, *arguments: Any, **options: Any) -> int:
        if Path(path).name == CARD_FILE:
            raise PermissionError(13, "Permission denied")
        return really(path, *arguments, **options)

    monkeypatch.setattr(os, "open", forbidden)
    assert "Permission denied" in refusal(lambda: Sampler(file))


def test_a_card_that_vouches_for_the_file_or_none_passes(tmp_path: Path) -> None:
    file = put(tmp_path, WHOLE)
    assert Sampler(file).sha256 == DIGEST
    for make in (listing(DIGEST), listing(DIGEST.upper())):
        make(tmp_path / CARD_FILE)
        assert Sampler(tmp_path).sample(2).shape == (2, 8, 8, 1)
    (tmp_path / "real.json").write_bytes((tmp_path / CARD_FILE).read_bytes())
    (tmp_path / CARD_FILE).unlink()
    (tmp_path / CARD_FILE).symlink_to("real.json")  # a store of files by their hashes links to them
    assert Sampler(tmp_path).sample(2).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("given", [DIGEST, DIGEST.upper()])
def test_a_file_of_the_given_sha256_passes(given: str, image_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Sampler(image_file, sha256=given).sha256 == DIGEST
    assert run_command(monkeypatch, image_file, "--sha256", given, "--out", image_file.with_name("grid.png")) == 0


ANOTHER = DIGEST[:-1] + ("1" if DIGEST[-1] == "0" else "0")
NO_DIGESTS = ["", DIGEST[:63], DIGEST + "0", f" {DIGEST}", f"{DIGEST}\n", f"sha256:{DIGEST}", "g" * 64, "\u0663" * 64]


@pytest.mark.parametrize("given", ["0" * 64, ANOTHER, *NO_DIGESTS])
def test_a_file_of_another_sha256_is_refused(
    given: str, image_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal(lambda: Sampler(image_file, sha256=given), "sha256")
    assert run_command(monkeypatch, image_file, f"--sha256={given}", "--out", image_file.with_name("grid.png")) == 2
    assert capsys.readouterr().err.startswith("egan-sample: error: sha256: ")


@pytest.mark.parametrize("given", [bytes.fromhex(DIGEST), DIGEST.encode(), 3, True, [DIGEST], Path(DIGEST)])
def test_a_sha256_of_another_type_is_refused(given: Any, image_file: Path) -> None:
    refusal(lambda: Sampler(image_file, sha256=given), "sha256")


@pytest.mark.parametrize("name", [name for name in SPECIAL if name != "link to itself"])
def test_a_model_that_is_no_regular_file_is_refused(name: str, tmp_path: Path) -> None:
    SPECIAL[name](tmp_path / "generator.onnx")
    refusal(lambda: Sampler(tmp_path))
    refusal(lambda: Sampler(tmp_path / "generator.onnx"))


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, b"1234")
    assert read_regular_file(path, 4) == b"1234"
    really = os.fdopen

    def grown(*arguments: Any) -> Any:
        with path.open("ab") as file:
            file.write(b"5" * 1000)
        return really(*arguments)

    monkeypatch.setattr(os, "fdopen", grown)
    with pytest.raises(OSError, match="more than 4"):
        read_regular_file(path, 4)


POISON = {"NaN": np.nan, "infinity": np.inf, "-infinity": -np.inf}


@pytest.mark.parametrize("name", POISON)
@pytest.mark.parametrize("bounded", [True, False])
def test_samples_that_are_not_finite_are_refused(name: str, bounded: bool, tmp_path: Path) -> None:
    """Also infinity, which a value range would hide; but only samples that were asked for count."""
    path = put(tmp_path, build(IMAGE, poison=POISON[name], bounded=bounded))
    sampler = Sampler(path, batch_size=64)
    noise = sampler.noise(100)
    bad = noise[:, 0] > 2.0  # as `build` says
    first = int(np.argmax(bad))
    assert first > 0 and bad.sum() > 1
    for function in (
        lambda: sampler.generate(noise),
        lambda: sampler.sample(100),
        lambda: list(sampler.batches(100)),
        lambda: sampler.sample(first + 1),
        lambda: list(sampler.batches(first + 1)),
        lambda: sampler.generate(noise[first : first + 1]),
    ):
        assert f"{path} makes samples that are not finite: " in refusal(function)
    rows = sampler.rows_per_call
    call = bad[first // rows * rows :][:rows]
    assert f"{call.sum()} of {len(call)}" in refusal(lambda: sampler.generate(noise))
    assert np.isfinite(sampler.sample(first)).all()
    assert np.isfinite(np.concatenate(list(sampler.batches(first)))).all()


class Failing:
    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise RuntimeError("the tensor\nis on another device")


ROW = np.zeros((1, 16))
NOISES = {
    "NaN": np.full((2, 16), np.nan),
    "one infinity": np.where(np.arange(16) == 3, np.inf, ROW),
    "overflows float32": ROW + 1e300,
    "overflows from integers": [[10**400] * 16],
    "booleans": ROW.astype(bool),
    "complex": ROW.astype(complex),
    "text": ROW.astype(str),
    "bytes": ROW.astype("S3"),
    "objects": ROW.astype(object),
    "times": ROW.astype("datetime64[s]"),
    "spans": ROW.astype("timedelta64[s]"),
    "records": np.zeros((1, 16), [("a", "f4")]),
    "ragged": [[0.0] * 16, [0.0] * 15],
    "masked": np.ma.masked_array(ROW, np.arange(16)[None] == 3),
    "None": None,
    "a dictionary": {},
    "a failing array": Failing(),
    "no rows": np.zeros((0, 16)),
    "a vector": np.zeros(16),
    "another size": np.zeros((2, 15)),
}


@pytest.mark.parametrize("name", NOISES)
def test_noise_that_is_no_noise_is_refused(name: str, image_file: Path) -> None:
    with np.errstate(all="raise"):
        refusal(lambda: Sampler(image_file).generate(NOISES[name]), "noise")


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", ">f4", "bfloat16"])
def test_noise_of_every_real_type_is_used(dtype: str, image_file: Path) -> None:
    import ml_dtypes

    sampler = Sampler(image_file)
    noise = np.arange(32).reshape(2, 16) % 5
    given = noise.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    expected = sampler.generate(noise.astype(np.float32))
    np.testing.assert_array_equal(sampler.generate(given), expected)
    np.testing.assert_array_equal(sampler.generate(np.asfortranarray(given)), expected)
    np.testing.assert_array_equal(sampler.generate(given.tolist()), expected)
