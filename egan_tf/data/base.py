"""The interface of a data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from egan_tf.data.about import About
from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    import tensorflow as tf

SEED_LIMIT = 2**63


class Dataset(ABC):
    """Real samples whose batch at any step is a function of (seed, step) only.

    Attributes:
        name: in the registry; of a user's own data a short name without a path.
        split: the part of the source, "train" or "test".
        shape: of one sample, without the batch axis: (H, W, C) for images, (2,) for points.
        value_range: lowest and highest value of a sample as networks see it, or None if it is unbounded. Images are
            stored as uint8; `EGAN` maps 0..255 to [-1, 1].
        class_names: one name per label, in the order of the labels; () if there are no labels.
        about: description, licence, source and citation.
        fingerprint: SHA-256 (hex) of the content, or of the parameters if samples are generated.
        origin: the string that `egan_tf.data.load` loaded it by; "" if it was made otherwise. It may hold a local path.
    """

    name: str
    split: str
    shape: tuple[int, ...]
    value_range: tuple[float, float] | None
    class_names: tuple[str, ...]
    about: About
    fingerprint: str

    origin: str = ""

    in_graph: ClassVar[bool] = False
    """True if `batches` returns a function of the step, to be called inside a `tf.function`."""

    @abstractmethod
    def batches(self, size: int, seed: int, start: int = 0) -> tf.data.Dataset | Callable[..., tf.Tensor]:
        """The endless sequence of batches of `size` samples for steps `start`, `start` + 1, ...

        Returns:
            A `tf.data.Dataset` whose element n (from 0) is the batch of step `start` + n, images as uint8; or, if
            `in_graph`, a function `sample_fn(step, count)` of the absolute step that returns float32 [count, *shape].

        Raises:
            InputError: `size` is below 1, or `seed` or `start` is negative or too large.
        """

    def facts(self) -> dict[str, Any]:
        """What a model card says of the data, as JSON values; it names no local path."""
        facts = {"name": self.name, "split": self.split, **self.about.to_dict(), "shape": list(self.shape)}
        return {**facts, "classes": len(self.class_names), "fingerprint": self.fingerprint}


def check_batch_arguments(size: int, seed: int, start: int) -> tuple[int, int, int]:
    """Returns (size, seed, start) as integers; raises `InputError` if they do not fit 64-bit random generators."""
    size, seed, start = integer("size", size), integer("seed", seed, 0), integer("start", start, 0)
    require(seed < SEED_LIMIT, "seed", f"must be below 2**63, got {seed}")
    require((start + 1) * size < SEED_LIMIT, "start", f"must be below 2**63 / size, got {start}")
    return size, seed, start
