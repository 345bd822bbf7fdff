"""Replicas of a generation: several devices, each with all variables and with its own rows of every batch.

Row i of a global batch belongs to replica i mod N, so that each replica has its part of each survivor's samples. What
`mean` and `all_rows` return is the same on every replica, to the last bit, and so is all that is computed from it
alone. With one replica, and outside of tf.distribute, all functions return what they are given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


def count() -> int:
    """The number of replicas that take part in this generation; 1 outside of one."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync


def rank() -> int:
    """The position of this replica among all."""
    if count() == 1:
        return 0
    # Known while the step is traced, as every replica traces its own.
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def under_strategy() -> bool:
    """Whether this code runs on a replica of a strategy, be it the only one."""
    return tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context()


def own_rows(values: tf.Tensor) -> tf.Tensor:
    """This replica's rows of a global batch.

    Args:
        values: [rows, ...], the same on every replica.

    Returns:
        [rows / replicas, ...].
    """
    return values if count() == 1 else values[rank() :: count()]


def own_gradient(values: tf.Tensor) -> tf.Tensor:
    """This replica's rows of a gradient, times the number of replicas.

    With this factor `mean` of the weights' gradients is the gradient of a function of the global batch, and the
    gradients of terms that are the same on every replica, such as weight regularizers, count once.
    """
    return values if count() == 1 else own_rows(values) * tf.cast(count(), values.dtype)


def all_rows(values: tf.Tensor) -> tf.Tensor:
    """The rows of all replicas in the order of the global batch, [rows · replicas, ...].

    Its gradient is `own_gradient`.

    Args:
        values: [rows, ...], of this replica.
    """
    if count() == 1:
        return values

    @tf.custom_gradient
    def gather(own: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        # A sum with zeros is exact, and every kind of device has it.
        around = [[0, 0], [rank(), count() - 1 - rank()], *[[0, 0]] * (own.shape.rank - 1)]
        placed = tf.pad(own[:, None], around)
        summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, placed)
        shape = [own.shape[0] * count(), *own.shape[1:]]
        return tf.reshape(tf.ensure_shape(summed, placed.shape), shape), own_gradient

    return gather(values)


def mean(structure: Any) -> Any:
    """The mean over replicas of all floating-point tensors; others must be equal everywhere, and are returned."""
    flat = tf.nest.flatten(structure)
    floats = [tensor for tensor in flat if tensor.dtype.is_floating]
    if count() == 1 or not floats:
        return structure
    reduced = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, floats)
    means = iter([tf.ensure_shape(each, tensor.shape) for each, tensor in zip(reduced, floats, strict=True)])
    return tf.nest.pack_sequence_as(structure, [next(means) if one.dtype.is_floating else one for one in flat])


def total(values: tf.Tensor) -> tf.Tensor:
    """The sum over replicas."""
    if count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def assign(variable: keras.Variable | tf.Variable, value: Any) -> None:
    """Assigns to this replica's copy of a variable, in every branch and loop; outside of a replica to all copies.

    All replicas must assign the same. TensorFlow's own assignment would ask them all, which no condition allows.
    """
    if not under_strategy():
        variable.assign(value)
        return
    held = variable.value if isinstance(variable, keras.Variable) else variable
    copies = tf.distribute.get_strategy().experimental_local_results(held)
    own = copies[rank() % len(copies)]
    own.assign(tf.cast(value, own.dtype))


def repeat_step(step: Callable[[Any, Any], Any], count_of_steps: int, state: Any) -> Any:
    """The state after steps number 1 to `count_of_steps` − 1; a loop in the graph, but unrolled on several replicas.

    Args:
        step: from the number of a step and a state to the next state.
        count_of_steps: with the first, which has been made.
        state: after the first.
    """
    if count() > 1:  # replicas cannot talk inside of a loop
        for number in range(1, count_of_steps):
            state = step(number, state)
        return state
    _, after = tf.while_loop(
        lambda number, _: number < count_of_steps,
        lambda number, now: (number + 1, step(number, now)),
        (tf.constant(1), state),
        parallel_iterations=1,
    )
    return after


def synchronizes(network: keras.Model) -> bool:
    """Whether a layer of the network takes its statistics over all replicas, which takes communication."""
    return count() > 1 and any(getattr(layer, "synchronized", False) for layer in network._flatten_layers())
