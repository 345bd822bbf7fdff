"""`--list` names every entry of every registry, with a line each."""

from __future__ import annotations

import pytest

from egan_tf import InputError
from egan_tf.commands import train as train_command
from egan_tf.commands.listing import SECTIONS, listing, summary
from egan_tf.utils.registries import load_registry

LINES = list(listing())


@pytest.mark.parametrize("title", SECTIONS)
def test_every_name_has_a_line(title: str) -> None:
    start = LINES.index(f"{title} ({SECTIONS[title][0]})") + 1
    lines = LINES[start : LINES.index("", start)]
    names = [line.split()[0].split(":")[0] for line in lines]
    known = load_registry(SECTIONS[title][1])
    assert names == list(known)
    about = [line.split(maxsplit=1)[1] for line in lines]
    # Two names of one thing, as `hinge` and `wasserstein`, have one line.
    distinct = len(set(map(id, known.values())))
    assert all(len(text) > 10 for text in about) and len(set(about)) == distinct


def test_a_function_without_documentation_has_an_empty_line() -> None:
    def undocumented() -> None:
        pass

    assert summary(undocumented) == ""


@pytest.mark.parametrize("flag", ["--dry-run", "--trust-code", "--resume", "--steps=5", "--data-dir=d", "--config=x"])
def test_what_it_would_ignore_is_refused(flag: str) -> None:
    with pytest.raises(InputError, match=f"^list: does nothing else; leave out {flag.partition('=')[0]}: "):
        train_command.main(["--list", flag])


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train_command.main(["--list"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.splitlines() == LINES
