"""The table of the reference models says what their cards say, and is the one in `saved_models/README.md`."""

from __future__ import annotations

import shlex

from benchmarks.reference_table import MARKS, README, WIDTH, read_cards, render, replaced, wrapped


def test_the_committed_table_is_that_of_the_cards() -> None:
    """After a model was trained again: `python -m benchmarks.reference_table --write`."""
    page = README.read_text("utf-8")
    assert page.split(MARKS[0])[1].split(MARKS[1])[0] == render(read_cards())
    assert replaced(page, "another").split(MARKS[0])[1].startswith(f"another{MARKS[1]}")
    assert replaced(replaced(page, "another"), render(read_cards())) == page


def test_a_row_says_what_its_card_says() -> None:
    card = next(card for card in read_cards() if card["name"] == "digits")
    rendered = render([{**card, "license": "X", "command": "python train_tf.py --seed 7"}])
    (row,) = [line for line in rendered.splitlines() if line.startswith("| `digits` |")]
    said = [f"`{each['metric']}` {each['value']:.4g}" for each in card["metrics"]]
    for text in (*said, "| X; CC BY 4.0 |", "8×8×1", "(reference/digits/samples.png)"):
        assert text in row
    assert "\npython train_tf.py --seed 7\n" in rendered
    without = {key: value for key, value in card.items() if key != "license"}
    assert "| not stated; CC BY 4.0 |" in render([without])


def test_a_wrapped_command_is_the_same_in_a_shell() -> None:
    for command in (*(card["command"] for card in read_cards()), "a 'b  c' " + "--d e " * 60, "x" * 200):
        lines = wrapped(command).splitlines()
        assert shlex.split(wrapped(command).replace("\\\n", "")) == shlex.split(command)
        assert all(len(line) <= WIDTH for line in lines) or command.startswith("x")
