"""Sizes and differences of the formats of an export: `python -m benchmarks.formats --help`.

Exports the generator of a run in every format, and reads the table from the card: sizes, and how much the samples
differ from those of the Keras model, which the export measured before it wrote the card.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.timing import publish
from egan_tf.export import FORMATS
from egan_tf.export.receipt.formats import files_of
from egan_tf.sampling.integrity import read_card
from egan_tf.training import train

DIFFERENCES = ("largest_difference", "rms_difference", "tolerance", "rms_tolerance")


def measure(run: Path) -> dict[str, Any]:
    """What the card says of each format of a run's generator, by name.

    Args:
        run: its folder.
    """
    egan, config, dataset = train.load_run(run)
    with tempfile.TemporaryDirectory() as folder:
        directory = train.export(egan, config, dataset, formats=list(FORMATS), models_dir=Path(folder))
        card: Any = read_card(directory)
    formats = {}
    for name, entry in card["verification"].items():
        size = sum(card["files"][path]["bytes"] for path in files_of(name, card))
        formats[name] = {"bytes": size, **{key: entry[key] for key in DIFFERENCES}}
    return {
        "dataset": dataset.facts()["name"],
        "network": config.network.network,
        "parameters": card["parameters"],
        "generations": card["steps"],
        "seed": config.evolution.seed,
        "formats": formats,
        "failed_formats": card.get("failed_formats", {}),
        "versions": card["versions"],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--out", default="", help="write the JSON to this file too")
    return parser


def main() -> None:
    """Exports and prints JSON."""
    options = _parser().parse_args()
    publish(measure(options.run), options.out)


if __name__ == "__main__":
    main()
