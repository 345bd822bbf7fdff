"""The shares of the survivors in a batch for the discriminator."""

from __future__ import annotations

import itertools

import tensorflow as tf

from egan_tf.evolution import replicas


def one_survivor_per_sample(fake: tf.Tensor) -> tf.Tensor:
    """Samples [size, ...] of all survivors, from [μ, size, ...]: sample i keeps its place, and so its label."""
    sizes = split_sizes(fake.shape[1], fake.shape[0])
    starts = [sum(sizes[:rank]) for rank in range(len(sizes))]
    return tf.concat(
        [fake[rank, start : start + size] for rank, (start, size) in enumerate(zip(starts, sizes, strict=True))], axis=0
    )


def split_sizes(size: int, count: int) -> list[int]:
    """Divides `size` into `count` sizes that differ by at most one, the larger first.

    On several replicas `size` is that of one of them; the sizes are those of its part of what a division of the global
    batch gives.
    """
    replica_count, rank = replicas.count(), replicas.rank()
    quotient, rest = divmod(size * replica_count, count)
    ends = [position * quotient + min(position, rest) for position in range(count + 1)]
    own = [(end - rank + replica_count - 1) // replica_count for end in ends]
    return [after - before for before, after in itertools.pairwise(own)]
