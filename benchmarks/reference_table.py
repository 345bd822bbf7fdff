"""The table of the models that the project ships, from their cards: `python -m benchmarks.reference_table` prints it.

`--write` puts it into `saved_models/README.md`, in place of the one there.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.reference_models import MODELS, REFERENCE, ROOT
from egan_tf.export.markdown import code_block, table

README = ROOT / "saved_models" / "README.md"
MARKS = ("<!-- made by python -m benchmarks.reference_table --write -->\n\n", "\n\n<!-- end -->")
"""What stands before and after the table in a page."""

WIDTH, CONTINUED = 120, " \\"
HEADING = ("model", "trained on", "generator.onnx", "measured", "seed", "weights; data", "samples")


def read_cards() -> list[dict[str, Any]]:
    """The cards of the shipped models, in the order in which they are trained."""
    return [json.loads((ROOT / MODELS / name / "card.json").read_text("utf-8")) for name in REFERENCE]


def render(cards: Iterable[Mapping[str, Any]]) -> str:
    """A row for each model, and the commands that train them, as Markdown; pictures relative to `saved_models/`."""
    cards = list(cards)
    commands = code_block("sh", *(wrapped(card["command"]) for card in cards))
    return "\n\n".join([table(HEADING, [_row(card) for card in cards]), "The commands that made them:", commands])


def wrapped(command: str) -> str:
    """A command in lines of at most `WIDTH` characters, where its words allow it."""
    lines: list[str] = []
    for word in map(shlex.quote, shlex.split(command)):
        if lines and len(lines[-1]) + len(word) + len(" ") <= WIDTH - len(CONTINUED):
            lines[-1] += f" {word}"
        else:
            lines.append(word if not lines else f"  {word}")
    return f"{CONTINUED}\n".join(lines)


def replaced(page: str, rendered: str) -> str:
    """The page with another table between the marks."""
    before, rest = page.split(MARKS[0])
    return MARKS[0].join([before, rendered + MARKS[1] + rest.split(MARKS[1])[1]])


def _row(card: Mapping[str, Any]) -> list[str]:
    name, data = card["name"], card["data"]
    preview = card["preview"]
    shape = "points" if data["shape"] == [2] else "×".join(map(str, data["shape"]))
    labels = ", by label" if card.get("class_names") else ""
    return [
        f"`{name}`",
        f"{data['name']}, {shape}{labels}",
        f"{card['files']['generator.onnx']['bytes'] / 1000:,.0f} kB",
        "<br>".join(f"`{each['metric']}` {each['value']:.4g}" for each in card["metrics"]),
        str(card["config"]["evolution"]["seed"]),
        f"{card.get('license', 'not stated')}; {data['license']}",
        f"![{preview['count']} samples of {name}](reference/{name}/{preview['file']})",
    ]


def main() -> None:
    """Prints the table, or writes it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"into {README.relative_to(ROOT)}")
    if parser.parse_args().write:
        README.write_text(replaced(README.read_text("utf-8"), render(read_cards())), "utf-8")
    else:
        print(render(read_cards()))


if __name__ == "__main__":
    main()
