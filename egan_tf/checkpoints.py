"""Checkpoints of a run: population, slots, lineage, averages, discriminator and its slots, and the generation."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from egan_tf.checks import InputError
from egan_tf.evolution.egan import EGAN

KEPT = 2


def _manager(egan: EGAN, folder: Path) -> tf.train.CheckpointManager:
    return tf.train.CheckpointManager(tf.train.Checkpoint(egan=egan), str(folder), max_to_keep=KEPT)


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
        status.assert_existing_objects_matched()
    except (tf.errors.OpError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError("run", f"checkpoint {manager.latest_checkpoint} cannot be read: {reason}") from error
