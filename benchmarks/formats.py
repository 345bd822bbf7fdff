"""Sizes and differences of the formats of an export: `python -m benchmarks.formats --help`.

Exports the generator of a run in every format, and reads the table from the card: sizes, and how much the samples
differ from those of the Keras model, which the export measured before it wrote the card. What the smaller ONNX files
cost in quality is measured here: the Fréchet distance of 10,000 samples of each, from the same noise.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.timing import publish
from egan_tf import Sampler
from egan_tf.export import FORMATS
from egan_tf.export.receipt.formats import files_of
from egan_tf.metrics.evaluate import evaluate
from egan_tf.metrics.extractors import load_extractor
from egan_tf.sampling.integrity import read_card
from egan_tf.training import train
from egan_tf.training.config import Config
from egan_tf.training.data_loading import load_dataset

SAMPLES = 10_000
SAMPLED = {f"onnx{suffix}": f"generator{suffix}.onnx" for suffix in ("", "_float16", "_int8")}
"""The files whose Fréchet distances are compared, by format."""
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
        distances = {
            name: distance_of(directory / file, config)
            for name, file in SAMPLED.items()
            if name in card["verification"]
        }
    formats = {}
    for name, entry in card["verification"].items():
        size = sum(card["files"][path]["bytes"] for path in files_of(name, card))
        formats[name] = {
            "bytes": size,
            **{key: entry[key] for key in DIFFERENCES if key in entry},
            **distances.get(name, {}),
        }
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


def distance_of(file: Path, config: Config) -> dict[str, float]:
    """The Fréchet distance of a file's samples, under the name of its protocol."""
    dataset = load_dataset(config)
    extractor = load_extractor(config.metrics.extractor, dataset, config.data.data_dir)
    real = len(dataset.images)  # type: ignore[attr-defined]
    words = {"count": SAMPLES, "real_count": real, "extractor": extractor, "cache_dir": None}
    (record,) = evaluate(Sampler(file).batches, dataset, ["frechet_distance"], **words)
    return {record["metric"]: round(float(record["value"]), 5)}


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
