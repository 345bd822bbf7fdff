"""Checks the user's objectives, losses and fitness before training: each is traced once, on symbolic input."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.architecture import outputs_of
from egan_tf.evolution.choices import Choices
from egan_tf.evolution.evaluation import Evaluation
from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss, SeparableLoss
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.objectives import OBJECTIVES, Objective, takes_real_logits
from egan_tf.utils.checks import InputError, first_line, require

# Some functions need to know the size of the batch, and some refuse any size but their own.
_BATCHES = (8, None)


def check_functions(choices: Choices) -> None:
    """Checks the objectives and the discriminator's loss.

    Raises:
        InputError: a function cannot be used; the message is one line that names it.
    """
    for operator in choices.operators:
        if isinstance(operator, ObjectiveMutation):
            check_objectives(operator.objectives)
    check_discriminator_loss(choices.discriminator_loss)


def check_objectives(objectives: Mapping[str, Objective]) -> None:
    """Checks that each objective gives a floating-point scalar with a gradient at the logits of generated samples.

    Args:
        objectives: by name.

    Raises:
        InputError: one does not; the message names it.
    """
    for name, objective in objectives.items():
        if not _is_ours(objective, OBJECTIVES):
            _check_objective(name, objective)


def _check_objective(name: str, objective: Objective) -> None:
    try:
        both = takes_real_logits(objective)
    except (TypeError, ValueError) as error:
        raise InputError("mutations", f"{name} has no signature; wrap it in a function of fake_logits") from error

    def value_at(fake: tf.Tensor, real: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            tape.watch(fake)
            value = objective(fake, real) if both else objective(fake)
        _check_scalar("mutations", name, value)
        _check_gradient("mutations", name, tape.gradient(value, fake), "fake_logits")

    arguments = "fake_logits, real_logits" if both else "fake_logits"
    _trace("mutations", f"{name}({arguments})", value_at, lambda batch: (_logits(batch), _logits(batch)))


def check_discriminator_loss(loss: DiscriminatorLoss) -> None:
    """Checks that a loss gives a float32 scalar, or its terms a float32 per sample, with a gradient at logits.

    Raises:
        InputError: it does not; the message names it.
    """
    if _is_ours(loss, DISCRIMINATOR_LOSSES):
        return
    field, name = "discriminator_loss", name_of(loss)

    def value_at(real: tf.Tensor, fake: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            tape.watch((real, fake))
            if isinstance(loss, SeparableLoss):
                for part, terms, logits in (("real", loss.real, real), ("fake", loss.fake, fake)):
                    _check_terms(field, f"{name}'s {part}", terms(logits), logits)
            value = loss(real, fake)
        _check_scalar(field, name, value, (tf.float32,))
        gradients = [gradient for gradient in tape.gradient(value, (real, fake)) if gradient is not None]
        _check_gradient(field, name, gradients[0] if gradients else None, "real_logits or fake_logits")

    _trace(field, f"{name}(real_logits, fake_logits)", value_at, lambda batch: (_logits(batch), _logits(batch)))


def check_fitness(
    fitness: Fitness, generator: keras.Model, discriminator: keras.Model, gamma: float | None = None
) -> None:
    """Checks that a fitness is a real scalar that may differ between children.

    Args:
        fitness: the function.
        generator: makes its samples.
        discriminator: evaluates them.
        gamma: the constant γ; None if γ is a float32 scalar of each generation.

    Raises:
        InputError: it is not, or the function cannot be called.
    """
    if _is_ours(fitness, FITNESSES):
        return
    name = name_of(fitness)

    def value_at(evaluation: Evaluation, varying: tf.Tensor) -> None:
        value = fitness(evaluation, varying if gamma is None else gamma)
        _check_scalar("fitness", name, value, _REAL)
        constant = tf.get_static_value(value)
        require(constant is None, "fitness", f"{name} gives {constant}, the same for every child")

    call = f"{name}(evaluation, gamma)" + ("" if gamma is not None else ", gamma a tensor that changes,")
    specs = functools.partial(_evaluation, generator, discriminator)
    _trace("fitness", call, value_at, lambda batch: (specs(batch), tf.TensorSpec((), tf.float32)))


def _is_ours(function: Any, registry: Mapping[str, Any]) -> bool:
    """Whether a registry holds the function; one with parameters may have wrong ones, and is checked."""
    return any(function is known for known in registry.values())


_FLOATING = (tf.float32, tf.float64, tf.float16, tf.bfloat16)
_REAL = (*_FLOATING, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64)


def _check_scalar(field: str, name: str, value: Any, dtypes: tuple[tf.DType, ...] = _FLOATING) -> None:
    """Refuses anything but a scalar tensor of these types."""
    _check_tensor(field, name, value, "a scalar", dtypes)
    rank = value.shape.rank
    require(rank is not None, field, f"{name} gives a value of unknown shape, not a scalar; set_shape(()) tells it")
    hint = "one for each sample, " if rank and value.shape[0] in _BATCHES else ""
    said = f"{name} gives {hint}shape {value.shape}, where one scalar is needed; take the mean, tf.reduce_mean"
    require(rank == 0, field, said)


def _check_terms(field: str, name: str, value: Any, logits: tf.Tensor) -> None:
    """Refuses anything but one float32 for each sample; a scalar is its own mean."""
    _check_tensor(field, name, value, "a value per sample", (tf.float32,))
    fits = value.shape.rank == 0 or (value.shape.rank is not None and value.shape[0] == logits.shape[0])
    require(fits, field, f"{name} gives shape {value.shape}, where a value per sample is needed, {logits.shape}")


def _check_tensor(field: str, name: str, value: Any, wanted: str, dtypes: tuple[tf.DType, ...]) -> None:
    if not isinstance(value, tf.Tensor):
        constant = "a constant, " if isinstance(value, int | float | complex) or hasattr(value, "__array__") else ""
        given = f"{constant}{value}" if constant else "None" if value is None else f"a {type(value).__name__}"
        raise InputError(field, f"{name} gives {given}, where {wanted}, a tensor, is needed")
    kinds = "a floating-point number" if dtypes is _FLOATING else "float32" if len(dtypes) == 1 else "a real number"
    require(value.dtype in dtypes, field, f"{name} gives {value.dtype.name}, where {kinds} is needed; tf.cast it")


def _check_gradient(field: str, name: str, gradient: Any, of: str) -> None:
    require(gradient is not None, field, f"{name} has no gradient: its value does not depend smoothly on {of}")


def _trace(field: str, call: str, body: Callable[..., None], specs: Callable[[int | None], tuple[Any, ...]]) -> None:
    """Traces as a step does, without autograph, for a batch of a known size, and otherwise of an unknown one."""
    first: Exception | None = None
    for batch in _BATCHES:
        try:
            tf.function(body, autograph=False).get_concrete_function(*specs(batch))
        except InputError:
            raise
        except Exception as error:  # the user's function may raise anything
            first = first or error
        else:
            return
    raise InputError(field, f"{call} cannot be computed: {first_line(first)}") from first


def _logits(batch: int | None) -> tf.TensorSpec:
    return tf.TensorSpec([batch, 1], tf.float32)


def _evaluation(generator: keras.Model, discriminator: keras.Model, batch: int | None) -> Evaluation:
    made = outputs_of("generator", generator)[0]

    def specs(variables: list[keras.Variable]) -> tuple[tf.TensorSpec, ...]:
        return tuple(tf.TensorSpec(variable.shape, variable.dtype) for variable in variables)

    return Evaluation(
        tf.TensorSpec([batch, *made.shape[1:]], tf.float32),
        tf.TensorSpec([batch, *made.shape[1:]], made.dtype),
        _logits(batch),
        _logits(batch),
        specs(discriminator.trainable_variables),
        tf.TensorSpec((), tf.float32),
        tf.TensorSpec((), tf.float32),
        specs(discriminator.non_trainable_variables),
    )
