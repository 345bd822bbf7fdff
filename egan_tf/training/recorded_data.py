"""What a run records of its data set: enough to export its generator where the data is not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egan_tf.training import run_folder
from egan_tf.utils.checks import InputError

if TYPE_CHECKING:
    from egan_tf import data

MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class RecordedData:
    """The attributes of a `Dataset` that an export needs, without its samples.

    Attributes:
        shape: of one sample.
        value_range: of a sample; None if it is unbounded.
        class_names: one per label.
        about: what cards say of the data.
    """

    shape: tuple[int, ...]
    value_range: tuple[float, float] | None
    class_names: tuple[str, ...]
    about: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """As `Dataset.facts`."""
        return dict(self.about)


def record_of(dataset: data.Dataset) -> str:
    """The record of a data set, JSON; it holds no local path."""
    bounds = None if dataset.value_range is None else list(dataset.value_range)
    values = {"shape": list(dataset.shape), "value_range": bounds, "class_names": list(dataset.class_names)}
    return json.dumps({**values, "about": dataset.facts()}, indent=2, ensure_ascii=False) + "\n"


def read_record(folder: Path) -> RecordedData | None:
    """The record in the folder of a run; None for a run of an earlier version, which has none.

    Raises:
        InputError: it is damaged.
    """
    path = folder / run_folder.DATA
    if not path.exists():
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        bounds = values["value_range"]
        record = RecordedData(
            tuple(values["shape"]),
            None if bounds is None else (float(bounds[0]), float(bounds[1])),
            tuple(values["class_names"]),
            dict(values["about"]),
        )
        valid = record.shape and all(type(size) is int and size > 0 for size in record.shape)
        if not (valid and all(isinstance(name, str) for name in record.class_names)):
            raise ValueError("not that of a data set")
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        problem = f"{path} cannot be read ({error}); without that file the export loads the data set"
        raise InputError("run", problem) from error
    return record
