from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.utils.order import batch_indices


def visited(seed: int, steps: range, size: int, count: int) -> np.ndarray:
    return np.concatenate([batch_indices(seed, tf.constant(step), size, count).numpy() for step in steps])


@pytest.mark.parametrize("count, size", [(1, 1), (7, 3), (64, 64), (100, 30), (5, 12)])
def test_every_epoch_visits_every_sample_once(count, size):
    epochs = visited(1, range(-(-3 * count // size)), size, count)[: 3 * count].reshape(3, count)
    assert (np.sort(epochs, axis=1) == np.arange(count)).all()


def test_order_differs_between_epochs_and_seeds():
    count = 200
    orders = [visited(seed, range(epoch, epoch + 1), count, count) for seed in (0, 1, 2**32) for epoch in (0, 1)]
    assert len({order.tobytes() for order in orders}) == len(orders)


@pytest.mark.parametrize("seed", [0, 1, 2**40 + 5])
def test_order_is_as_random_as_a_shuffle(seed):
    """Within six standard deviations: neighbours and indices uncorrelated, variance between batches as expected."""
    count, size = 60_000, 32
    order = visited(seed, range(1), count, count)
    bound = 6 / np.sqrt(count)
    assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < bound
    assert abs(np.corrcoef(order, np.arange(count))[0, 1]) < bound
    low = (order.reshape(-1, size) < count // 2).sum(axis=1)
    variance, spread = size / 4, size / 4 * np.sqrt(2 / len(low))
    assert abs(low.var() - variance) < 6 * spread


def test_far_steps_stay_in_range():
    far = visited(1, range(2**55, 2**55 + 1), 64, 1000)
    assert far.shape == (64,) and far.min() >= 0 and far.max() < 1000
