"""The sampling specification inside files whose own format has no place for it: as an archive entry.

A `.keras` file is a zip archive. A TensorFlow Lite model may have one behind it, as its metadata and associated files
have; interpreters read the model, and any unzip program the entry.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, require

METADATA_FILE = "egan_tf.json"
MAX_BYTES = 16 << 20
_DATE = (1980, 1, 1, 0, 0, 0)
"""The same in every file, so that the same generator gives the same bytes."""


def embed(spec: SamplingSpec, path: Path) -> None:
    """Adds the entry to a file, and reads it again."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(METADATA_FILE, _DATE), json.dumps(spec.to_metadata(), indent=2) + "\n")
    written = read_embedded(path)
    require(written == spec, "metadata", f"read {written} where {spec} was written")


def read_embedded(path: Path) -> SamplingSpec:
    """The specification in a file.

    Raises:
        InputError: there is none, or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(METADATA_FILE) as entry:
            values = json.loads(entry.read(MAX_BYTES))
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise InputError("metadata", f"none of egan_tf in {path.name}, or damaged: {error}") from error
    require(isinstance(values, dict), "metadata", f"that of {path.name} is no JSON object")
    return SamplingSpec.from_metadata(values)
