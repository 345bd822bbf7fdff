"""A Keras optimizer as a function of weights, slots and gradients, for several individuals at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.functional_optimizer import functional, inner_optimizers, own_class, restore_averages
from egan_tf.evolution.loss_scale import loss_scale, with_loss_scale
from egan_tf.evolution.map_functions import sequential_map, vectorized_map
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import Tensors, read, write
from egan_tf.utils.checks import InputError, format_value, require

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
    options = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
    plain = not any(getattr(optimizer, option) for option in options)
    return own_class(optimizer) in _VECTORIZABLE and plain and not any(weight.constraint for weight in weights)


# Optimizers whose steps do not depend on the scale of past and present gradients together.
_NORMALIZING = (
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adamax,
    keras.optimizers.Nadam,
    keras.optimizers.Lion,
)


def normalizes_scale(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether the steps of an optimizer have a size of their own, whatever that of the gradients, as Adam's have."""
    return any(issubclass(own_class(one), _NORMALIZING) for one in inner_optimizers(optimizer))


def check_own_optimizers(generators: keras.optimizers.Optimizer, other: keras.optimizers.Optimizer) -> None:
    """Raises `InputError` if both networks have one optimizer, be it inside others such as for loss scaling."""
    of_generators = {id(one) for one in inner_optimizers(generators)}
    shared = any(id(one) in of_generators for one in inner_optimizers(other))
    require(not shared, "discriminator_optimizer", "must not be the generator's optimizer object")


def optimizer_for(
    network: keras.Model, choice: str | keras.optimizers.Optimizer | None, field: str
) -> keras.optimizers.Optimizer:
    """The optimizer that the user chose for a network, with loss scaling if layers compute in float16.

    Args:
        network: generator or discriminator.
        choice: an optimizer, a name, or None for the authors' Adam.
        field: the argument's name, for the error message.

    Raises:
        InputError: it is no optimizer.
    """
    if choice is None:
        return with_loss_scale(keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8), network)
    try:
        optimizer = keras.optimizers.get(choice)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise InputError(field, f"must be a Keras optimizer or the name of one, got {format_value(choice)}") from error
    return with_loss_scale(optimizer, network)


class StatelessOptimizer:
    """Applies a Keras optimizer to any number of individuals, each with its own slots and step count.

    Attributes:
        weights: the variables that it was built for.
        copied: for each slot the position of the weight that it starts as a copy of, or None.
        counts_line: whether the last slot is the number of the line's steps, which schedules and a burn-in follow.
    """

    def __init__(
        self,
        optimizer: keras.optimizers.Optimizer,
        weights: Sequence[keras.Variable],
        field: str = "optimizer",
        of_one_objective: bool = False,
    ) -> None:
        """Builds the optimizer.

        Args:
            optimizer: any Keras optimizer; slots that it has already are dropped.
            weights: the trainable variables of one individual.
            field: its name in error messages.
            of_one_objective: whether slots belong to one objective of a line, and count its steps alone. Schedules of
                the learning rate, and a burn-in of β₂, then follow a count of all steps of the line.
        """
        self.weights = tuple(weights)
        self._map = vectorized_map if vectorizes(optimizer, weights) else sequential_map
        with _recognisable(weights) as marks:
            self._optimizer = functional(optimizer, weights, field)
        # The learning rate belongs to the run and not to an individual: callbacks may set it during training.
        self._is_slot = [variable.name != "learning_rate" for variable in optimizer.variables]
        slots = [variable for variable, is_slot in zip(optimizer.variables, self._is_slot, strict=True) if is_slot]
        # With accumulated gradients `iterations` is a number that is computed from this variable.
        counts = {id(one._iterations) for one in inner_optimizers(optimizer)}
        self._is_count = [id(variable) in counts for variable in slots]
        self.copied = [_position_of(variable.numpy(), marks) for variable in slots]
        self.scales = loss_scale(optimizer) is not None
        self.normalizes_scale = normalizes_scale(optimizer)
        # As of `training.adam.BurnInAdam`, which follows the step count as a schedule does.
        self.burns_in = any(getattr(one, "initial_beta_2", None) is not None for one in inner_optimizers(optimizer))
        # Also where nothing follows the count now, because a resumed run may give the rate a schedule.
        self.counts_line = of_one_objective
        self.accumulates = any(one.gradient_accumulation_steps for one in inner_optimizers(optimizer))
        self.averages = any(one.use_ema for one in inner_optimizers(optimizer))

    def initial_slots(self, weights: Tensors) -> list[np.ndarray]:
        """The slots of individuals before their first step, including scalars such as the step count.

        Args:
            weights: of the individuals, [individuals, ...]. Some optimizers start from them.

        Returns:
            [individuals, ...].
        """
        variables = zip(self._optimizer.variables, self._is_slot, strict=True)
        slots = [variable.numpy() for variable, is_slot in variables if is_slot]
        count = weights[0].shape[0]
        initial = [
            np.stack([slot] * count) if copied is None else weights[copied].numpy()
            for slot, copied in zip(slots, self.copied, strict=True)
        ]
        return [*initial, np.zeros(count, self._optimizer._iterations.dtype)] if self.counts_line else initial

    def loss_scale(self, slots: Tensors) -> tf.Tensor | None:
        """The factor for the losses of an individual with these slots, float32 scalar; None if there is none."""
        if not self.scales:
            return None
        mapping = zip(self._optimizer.variables, self._state(slots, read(self._optimizer.variables)), strict=True)
        with keras.StatelessScope(state_mapping=mapping):
            return loss_scale(self._optimizer)

    def _state(self, slots: Tensors, shared: Tensors) -> list[tf.Tensor]:
        """The values of all variables: the slots of an individual, and what is shared."""
        slot_values = iter(slots)
        return [next(slot_values) if is_slot else value for value, is_slot in zip(shared, self._is_slot, strict=True)]

    def apply(self, gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        """One step of every individual.

        Args:
            gradients: one for each weight, [individuals, ...], times `loss_scale`.
            weights: values of the trainable weights, [individuals, ...]; or [1, ...], the parent of them all, of which
                no copies are made.
            slots: the optimizer's state for them, likewise.

        Returns:
            The weights and the slots after the step, [individuals, ...].
        """
        # Read here, because inside the map each member would read the variables again.
        shared = read(self._optimizer.variables)

        def step(gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
            line_steps = slots[-1] if self.counts_line else None
            with _scheduled_by(self._optimizer, line_steps):
                moved, after = self._optimizer.stateless_apply(
                    self._state(slots, shared), list(gradients), list(weights)
                )
            own = [value for value, is_slot in zip(after, self._is_slot, strict=True) if is_slot]
            if line_steps is not None:
                own.append(line_steps + 1)
            return tuple(map(tf.convert_to_tensor, moved)), tuple(map(tf.convert_to_tensor, own))

        count = gradients[0].shape[0]
        if weights[0].shape[0] < count:
            parent = take((weights, slots), 0)
            return self._map(lambda gradient: step(gradient, *parent), gradients, count)
        return self._map(lambda member: step(*member), (gradients, weights, slots), count)

    def with_step_counts(self, slots: Tensors, before: Tensors) -> Tensors:
        """Slots with the step counts of other slots, on which schedules of the learning rate depend."""
        return tuple(old if is_count else new for new, old, is_count in zip(slots, before, self._is_count, strict=True))

    def final_weights(self, weights: Tensors, slots: Tensors) -> Tensors:
        """The weights of individuals at the end of training, [individuals, ...]: with `use_ema` their averages."""
        shared = read(self._optimizer.variables)

        def finish(member: tuple[Tensors, Tensors]) -> Tensors:
            weights, slots = member
            return tuple(restore_averages(self._optimizer, self._state(slots, shared), weights))

        return sequential_map(finish, (weights, slots), weights[0].shape[0])


@contextlib.contextmanager
def _scheduled_by(optimizer: keras.optimizers.Optimizer, steps: tf.Tensor | None) -> Iterator[None]:
    """For a while, schedules of the optimizer follow these steps instead of its own count, unless they are None."""
    for one in inner_optimizers(optimizer):
        one.line_steps = steps
    try:
        yield
    finally:
        for one in inner_optimizers(optimizer):
            one.line_steps = None


@contextlib.contextmanager
def _recognisable(weights: Sequence[keras.Variable]) -> Iterator[list[np.ndarray]]:
    """Gives the weights other values for a while, those that it yields, so that copies of them can be recognised."""
    before = [weight.numpy() for weight in weights]
    marks = [np.full(weight.shape, 0.7351 + position, "float32") for position, weight in enumerate(weights)]
    write(weights, [tf.cast(mark, weight.dtype) for mark, weight in zip(marks, weights, strict=True)])
    try:
        yield [weight.numpy() for weight in weights]
    finally:
        write(weights, before)


def _position_of(slot: np.ndarray, marks: Sequence[np.ndarray]) -> int | None:
    """The position of the weight that a slot is a copy of, or None."""
    equal = (position for position, mark in enumerate(marks) if slot.shape == mark.shape and np.array_equal(slot, mark))
    return next(equal, None)
