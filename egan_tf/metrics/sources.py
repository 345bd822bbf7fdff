"""Sources of samples for the metrics: always batch by batch, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from egan_tf.data.base import Dataset
from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    import tensorflow as tf

BATCH = 512
EVALUATION_STREAM = 2**15 + 1
"""The random stream of the noise; training and sample grids use others."""
LABEL_STREAM = 0x6C616265

BatchSource = Callable[[int, int], Iterable[np.ndarray]]
"""Maps (count, seed) to batches [n, *sample_shape] with `count` samples in all, such as `Sampler.batches`."""


class LatentLike(Protocol):
    """A distribution of noise, such as `egan_tf.evolution.latent.Latent`."""

    def sample(self, count: int, seed: Any) -> Any:
        """Draws float32 [count, size], a function of the int64 [2] `seed` only."""
        ...


def from_sample_fn(sample_fn: Callable[[int, int], np.ndarray], batch: int = BATCH) -> BatchSource:
    """The samples of a function of (count, seed), which is called with a different seed for every batch.

    Args:
        sample_fn: returns [count, *sample_shape].
        batch: the largest count.
    """
    size = integer("batch", batch)

    def batches(count: int, seed: int) -> Iterator[np.ndarray]:
        for index, start in enumerate(range(0, count, size)):
            batch_seed = int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint32)[0])
            yield np.asarray(sample_fn(min(size, count - start), batch_seed))

    return batches


def from_noise(generate: Callable[[Any], Any], latent: LatentLike, batch: int = BATCH) -> BatchSource:
    """The samples of a function of noise; sample i depends on the seed and i, but not on the number of samples.

    Args:
        generate: maps noise [batch, size] to samples [batch, *sample_shape], in inference mode.
        latent: the distribution of the noise.
        batch: rows in every call; always the same, so that a `tf.function` is traced once.
    """
    size = integer("batch", batch)
    return _full_batches(lambda index, seed: generate(latent.sample(size, _stream(seed, index))), size)


def from_model(model: Any, dataset: Dataset | None = None, batch: int = BATCH, label: int | None = None) -> BatchSource:
    """The samples of an `EGAN`: of the fittest survivor, in inference mode, with averaged weights if it keeps averages.

    Args:
        model: has `sample(noise, labels)`, `latent` and `conditional`.
        dataset: gives the labels of a conditional model, drawn with replacement.
        batch: as in `from_noise`.
        label: of all samples of a conditional model, instead of those of the data set.

    Raises:
        InputError: the model is conditional and the data set has no labels.
    """
    if not model.conditional:
        return from_noise(model.sample, model.latent, batch)
    size, labels = integer("batch", batch), [label] if label is not None else getattr(dataset, "labels", None)
    require(labels is not None, "dataset", "must have labels for a conditional model")

    def generate(index: int, seed: int) -> Any:
        random = np.random.default_rng([LABEL_STREAM, seed, index])
        return model.sample(model.latent.sample(size, _stream(seed, index)), random.choice(np.asarray(labels), size))

    return _full_batches(generate, size)


def _full_batches(generate: Callable[[int, int], Any], size: int) -> BatchSource:
    """Calls `generate(index, seed)` for full batches only, and cuts the last one."""

    def batches(count: int, seed: int) -> Iterator[np.ndarray]:
        for index, start in enumerate(range(0, count, size)):
            yield np.asarray(generate(index, seed))[: count - start]

    return batches


def _stream(seed: int, index: int) -> tf.Tensor:
    from egan_tf.utils import randomness

    return randomness.stream(seed, index, EVALUATION_STREAM)
