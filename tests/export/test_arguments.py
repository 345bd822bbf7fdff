"""Arguments of `export_generator`: a wrong one is named in one line before any work; what means the same works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf import InputError, Sampler
from egan_tf.commands import export as command
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator, exporter
from egan_tf.sampling.integrity import MAX_CARD_BYTES

NAMES = ("shirt", "shoe", "hat")


def points(size: int = 4, noise: int = 3) -> keras.Model:
    return keras.Sequential([keras.Input((noise,)), layers.Dense(size)])


def conditional() -> keras.Model:
    noise, labels = keras.Input((3,)), keras.Input((), dtype="int32")
    return keras.Model([noise, labels], layers.Add()([layers.Dense(2)(noise), layers.Embedding(3, 2)(labels)]))


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"in": found}
    return found


def itself() -> dict[str, Any]:
    found: dict[str, Any] = {}
    found["me"] = found
    return found


REFUSED: dict[str, tuple[str, Any, str]] = {
    "latent: a number": ("latent", 8, "must be one of normal, uniform, or such as Latent(100), got 8"),
    "latent: empty": ("latent", "", "unknown value ''"),
    "latent: an array": ("latent", np.zeros(3), "must be one of normal"),
    "latent: a class": ("latent", Latent, "must be one of normal"),
    "latent: a pair": ("latent", (3, "normal"), "must be one of normal"),
    "latent: size": ("latent", SimpleNamespace(size=2.5, distribution="normal"), "must be a whole number"),
    "latent: distribution": ("latent", SimpleNamespace(size=3, distribution="cauchy"), "unknown value 'cauchy'"),
    "range: a number": ("value_range", 1, "must be two numbers, such as (-1, 1), got 1"),
    "range: None": ("value_range", (-1, None), "must be a finite number, got None"),
    "range: letters": ("value_range", "ab", "must be two numbers"),
    "range: digits": ("value_range", "12", "must be two numbers"),
    "range: bytes": ("value_range", b"12", "must be two numbers"),
    "range: a set": ("value_range", {-1, 1}, "must be two numbers"),
    "range: a dictionary": ("value_range", {0: 0, 1: 1}, "must be two numbers"),
    "range: texts": ("value_range", ("-1", "1"), "must be a finite number"),
    "range: three": ("value_range", (-1, 0, 1), "must be two numbers"),
    "range: none": ("value_range", (), "must be two numbers"),
    "range: infinite": ("value_range", (0, float("inf")), "must be a finite number"),
    "range: turned": ("value_range", (1, -1), "must go from low to high"),
    "range: too wide for float32": ("value_range", (-1e300, 1e300), "has fewer than 256 levels in float32"),
    "range: half too wide": ("value_range", (-3e38, 3e38), "has fewer than 256 levels"),
    "range: too narrow": ("value_range", (1, 1 + 1e-12), "has fewer than 256 levels"),
    "range: whole numbers": ("value_range", (2**24, 2**24 + 1), "has fewer than 256 levels"),
    "range: of no size": ("value_range", (0, 1e-320), "has fewer than 256 levels"),
    "range: of an endless scale": ("value_range", (0, 1e-44), "has fewer than 256 levels"),
    "range: a matrix": ("value_range", np.zeros((2, 2)), "must be a finite number"),
    "formats: None": ("formats", None, "must be a list of names"),
    "formats: a number": ("formats", 3, "must be a list of names"),
    "formats: a name": ("formats", "onnx", "must be a list of names"),
    "formats: bytes": ("formats", b"onnx", "must be a list of names"),
    "formats: a dictionary": ("formats", {"onnx": True}, "must be a list of names"),
    "formats: a set": ("formats", {"onnx"}, "must be a list of names"),
    "formats: none": ("formats", [], "must name at least one"),
    "formats: nested": ("formats", [["onnx"]], "unknown value ['onnx']"),
    "directory: None": ("directory", None, "must be a path, got None"),
    "directory: a number": ("directory", 3, "must be a path, got 3"),
    "directory: bytes": ("directory", b"it", "must be a path, got b'it'"),
    "names: a text": ("class_names", "ab", "must be a list of names, one per label, got 'ab'"),
    "names: a text in an array": ("class_names", np.array("ab"), "must be a list of names"),
    "names: None": ("class_names", None, "must be a list of names"),
    "names: bytes": ("class_names", b"abc", "must be a list of names"),
    "names: a set": ("class_names", {"a", "b", "c"}, "must be a list of names"),
    "names: a dictionary": ("class_names", dict(enumerate(NAMES)), "must be a list of names"),
    "names: numbers": ("class_names", [0, 1, 2], "must be texts, got [0, 1, 2]"),
    "names: nested": ("class_names", np.array([NAMES]), "must be texts"),
    "card: a name that is no text": ("card", {"name": 5}, "name must be text, got 5"),
    "card: no name": ("card", {"name": None}, "name must be text, got None"),
    "card: a surrogate": ("card", {"about": "\ud800"}, "cannot be written as JSON: "),
    "card: a surrogate below": ("card", {"about": [{"deep": ("\udfff",)}]}, "cannot be written as JSON: "),
    "card: a surrogate in a key": ("card", {"\ud800": 1}, "cannot be written as JSON: "),
    "card: a surrogate in a path": ("card", {"data": Path("\udc80")}, "cannot be written as JSON: "),
    "card: a surrogate in an array": ("card", {"about": np.array(["\ud800"])}, "cannot be written as JSON: "),
    "card: thousands of digits": ("card", {"seed": 10**5000}, "cannot be written as JSON: "),
    "card: deep": ("card", nested(5000), "is deeply nested, or holds itself"),
    "card: itself": ("card", itself(), "is deeply nested, or holds itself"),
    "card: long": ("card", {"about": "x" * (MAX_CARD_BYTES + 1)}, "takes "),
    "card: a list": ("card", [("about", 1)], "must be a dictionary, got list"),
    "card: a reserved key": ("card", {"files": 1, "noise": 2}, "files, noise: reserved for the export"),
    "card: a reserved key as a path": ("card", {Path("noise"): 1}, "noise: reserved for the export"),
    "card: a key twice": ("card", {1: "first", "1": "second"}, "has two keys that are '1' as text"),
    "card: a key twice below": ("card", {"about": [{None: 1, "None": 2}]}, "has two keys that are 'None' as text"),
    "overwrite: a text": ("overwrite", "False", "must be True or False, got 'False'"),
    "overwrite: a number": ("overwrite", 1, "must be True or False, got 1"),
    "rows without a file": ("rows_per_call", 32, "has no effect on saved_model, images; leave it out, or add one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_argument_is_named_before_any_work(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    field, value, says = REFUSED[name]
    monkeypatch.setattr(exporter, "write_formats", lambda *_: pytest.fail("worked before it refused"))
    arguments = {"directory": tmp_path / "it", "formats": ["saved_model", "images"], field: value}
    with pytest.raises(InputError) as caught:
        export_generator(conditional() if field == "class_names" else points(), **arguments)
    assert str(caught.value).startswith(f"{field}: {says}") and "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("directory", ["\0", "a\0b", "\ud800", "it\udcff", "loop"])
def test_a_directory_that_cannot_be_written_is_one_line(
    directory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    with pytest.raises(InputError, match="^name: ") as caught:
        export_generator(points(), directory, formats=["onnx"])
    assert "\n" not in str(caught.value) and [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_a_card_that_becomes_too_long_is_not_written(tmp_path: Path) -> None:
    card = {"about": "x" * (MAX_CARD_BYTES - 100)}
    with pytest.raises(InputError, match="^card: takes .* bytes, more than the 16,777,216 that are read; shorten it$"):
        export_generator(points(), tmp_path / "it", formats=["onnx"], card=card)
    assert list(tmp_path.iterdir()) == []


SAME: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays": lambda: {
        "class_names": np.array(NAMES),
        "value_range": np.float32([-9, 9]),
        "formats": np.array(["onnx"]),
    },
    "objects": lambda: {"class_names": np.array(NAMES, object), "value_range": [np.int64(-9), 9.0]},
    "iterators": lambda: {"class_names": iter(NAMES), "value_range": iter((-9, 9)), "formats": iter(["onnx", "onnx"])},
    "values": lambda: {"class_names": dict(enumerate(NAMES)).values(), "latent": Latent(3)},
    "numbers of numpy": lambda: {"latent": SimpleNamespace(size=np.int64(3), distribution=np.str_("normal"))},
    "entries of numpy": lambda: {"card": {"name": np.str_("ours"), "at": np.float32(0.5)}},
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_works(name: str, tmp_path: Path) -> None:
    arguments = {"class_names": NAMES, "formats": ["onnx"], **SAME[name]()}
    directory = export_generator(conditional(), str(tmp_path / "it"), **arguments)
    assert command.main(["verify", str(directory), "--files-only"]) == 0
    sampler, card = Sampler(directory), json.loads((directory / "card.json").read_text("utf-8"))
    assert sampler.class_names == NAMES == tuple(card["class_names"])
    assert (sampler.latent_size, sampler.value_range) == (3, (-9.0, 9.0) if "value_range" in arguments else None)


@pytest.mark.parametrize("formats", [["onnx"], ["saved_model", "onnx_int8"], ["onnx_float16"]])
def test_rows_are_taken_where_a_file_states_them(formats: list[str], tmp_path: Path) -> None:
    directory = export_generator(points(), tmp_path / "it", formats=formats, rows_per_call=5)
    assert Sampler(directory).rows_per_call == 5
