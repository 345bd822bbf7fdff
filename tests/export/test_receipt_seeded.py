"""`egan-export verify`: what a SavedModel makes of a seed, and in bytes, is that of its function of noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.export import FORMATS, export_generator, writing
from egan_tf.export.comparison import float32_bound
from egan_tf.export.formats import signatures
from egan_tf.export.formats.base import Format, SampleFn, SeededFunctions
from egan_tf.export.receipt.finding import DIFFERENT
from egan_tf.export.receipt.sampling_process import SamplingError, write_samples
from egan_tf.sampling import SamplingSpec
from egan_tf.sampling.pictures import to_pixels
from tests.export.networks import NAMES, network
from tests.export.receipts import faults

SPEC = SamplingSpec(4, "normal", (4, 1, 1), (-1.0, 1.0), 3, ("a", "b", "c"))
Spoil = Callable[[SeededFunctions], SeededFunctions]


def serve(noise: np.ndarray, labels: np.ndarray) -> np.ndarray:
    made: np.ndarray = np.tanh(noise + labels[:, None].astype(np.float32))
    return made.reshape(len(noise), 4, 1, 1)


def drawn(seed: int, start: int, count: int) -> np.ndarray:
    return SPEC.rows(seed, start).draw(count)


WHOLE = SeededFunctions(
    drawn,
    lambda *call: serve(drawn(*call[:3]), call[3]),
    lambda *call: to_pixels(serve(drawn(*call[:3]), call[3]), SPEC),
    lambda *inputs: to_pixels(serve(*inputs), SPEC),
)
SPOILED: dict[str, tuple[Spoil, str]] = {
    "another seed": (
        lambda given: given._replace(sample=lambda seed, *rest: given.sample(seed + 1, *rest)),
        "sample of a seed differs by",
    ),
    "another class": (
        lambda given: given._replace(sample=lambda *call: given.sample(*call[:3], (call[3] + 1) % 3)),
        "sample of a seed differs by",
    ),
    "one class for all": (
        lambda given: given._replace(sample=lambda *call: given.sample(*call[:3], call[3] * 0)),
        "sample of a seed differs by",
    ),
    "another start": (
        lambda given: given._replace(sample_uint8=lambda seed, start, *rest: WHOLE.sample_uint8(seed, 7, *rest)),
        "sample_uint8 differs by",
    ),
    "other bytes": (
        lambda given: given._replace(serve_uint8=lambda *inputs: given.serve_uint8(*inputs) ^ 2),
        "serve_uint8 differs by",
    ),
    "not a number": (
        lambda given: given._replace(sample=lambda *call: given.sample(*call) * np.float32("nan")),
        "sample of a seed differs by nan",
    ),
}


class Given(Format):
    """A format whose functions are given."""

    def __init__(self, seeded: SeededFunctions) -> None:
        self.seeded = seeded

    def write(self, source: Any, directory: Path) -> None:
        """Writes nothing."""

    def load(self, directory: Path) -> SampleFn:
        """The function of noise."""
        return serve

    def load_seeded(self, directory: Path) -> SeededFunctions:
        """The functions of seeds."""
        return self.seeded

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """None."""
        return []


def test_functions_that_agree_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "given", Given(WHOLE))
    write_samples("given", tmp_path, tmp_path / "out.npy", SPEC, float32_bound(SPEC))
    assert np.load(tmp_path / "out.npy").shape == (72, 4, 1, 1)


@pytest.mark.parametrize("name", SPOILED)
def test_each_function_that_differs_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil, message = SPOILED[name]
    monkeypatch.setitem(FORMATS, "given", Given(spoil(WHOLE)))
    with pytest.raises(SamplingError, match=f"^{message}"):
        write_samples("given", tmp_path, tmp_path / "out.npy", SPEC, float32_bound(SPEC))
    assert not (tmp_path / "out.npy").exists()


def test_a_saved_model_that_samples_other_classes_is_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its functions `serve` and `noise` are right, and so are the card and all hashes."""
    monkeypatch.setattr(signatures, "_each", lambda labels, count, classes: tf.broadcast_to(labels * 0, [count]))
    monkeypatch.setattr(writing, "verify_seeded", lambda *_: {})
    model = network("mlp", len(NAMES))
    options: dict[str, Any] = {"value_range": (-1, 1), "formats": ["saved_model"], "class_names": NAMES}
    (different,) = faults(export_generator(model, tmp_path / "it", **options)).values()
    assert (different.subject, different.state) == ("saved_model", DIFFERENT)
    assert different.text.startswith("sample of a seed differs by")
