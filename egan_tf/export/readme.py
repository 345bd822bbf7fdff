"""The model card for people: `README.md`, with the lines that sample from the export."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from egan_tf.export.card import RESERVED
from egan_tf.export.onnx_file import FILE as ONNX_FILE
from egan_tf.export.saved_model import FOLDER as SAVED_MODEL_FOLDER

_HEADLINES = ("name", "description", "data", "steps", "fitness", "scores")
_TENSORFLOW_NOISE = {
    "normal": "tf.random.normal([64, {size}])",
    "uniform": "tf.random.uniform([64, {size}], -1.0, 1.0)",
}


def render(card: Mapping[str, Any], place: str) -> str:
    """Returns the README as Markdown.

    Args:
        card: the whole card, `files` included, all but this README's own entry.
        place: the export's path as a reader would type it.
    """
    parts = [f"# {card['name']}", _summary(card)]
    if card["preview"]:
        parts.append(f"![{card['preview']['count']} samples]({card['preview']['file']})")
    parts += ["## Sampling", *_sampling(card, place), "## Facts", _facts(card)]
    others = {key: value for key, value in card.items() if key not in RESERVED and key not in _HEADLINES}
    for key, value in others.items():
        parts += [f"## {key.replace('_', ' ').capitalize()}", _value(value)]
    parts += ["## Verification", _verification(card), "## Files", _files(card)]
    return "\n\n".join(parts) + "\n"


def _summary(card: Mapping[str, Any]) -> str:
    text = card.get("description") or "A generator evolved with E-GAN (Wang, Xu, Yao, Tao, arXiv 1803.00657)."
    return f"{text} Exported on {card['created'][:10]} by egan_tf {card['versions']['egan_tf']}."


def _sampling(card: Mapping[str, Any], place: str) -> list[str]:
    size, distribution = card["noise"]["size"], card["noise"]["distribution"]
    parts = []
    if "onnx" in card["verification"]:
        parts += [
            "Without TensorFlow (numpy, onnxruntime and pillow are enough):",
            _code("sh", f"python -m egan_tf.sampling {place}/{ONNX_FILE} --count 64 --seed 0 --out grid.png"),
            _code(
                "python",
                "from egan_tf.sampling import Sampler",
                "",
                f'samples = Sampler("{place}/{ONNX_FILE}").sample(64, seed=0)  # {_array(card)}',
            ),
        ]
    if "saved_model" in card["verification"]:
        parts += [
            "With TensorFlow; keep the loaded object in a variable, its weights live no longer than it does:",
            _code(
                "python",
                "import tensorflow as tf",
                "",
                f'loaded = tf.saved_model.load("{place}/{SAVED_MODEL_FOLDER}")',
                f"noise = {_TENSORFLOW_NOISE[distribution].format(size=size)}",
                f'samples = loaded.serve(noise)["samples"]  # {_array(card)}',
            ),
        ]
    return parts


def _array(card: Mapping[str, Any]) -> str:
    shape = ", ".join(str(size) for size in [64, *card["samples"]["shape"]])
    return f"float32 [{shape}]{_range(card)}"


def _range(card: Mapping[str, Any]) -> str:
    bounds = card["samples"]["value_range"]
    return "" if bounds is None else f" in [{bounds[0]:g}, {bounds[1]:g}]"


def _facts(card: Mapping[str, Any]) -> str:
    noise = {"normal": "N(0, 1)", "uniform": "uniform in [-1, 1)"}[card["noise"]["distribution"]]
    rows = {
        "Noise": f"{card['noise']['size']} independent numbers, {noise}, float32",
        "Samples": f"float32 {card['samples']['shape']}{_range(card) or ', unbounded'}",
        "Parameters": f"{card['parameters']:,}",
        **{key.capitalize(): _inline(card[key]) for key in _HEADLINES[2:] if key in card},
        "Versions": ", ".join(f"{package} {version}" for package, version in card["versions"].items()),
    }
    return _table(("", ""), [list(row) for row in rows.items()])


def _verification(card: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            ", ".join(map(str, found.get("batch_sizes", []))),
            f"{found['largest_difference']:.2g}",
            f"{found['tolerance']:g}",
        ]
        for name, found in card["verification"].items()
    ]
    heading = ("format", "batch sizes", "largest difference from the Keras model", "allowed")
    return "Each file was read back and compared with its source on the same noise.\n\n" + _table(heading, rows)


def _files(card: Mapping[str, Any]) -> str:
    rows = [[name, f"{entry['bytes']:,}", f"`{entry['sha256']}`"] for name, entry in card["files"].items()]
    return _table(("file", "bytes", "SHA-256"), rows)


def _value(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return _code("json", json.dumps(value, indent=2, ensure_ascii=False))
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_inline(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_inline(item) for item in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def _table(heading: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _code(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *lines, "```"])
