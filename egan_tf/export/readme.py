"""The README of an export: the model card for people, with the lines that sample from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from egan_tf.export.card import RESERVED
from egan_tf.export.formats.base import Format
from egan_tf.export.front_matter import front_matter
from egan_tf.export.markdown import code_block, describe_range, inline_code, shell_word, table
from egan_tf.sampling.labels import number_texts
from egan_tf.sampling.noise import NOISES
from egan_tf.sampling.spec import SamplingSpec

_CHECK = "First compare the files with the card, and what they sample with each other (`--files-only` loads none):"
_COMMAND = "The command that trains with this configuration:"
_FACTS = ("steps", "fitness", "scores")
_HEADLINES = ("name", "description", "data", "license", "command", "metrics", *_FACTS)
_NOISE = {"normal": "N(0, 1)", "uniform": "uniform in (-1, 1)"}


def render_readme(card: Mapping[str, Any], spec: SamplingSpec, formats: Sequence[Format], path: str) -> str:
    """The README as Markdown.

    Args:
        card: the complete card, with `files` of all but this README.
        spec: the noise and the samples of the generator.
        formats: the exported formats.
        path: the directory of the export, as a reader would type it.
    """
    parts = [front_matter(card, spec), f"# {_line(card['name'])}", _summary(card)]
    if card["preview"]:
        parts.append(f"![{card['preview']['count']} samples]({card['preview']['file']})")
    usage = [paragraph for format_ in formats for paragraph in format_.usage(path, spec)]
    parts += ["## Sampling", _CHECK, code_block("sh", f"egan-export verify {shell_word(path)}"), *usage]
    parts += ["## Facts", _facts(card, spec)]
    if "command" in card:
        parts += ["## Training", _COMMAND, code_block("sh", _inline(card["command"]))]
    if "metrics" in card:
        parts += ["## Metrics", _metrics(card["metrics"])]
    if "data" in card:
        parts += ["## Training data", _data(card["data"])]
    parts += ["## Licence and memorisation", _licence(card, spec, formats, path)]
    others = {key: value for key, value in card.items() if key not in RESERVED and key not in _HEADLINES}
    for key, value in others.items():
        parts += [f"## {_line(key.replace('_', ' ').capitalize())}", _value(value)]
    parts += ["## Verification", _verification(card), "## Files", _files(card)]
    return "\n\n".join(parts) + "\n"


def _summary(card: Mapping[str, Any]) -> str:
    text = card.get("description") or "A generator evolved with E-GAN (Wang, Xu, Yao, Tao, arXiv 1803.00657)."
    return f"{text} Exported on {card['created'][:10]} by egan_tf {card['versions']['egan_tf']}."


def _facts(card: Mapping[str, Any], spec: SamplingSpec) -> str:
    rows = {
        "Noise": f"{spec.latent_size} independent numbers, {_NOISE[spec.distribution]}, float32; a seed means "
        f"{spec.noise}, version {NOISES[spec.noise].version} (`docs/noise.md` of egan_tf)",
        "Samples": f"float32 {list(spec.sample_shape)}{describe_range(spec) or ', unbounded'}",
        **({"Classes": _inline(card["class_names"])} if "class_names" in card else {}),
        "Parameters": f"{card['parameters']:,}",
        **{key.capitalize(): _inline(card[key]) for key in _FACTS if key in card},
        "Versions": ", ".join(f"{package} {version}" for package, version in card["versions"].items()),
    }
    return table(("", ""), list(rows.items()))


def _data(facts: Any) -> str:
    """What the generator was trained on, and what may be done with it."""
    if not isinstance(facts, dict):
        return _value(facts)
    rows = [(key.capitalize(), _inline(value)) for key, value in facts.items() if key not in ("name", "description")]
    return "\n\n".join([f"{facts.get('name', '')}: {facts.get('description', '')}", table(("", ""), rows)])


def _metrics(records: Any) -> str:
    """A table of metrics whose names carry their protocol, and what the protocols are."""
    if not isinstance(records, list) or not all(isinstance(each, dict) and "metric" in each for each in records):
        return _value(records)
    rows = [
        [_inline(each["metric"]), _inline(each.get("value", "")), _inline(each.get("protocol", ""))] for each in records
    ]
    return table(("metric", "value", "protocol"), rows)


def _licence(card: Mapping[str, Any], spec: SamplingSpec, formats: Sequence[Format], path: str) -> str:
    """Whose the weights are, and that they may hold training samples."""
    stated = _inline(card.get("license") or "") or "not stated: ask whoever made them"
    text = (
        f"Weights: {stated}. The licence of the training data may bind samples, too. A generator can reproduce what it "
        "was trained on"
    )
    if not spec.is_image or not any(format_.opened_by_sampler for format_ in formats):
        return f"{text}."
    label = f" --label {number_texts(spec)[0]}" if spec.classes else ""
    command = inline_code(f"egan-sample {shell_word(path)}{label} --nearest DATA --out near.png")
    return f"{text}: {command} sets samples of images beside the nearest training images."


def _verification(card: Mapping[str, Any]) -> str:
    rows = [
        [
            name,
            ", ".join(map(str, found.get("batch_sizes", []))),
            f"{found['largest_difference']:.2g}",
            f"{found['tolerance']:.3g}",
            f"{found['rms_difference']:.2g}" if "rms_difference" in found else "",
            f"{found['rms_tolerance']:.3g}",
        ]
        for name, found in card["verification"].items()
    ]
    differences = ("largest difference from the Keras model", "allowed", "root mean square", "allowed")
    text = "Each format was loaded again and compared with the Keras model on the same noise; in units of the samples."
    failed = [f"Not exported as {name}: {reason}." for name, reason in card.get("failed_formats", {}).items()]
    return "\n\n".join([text, table(("format", "batch sizes", *differences), rows), *failed])


def _files(card: Mapping[str, Any]) -> str:
    rows = [[name, f"{entry['bytes']:,}", f"`{entry['sha256']}`"] for name, entry in card["files"].items()]
    return table(("file", "bytes", "SHA-256"), rows)


def _line(text: str) -> str:
    return " ".join(text.split())


def _value(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return code_block("json", json.dumps(value, indent=2, ensure_ascii=False))
    return _inline(value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_inline(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_inline(item) for item in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
