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
from tests.export.receipts import found, rewrite_card

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
