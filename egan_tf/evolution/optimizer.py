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
# Methods of TensorFlow's class that stay: they create variables, and clip with TensorFlow.
_KEPT = ("__init__", "add_variable_from_reference", "_clip_by_norm")


class _Functional(_TENSORFLOW):  # type: ignore[misc, valid-type]
    """Restores Keras' backend-neutral methods, `stateless_apply` among them, over those for tf.distribute.

    TensorFlow's methods update variables in place through `merge_call`. In the method resolution order this class comes
    after the optimizer's own class, whose overrides still apply, and before TFOptimizer.
    """


for _name, _member in vars(_TENSORFLOW).items():
    if callable(_member) and _name in vars(_BASE) and _name not in _KEPT:
        setattr(_Functional, _name, vars(_BASE)[_name])


def functional(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Makes `stateless_apply` of an optimizer work on TensorFlow; returns the same object."""
    kind = type(optimizer)
    if not isinstance(optimizer, _Functional):
        # With name and module unchanged, Keras saves and loads it as the original class.
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        optimizer.__class__ = type(kind.__name__, (kind, _Functional), names)
    return optimizer


# Optimizers whose update tf.vectorized_map vectorizes completely, without falling back to a loop.
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
    """Whether one batched update can move all individuals; False for optimizer classes that are not listed above."""
    kind = type(optimizer).__bases__[0] if isinstance(optimizer, _Functional) else type(optimizer)
    options = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
    plain = not any(getattr(optimizer, option) for option in options)
    return kind in _VECTORIZABLE and plain and not any(weight.constraint for weight in weights)


class StatelessOptimizer:
    """Applies a Keras optimizer to any number of individuals, each with its own slots and step count."""

    def __init__(self, optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> None:
        """Builds the optimizer.

        Args:
            optimizer: any Keras optimizer, not built yet.
            weights: the trainable variables of one individual.
        """
        self._map = vectorized_map if vectorizes(optimizer, weights) else sequential_map
        self._optimizer = functional(optimizer)
        self._optimizer.build(list(weights))
        # The learning rate belongs to the run and not to an individual: callbacks may set it during training.
        self._is_slot = [variable.name != "learning_rate" for variable in optimizer.variables]

    def initial_slots(self) -> Tensors:
        """The slots of an individual before its first step, including scalars such as the step count."""
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
        # Read here, because inside the map each member would read the variables again.
        shared = read(self._optimizer.variables)

        def step(member: tuple[Tensors, Tensors, Tensors]) -> tuple[Tensors, Tensors]:
            gradients, weights, slots = member
            slot_values = iter(slots)
            state = [
                next(slot_values) if is_slot else value for value, is_slot in zip(shared, self._is_slot, strict=True)
            ]
            moved, after = self._optimizer.stateless_apply(state, list(gradients), list(weights))
            pairs = zip(after, self._is_slot, strict=True)
            return (
                tuple(tf.convert_to_tensor(value) for value in moved),
                tuple(tf.convert_to_tensor(value) for value, is_slot in pairs if is_slot),
            )

        return self._map(step, (gradients, weights, slots), gradients[0].shape[0])
