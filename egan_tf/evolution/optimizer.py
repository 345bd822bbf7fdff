"""A Keras optimizer as a function of weights, slots and gradients, for several individuals at once."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from egan_tf.evolution.map_functions import sequential_map, vectorized_map
from egan_tf.evolution.stateless import Tensors, read

_BASE, _TENSORFLOW = (
    next(kind for kind in keras.optimizers.Optimizer.__mro__ if kind.__name__ == name)
    for name in ("BaseOptimizer", "TFOptimizer")
)
# What TensorFlow's class must keep: it creates variables, and clips without Keras' backend.
_KEPT = ("__init__", "add_variable_from_reference", "_clip_by_norm")


class _Functional(_TENSORFLOW):  # type: ignore[misc, valid-type]
    """Restores Keras' backend-neutral methods, `stateless_apply` among them, over those for tf.distribute.

    TensorFlow's update variables in place through `merge_call`. As a base class behind the optimizer's own and before
    TFOptimizer, the optimizer's overrides still count.
    """


for _name, _member in vars(_TENSORFLOW).items():
    if callable(_member) and _name in vars(_BASE) and _name not in _KEPT:
        setattr(_Functional, _name, vars(_BASE)[_name])


def functional(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Makes `stateless_apply` of an optimizer work on TensorFlow; returns the same object."""
    kind = type(optimizer)
    if not isinstance(optimizer, _Functional):
        # The name and the module are kept, so that Keras saves and loads it as what it is.
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        optimizer.__class__ = type(kind.__name__, (kind, _Functional), names)
    return optimizer


# Optimizers whose update vectorizes over members: no operation that tf.vectorized_map would have to loop over.
_VECTORIZABLE = (
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adamax,
    keras.optimizers.Nadam,
    keras.optimizers.Ftrl,
    keras.optimizers.Lion,
)


def vectorizes(optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> bool:
    """Whether all individuals can move in one batched update; a class not known here is taken not to."""
    kind = type(optimizer).__bases__[0] if isinstance(optimizer, _Functional) else type(optimizer)
    options = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
    plain = not any(getattr(optimizer, option) for option in options)
    return kind in _VECTORIZABLE and plain and not any(weight.constraint for weight in weights)


class StatelessOptimizer:
    """Applies a Keras optimizer to any number of individuals, each with slots and a step count of its own."""

    def __init__(self, optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> None:
        """Builds the optimizer.

        Args:
            optimizer: any Keras optimizer, not built yet.
            weights: the trainable variables of one individual.
        """
        self._map = vectorized_map if vectorizes(optimizer, weights) else sequential_map
        self._optimizer = functional(optimizer)
        self._optimizer.build(list(weights))
        # The learning rate belongs to the run, not to an individual: callbacks set it while training goes on.
        self._is_slot = [variable.name != "learning_rate" for variable in optimizer.variables]

    def initial_slots(self) -> Tensors:
        """The slots of an individual that has taken no step; scalars, such as the step count, are part of them."""
        variables = zip(self._optimizer.variables, self._is_slot, strict=True)
        return read([variable for variable, is_slot in variables if is_slot])

    def apply(self, gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        """One step of every individual.

        Args:
            gradients: one for each weight, [individuals, ...].
            weights: values of the trainable weights, [individuals, ...].
            slots: the optimizer's state for them, [individuals, ...].

        Returns:
            The weights and the slots after the step.
        """
        # Read here and not in the update: a map must not read variables once per member.
        shared = read(self._optimizer.variables)

        def step(member: tuple[Tensors, Tensors, Tensors]) -> tuple[Tensors, Tensors]:
            gradients, weights, slots = member
            mine = iter(slots)
            state = [next(mine) if is_slot else value for value, is_slot in zip(shared, self._is_slot, strict=True)]
            moved, after = self._optimizer.stateless_apply(state, list(gradients), list(weights))
            pairs = zip(after, self._is_slot, strict=True)
            return (
                tuple(tf.convert_to_tensor(value) for value in moved),
                tuple(tf.convert_to_tensor(value) for value, is_slot in pairs if is_slot),
            )

        return self._map(step, (gradients, weights, slots), gradients[0].shape[0])
