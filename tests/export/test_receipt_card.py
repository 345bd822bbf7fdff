"""`egan-export verify`: damage to `card.json` itself, whose entries say what is checked at all."""

from __future__ import annotations

import functools
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egan_tf.export.digest import DIGEST
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, worst
from egan_tf.sampling import noise_vectors
from egan_tf.sampling.model_file import MODELS, REFERENCE
from tests.export.receipts import faults, found, rewrite_card

SHIPPED = Path(__file__).parents[2] / MODELS / REFERENCE / "digits"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A copy of a model that the project ships, to be damaged."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "digits"))


STEP = 6


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.slow) for first in range(1, STEP))])
def test_a_changed_byte_is_named_at_every_place_of_the_card(
    first: int, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bit at each place, drawn; by the card alone, so that the other files need not be read each time."""
    monkeypatch.setattr(noise_vectors, "_numbers", functools.cache(noise_vectors._numbers))  # takes most of the time
    draw, card = random.Random(first), export / "card.json"
    content = card.read_bytes()
    for at in range(first, len(content), STEP):
        card.write_bytes(content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :])
        (finding,) = found(card)
        assert (finding.subject, finding.state) == ("card.json", DIFFERENT), f"byte {at}: {finding}"


WORDS = ('"digest"', '"format"', '"files"', '"sample_vectors"', '"verification"', "egan_tf export 2", '"sha256"')


@pytest.mark.parametrize("word", WORDS)
def test_every_bit_of_the_words_that_say_what_is_checked_is_named(word: str, export: Path) -> None:
    """And the command ends with the status of a difference."""
    card = export / "card.json"
    content = card.read_bytes()
    begin = content.index(word.encode())
    for at in range(begin, begin + len(word)):
        for bit in range(8):
            card.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
            findings = found(export, files_only=True)
            assert findings[0].state == worst(findings) == DIFFERENT, f"byte {at}, bit {bit}: {findings[0]}"


def without_digest(text: str) -> str:
    return text.replace(f'"{DIGEST}"', '"digesu"')


CHANGES: dict[str, Callable[[str], str]] = {
    "another key of the digest": without_digest,
    "no digest": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != DIGEST}, indent=2) + "\n",
    "an earlier format": lambda text: text.replace("egan_tf export 2", "egan_tf export 1"),
    "an earlier format without digest": lambda text: without_digest(text).replace("export 2", "export 1"),
    "an unknown format": lambda text: text.replace("egan_tf export 2", "egan_tf export 3"),
    "a repeated key": lambda text: text.replace('"name": "digits",', '"name": "digits",\n  "name": "digits",', 1),
    "a space": lambda text: text.replace(": ", ":  ", 1),
    "another line end": lambda text: text.replace("\n", "\r\n"),
    "no last line end": lambda text: text.rstrip("\n"),
    "an escape": lambda text: text.replace('"digits"', '"\\u0064igits"', 1),
    "a digest in capitals": lambda text: text.replace(digest := json.loads(text)[DIGEST], digest.upper()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_form_of_the_card_is_different(name: str, export: Path) -> None:
    card = export / "card.json"
    text = card.read_bytes().decode()
    changed = CHANGES[name](text)
    assert changed != text
    card.write_bytes(changed.encode())
    findings = found(export, files_only=True)
    assert findings[0].state == worst(findings) == DIFFERENT


def test_only_a_card_of_the_first_format_may_lack_its_digest(export: Path) -> None:
    """It is not checked then, and neither is it called different."""

    def as_the_first(card: dict[str, Any]) -> None:
        card["format"] = "egan_tf export 1"
        del card["sample_vectors"]

    rewrite_card(export, as_the_first)
    card = json.loads((export / "card.json").read_text("utf-8"))
    del card[DIGEST]
    (export / "card.json").write_text(json.dumps(card), "utf-8")
    assert worst(found(export, files_only=True)) == NOT_CHECKED


CARDS: dict[str, tuple[Any, str]] = {
    "format": (lambda card: card.update(format="egan_tf export 9"), "format: is 'egan_tf export 9', known are"),
    "no files": (lambda card: card.pop("files"), "files: must be an object, got None"),
    "files outside": (
        lambda card: card["files"].update({"../secret": {"sha256": "0" * 64, "bytes": 1}}),
        "files: '../secret' is no path inside the export",
    ),
    "absolute files": (
        lambda card: card["files"].update({"/etc/passwd": {"sha256": "0" * 64, "bytes": 1}}),
        "files: '/etc/passwd' is no path inside the export",
    ),
    "hash": (lambda card: card["files"]["README.md"].update(sha256="12"), "files: must be 64 hexadecimal digits"),
    "size": (lambda card: card["files"]["README.md"].update(bytes=-1), "files: must be a whole number of at least 0"),
    "noise": (lambda card: card["noise"].update(distribution="cauchy"), "distribution: unknown value 'cauchy'"),
    "another noise": (
        lambda card: card["noise"].update(version=7),
        "noise: is 'philox4x32', version 7, which this version",
    ),
    "noise vectors": (
        lambda card: card["noise"]["test_vectors"][1].update(seed=4),
        "noise_vectors: differ from the noise",
    ),
    "no noise vectors": (lambda card: card["noise"].pop("test_vectors"), "noise_vectors: must be 1 to 16 vectors"),
    "no size": (lambda card: card["noise"].pop("size"), "card: does not describe noise and samples: KeyError('size')"),
    "vectors": (lambda card: card["sample_vectors"].update(positions=[9999]), "sample_vectors: cannot be read"),
    "verification": (lambda card: card["verification"].update(onnx=3), "verification: onnx must be an object"),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_breaks_the_schema_is_named_although_its_digest_fits(name: str, export: Path) -> None:
    change, message = CARDS[name]
    rewrite_card(export, change)
    named = faults(export)
    assert named["card.json"].text.startswith(message) and named["card.json"].state == DIFFERENT
    assert set(named) == {"card.json", "the other files"}
