"""Builds the compiled model of a configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.egan import EGAN
from egan_tf.training.adam import BurnInAdam
from egan_tf.training.config import Config
from egan_tf.training.config_groups import NetworkConfig
from egan_tf.training.devices import scope_of
from egan_tf.training.networks import build_networks, check_fit
from egan_tf.utils.checks import InputError
from egan_tf.utils.settings import Settings
from egan_tf.utils.user_code import UserCode


@keras.saving.register_keras_serializable("egan_tf")
class ConstantThenLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate, with a linear decay over the second half of training."""

    def __init__(self, learning_rate: float, steps: int, final_fraction: float) -> None:
        """Defines the schedule.

        Args:
            learning_rate: in the first half.
            steps: total optimizer steps.
            final_fraction: of the learning rate, left at the end.
        """
        self.learning_rate, self.steps, self.final_fraction = learning_rate, steps, final_fraction

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The learning rate at an optimizer step, float32 scalar."""
        decayed = tf.clip_by_value(2.0 * tf.cast(step, tf.float32) / float(self.steps) - 1.0, 0.0, 1.0)
        return self.learning_rate * (1.0 - (1.0 - self.final_fraction) * decayed)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"learning_rate": self.learning_rate, "steps": self.steps, "final_fraction": self.final_fraction}


def build(
    config: Config,
    sample_shape: tuple[int, ...],
    model: type[EGAN] = EGAN,
    code: UserCode | None = None,
    classes: int = 0,
    strategy: tf.distribute.Strategy | None = None,
) -> EGAN:
    """Builds the compiled model of a configuration; the seed determines its initial weights.

    Args:
        config: the configuration.
        sample_shape: of the data set.
        model: `EGAN`, or a subclass of it.
        code: functions of the user that the configuration names.
        classes: labels of the data set, for conditional networks.
        strategy: whose replicas train it together; None for one device.

    Raises:
        InputError: if the networks do not fit the data or the memory, or a function was not imported.
    """
    code = code or UserCode()
    evolution, networks = code.resolved(config.evolution), code.resolved(config.network)
    assert isinstance(networks, NetworkConfig)
    # Keras takes a seed of 32 bits.
    keras.utils.set_random_seed(config.evolution.seed % 2**32)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.run.precision)
    try:
        with scope_of(strategy):
            return _build(config, sample_shape, model, evolution, networks.network, classes)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise InputError(
            "width",
            f"networks of width {config.network.width} do not fit into memory; use a smaller width or population",
        ) from error
    finally:
        keras.config.set_dtype_policy(policy)


def _build(
    config: Config,
    sample_shape: tuple[int, ...],
    model: type[EGAN],
    evolution: Settings,
    network: str | Callable[..., Any],
    classes: int,
) -> EGAN:
    generator, discriminator = build_networks(config, sample_shape, network, classes)
    egan = model(generator, discriminator, **dict(evolution))
    check_fit(config, sample_shape, network, egan)
    rates = config.optimizer
    egan.compile(
        _adam(config, rates.generator_learning_rate, rates.generator_beta_1, config.evolution.mutation_steps),
        _adam(
            config, rates.discriminator_learning_rate, rates.discriminator_beta_1, config.evolution.discriminator_steps
        ),
        jit_compile="auto" if config.run.xla == "auto" else config.run.xla == "on",
        steps_per_execution=config.run.steps_per_execution,
    )
    return egan


def _adam(config: Config, learning_rate: float, beta_1: float, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a network that takes `steps` steps in a generation."""
    rates, burn_in = config.optimizer, config.evolution.burn_in * steps
    schedule = ConstantThenLinearDecay(learning_rate, config.run.steps * steps, rates.final_learning_rate_fraction)
    words = {"beta_1": beta_1, "beta_2": rates.beta_2, "epsilon": rates.epsilon}
    if rates.initial_beta_2 is None or not burn_in:
        return keras.optimizers.Adam(schedule, **words)
    return BurnInAdam(schedule, initial_beta_2=rates.initial_beta_2, burn_in=burn_in, **words)
