"""Where the samples to be judged come from: always block by block, so that no number of them fills the memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from egan_tf.data.base import Dataset
from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    import tensorflow as tf

BLOCK = 512
EVALUATION = 2**15 + 1
"""The stream of the noise, which no generation and no picture draws from."""
LABELS = 0x6C616265

Blocks = Callable[[int, int], Iterable[np.ndarray]]
"""From (count, seed) to blocks [n, ...] of samples, `count` in all, such as `Sampler.batches`."""


class Noise(Protocol):
    """A distribution of noise, such as `egan_tf.evolution.latent.Latent`."""

    def sample(self, count: int, seed: Any) -> Any:
        """Returns float32 [count, size], a function of the int64 [2] `seed` alone."""
        ...


def from_sample(sample: Callable[[int, int], np.ndarray], block: int = BLOCK) -> Blocks:
    """Returns the samples of a function `sample(count, seed)`, which gets a seed of its own for every block.

    Args:
        sample: returns [count, ...].
        block: so many samples at once.
    """
    size = integer("block", block)

    def blocks(count: int, seed: int) -> Iterator[np.ndarray]:
        for index, start in enumerate(range(0, count, size)):
            own = int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint32)[0])
            yield np.asarray(sample(min(size, count - start), own))

    return blocks


def from_noise(generate: Callable[[Any], Any], noise: Noise, block: int = BLOCK) -> Blocks:
    """Returns the samples of a function of noise; sample i depends on the seed and i, not on how many there are.

    Args:
        generate: noise [block, size] to samples [block, ...], in inference mode.
        noise: its distribution.
        block: so many samples at once; always as many, so that a compiled function is compiled once.
    """

    size = integer("block", block)
    return _cut(lambda index, seed: generate(noise.sample(size, _stream(seed, index))), size)


def from_model(model: Any, dataset: Dataset | None = None, block: int = BLOCK) -> Blocks:
    """Returns the samples of an `EGAN`: the fittest survivor's, in inference mode, averaged where an average is kept.

    Args:
        model: has `sample(noise, labels)`, `latent` and `conditional`.
        dataset: where labels are drawn from, with repetition, for a conditional model.
        block: as in `from_noise`.

    Raises:
        InputError: the model is conditional, and there are no labels to draw from.
    """
    if not model.conditional:
        return from_noise(model.sample, model.latent, block)
    size, known = integer("block", block), getattr(dataset, "labels", None)
    require(known is not None, "dataset", "must have labels for a conditional model")

    def labelled(index: int, seed: int) -> Any:
        random = np.random.default_rng([LABELS, seed, index])
        return model.sample(model.latent.sample(size, _stream(seed, index)), random.choice(np.asarray(known), size))

    return _cut(labelled, size)


def _cut(draw: Callable[[int, int], Any], size: int) -> Blocks:
    def blocks(count: int, seed: int) -> Iterator[np.ndarray]:
        for index, start in enumerate(range(0, count, size)):
            yield np.asarray(draw(index, seed))[: count - start]

    return blocks


def _stream(seed: int, index: int) -> tf.Tensor:
    from egan_tf.utils import randomness

    return randomness.stream(seed, index, EVALUATION)
