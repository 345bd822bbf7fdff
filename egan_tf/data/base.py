"""What every data set offers, whatever it holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    import tensorflow as tf

SEED_LIMIT = 2**63


class Dataset(ABC):
    """A named source of real samples whose batch at any step is a function of (seed, step) alone.

    Attributes:
        name: the name in the registry.
        split: which part of the source it is, "train" or "test".
        shape: of one sample, without the batch axis: (H, W, C) for images, (2,) for points.
        value_range: (lowest, highest) of a sample's values, or None if they are unbounded.
        class_names: one name per label, in the order of the labels; () if there are no labels.
        description: a sentence for a model card: source, licence, counts.
        fingerprint: sha256 (hex) of the content, or of the parameters where samples are drawn.
    """

    name: str
    split: str
    shape: tuple[int, ...]
    value_range: tuple[float, float] | None
    class_names: tuple[str, ...]
    description: str
    fingerprint: str

    in_graph: ClassVar[bool] = False
    """True if `batches` returns a function of the step, to be called inside a `tf.function`."""

    @abstractmethod
    def batches(self, size: int, seed: int, start: int = 0) -> tf.data.Dataset | Callable[..., tf.Tensor]:
        """Returns the endless sequence of batches of `size` samples for steps `start`, `start` + 1, ...

        Either a `tf.data.Dataset` whose n-th element (from 0) is the batch for step `start` + n, or, if `in_graph`,
        a function `draw(step, count)` of the absolute step, which returns float32 [count, *shape].

        Raises:
            InputError: `size` is below 1, or `seed` or `start` is negative or too large.
        """


def check_order(size: int, seed: int, start: int) -> tuple[int, int, int]:
    """Returns (size, seed, start) as integers that fit the 64 bits of the random generators, or refuses them."""
    size, seed, start = integer("size", size), integer("seed", seed, 0), integer("start", start, 0)
    require(seed < SEED_LIMIT, "seed", f"must be below 2**63, got {seed}")
    require((start + 1) * size < SEED_LIMIT, "start", f"must be below 2**63 / size, got {start}")
    return size, seed, start
