"""TensorFlow's SavedModel: endpoint `serve`, signature `serving_default`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from egan_tf.export.source import Source
from egan_tf.export.verify import Run

FOLDER = "saved_model"


class _Served(tf.Module):
    """Holds the function and the variables that it reads; keras's own archive would store each of these twice."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.serve = tf.function(source.serve, input_signature=[source.signature], autograph=False)
        # The function lists its variables in an order that changes from process to process.
        read = {variable.ref() for variable in self.serve.get_concrete_function().variables}
        self.weights = [weight.value for weight in source.model.variables if weight.value.ref() in read]


def write(source: Source, directory: Path) -> None:
    """Writes `directory/saved_model`: noise float32 [batch, latent_size] to `{"samples": float32}`."""
    served = _Served(source)
    tf.saved_model.save(served, directory / FOLDER, signatures={"serving_default": served.serve})


def load(directory: Path) -> Run:
    """Reads back what `write` wrote, to run on the CPU."""
    with tf.device("CPU:0"):
        loaded = tf.saved_model.load(directory / FOLDER)

    def run(noise: np.ndarray) -> np.ndarray:
        with tf.device("CPU:0"):
            return loaded.serve(tf.constant(noise))["samples"].numpy()

    return run
