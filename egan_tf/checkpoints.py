"""Checkpoints of a run: population, slots, lineage, averages, discriminator and its slots, and the generation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import keras
import tensorflow as tf

from egan_tf.checks import InputError
from egan_tf.evolution.egan import EGAN

KEPT = 2


def _manager(egan: EGAN, folder: Path) -> tf.train.CheckpointManager:
    # Named one by one: TensorFlow's own search of a Keras model passes over variables that stand in lists.
    checkpoint = tf.train.Checkpoint(
        model=_values(egan.variables),
        generator_optimizer=_values(egan.generator_optimizer.variables),
        discriminator_optimizer=_values(egan.discriminator_optimizer.variables),
    )
    return tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=KEPT)


def _values(variables: Iterable[keras.Variable]) -> list[tf.Variable]:
    return [variable.value for variable in variables]


def save_checkpoint(egan: EGAN, folder: Path) -> None:
    """Saves a compiled model under the number of its generation."""
    _manager(egan, folder).save(checkpoint_number=int(egan.generation.numpy()))


def restore_checkpoint(egan: EGAN, folder: Path) -> None:
    """Brings a compiled model of the same configuration to the state of the newest checkpoint.

    Raises:
        InputError: if there is none, or if it does not fit.
    """
    manager = _manager(egan, folder)
    if manager.latest_checkpoint is None:
        raise InputError("run", f"has no checkpoint in {folder}; the run did not get that far")
    try:
        status = manager.checkpoint.restore(manager.latest_checkpoint)
        status.assert_consumed()
    except (tf.errors.OpError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError("run", f"checkpoint {manager.latest_checkpoint} cannot be read: {reason}") from error
