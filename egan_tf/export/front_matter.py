"""The front matter of a card's README: what the Hugging Face Hub reads of a model, as YAML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from egan_tf.sampling.spec import SamplingSpec

LICENSES = (
    *("afl-3.0", "apache-2.0", "artistic-2.0", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "isc", "lgpl-3.0", "mit"),
    *("mpl-2.0", "openrail", "unlicense", "wtfpl", "zlib"),
    *("cc", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-3.0"),
    *("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0"),
)
"""The Hub's names of licences that weights may have; any other is `other` with a name."""
TAGS = ("gan", "e-gan", "evolutionary-algorithms", "keras", "onnx", "arxiv:1803.00657")


def front_matter(card: Mapping[str, Any], spec: SamplingSpec) -> str:
    """The block between two lines of `---`; every string in it is quoted as in JSON, which YAML reads.

    Args:
        card: of the export; its entry `license` is that of the weights.
        spec: the samples of the generator.
    """
    stated = str(card.get("license") or "")
    known = stated.lower() in LICENSES
    entries: dict[str, Any] = {"license": stated.lower() if known else "other" if stated else "unknown"}
    if stated and not known:
        entries["license_name"] = stated
    entries["library_name"] = "egan_tf"
    if spec.is_image:
        entries["pipeline_tag"] = "unconditional-image-generation"
    entries["tags"] = [*TAGS, *(["class-conditional"] if spec.classes else [])]
    return "\n".join(["---", *(f"{name}: {json.dumps(value)}" for name, value in entries.items()), "---"])
