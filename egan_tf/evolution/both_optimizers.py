"""What callbacks see as `model.optimizer`: the two optimizers of an E-GAN, as one."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.evolution.functional_optimizer import own_class
from egan_tf.utils.checks import InputError

NAMES = ("generator_optimizer", "discriminator_optimizer")


class NamedOptimizer:
    """One of the two under its own name, as both may be called "adam"."""

    def __init__(self, name: str, optimizer: keras.optimizers.Optimizer) -> None:
        self.name = name
        self._optimizer = optimizer

    @property
    def learning_rate(self) -> Any:
        """The learning rate; to set it raises `InputError` if it follows a schedule."""
        return self._optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        check_rate_can_be_set(self.name, self._optimizer)
        self._optimizer.learning_rate = value


class BothOptimizers:
    """The two optimizers. Keras does not save this object, as it saves each of the two by itself.

    Attributes:
        optimizers: each under its own name.
        variables: those of both.
        iterations: the generations so far.
        built: whether the variables exist.
    """

    built = True

    def __init__(
        self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer, iterations: Any
    ) -> None:
        self.optimizers = [NamedOptimizer(*pair) for pair in zip(NAMES, (generator, discriminator), strict=True)]
        self.variables = [*generator.variables, *discriminator.variables]
        self.iterations = iterations

    @property
    def learning_rate(self) -> Any:
        """The generators' learning rate; to set it sets that of both."""
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        for one in self.optimizers:
            one.learning_rate = value


def check_rate_can_be_set(name: str, optimizer: keras.optimizers.Optimizer) -> None:
    """Raises `InputError` if the learning rate follows a schedule, or there are several."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if hasattr(inner, "optimizers"):
        problem = (
            f"{own_class(inner).__name__} has several learning rates, so that no callback can set one; set those of "
        )
        raise InputError(name, f"{problem}its optimizers in a callback of your own")
    if not isinstance(inner.get_config().get("learning_rate"), float | int):
        raise InputError(name, "follows a schedule, so that no callback can set its learning rate; give it a number")
