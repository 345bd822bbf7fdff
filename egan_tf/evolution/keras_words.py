"""The methods of a Keras model that mean something else for an E-GAN, or nothing."""

from __future__ import annotations

from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.both_optimizers import NAMES, BothOptimizers
from egan_tf.evolution.fit_arguments import EVALUATE, check_verbose, check_words
from egan_tf.evolution.source import DEFAULT_BATCH_SIZE
from egan_tf.utils.checks import InputError, integer, require

ALL_NOISE = "give as much noise as you want samples"


class KerasWords(keras.Model):
    """`predict` as sampling, `optimizer` as both optimizers, and `evaluate` refused."""

    latent: Any
    conditional: bool
    generation: Any

    def sample(self, noise: Any, labels: Any = None) -> tf.Tensor:
        """Samples for noise."""
        raise NotImplementedError

    def compile(self, **words: Any) -> None:
        """As for any Keras model, but for the scale of the loss, which each of the two optimizers has by itself."""
        super().compile(**{**words, "auto_scale_loss": False})

    def predict(self, x: Any, batch_size: int | None = None, verbose: str | int = "auto", **words: Any) -> np.ndarray:
        """Samples of the fittest survivor, as `sample` makes them, batch by batch.

        Args:
            x: noise, float32 [n, latent]; for conditional networks (noise, labels [n]).
            batch_size: samples that are made at once; by default 32.
            verbose: whether to show a progress bar: 0 for none, "auto" or 1 for a bar, 2 for a line at the end.
            **words: none of Keras' others is supported.

        Returns:
            float32 [n, *sample_shape].

        Raises:
            InputError: the noise has another shape, or an argument no meaning.
        """
        refused = {"steps": (None, ALL_NOISE), "callbacks": (None, "call sample on the batches that you want")}
        check_words("predict", words, ("x", "batch_size", "verbose"), refused)
        check_verbose(verbose)
        size = DEFAULT_BATCH_SIZE if batch_size is None else integer("batch_size", batch_size)
        noise, labels = self._noise_and_labels(x)
        starts = range(0, len(noise), size)
        bar = keras.utils.Progbar(len(starts), verbose=1 if verbose == "auto" else int(verbose)) if verbose else None
        batches = []
        for start in starts:
            chosen = slice(start, start + size)
            batches.append(self.sample(noise[chosen], None if labels is None else labels[chosen]).numpy())
            if bar is not None:
                bar.update(len(batches))
        return np.concatenate(batches)

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Samples of the fittest survivor for all the noise at once; as `predict`."""
        noise, labels = self._noise_and_labels(x)
        return self.sample(noise, labels).numpy()

    def evaluate(self, *args: Any, **words: Any) -> NoReturn:
        """Refused: raises `InputError`, which says how to measure samples."""
        raise InputError("evaluate", f"a GAN has no loss to evaluate; {EVALUATE}")

    def test_on_batch(self, *args: Any, **words: Any) -> NoReturn:
        """Refused, as `evaluate`."""
        raise InputError("test_on_batch", f"a GAN has no loss to evaluate; {EVALUATE}")

    @property
    def optimizer(self) -> BothOptimizers | None:
        """Both optimizers as one, for callbacks; None before `compile`."""
        generators, other = (getattr(self, name, None) for name in NAMES)
        return None if generators is None else BothOptimizers(generators, other, self.generation)

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        # Keras' `compile` sets None.
        require(value is None, "optimizer", "cannot be set, as there are two; compile with the new optimizers")

    def _noise_and_labels(self, x: Any) -> tuple[np.ndarray, np.ndarray | None]:
        require(
            isinstance(x, list | tuple) and len(x) == 2 if self.conditional else not isinstance(x, tuple),
            "x",
            "must be (noise, labels)" if self.conditional else "must be noise [n, latent]",
        )
        noise, labels = x if self.conditional else (x, None)
        try:
            noise = np.asarray(noise, "float32")
        except (TypeError, ValueError) as error:
            raise InputError("x", f"must be an array of noise [n, latent], got {type(noise).__name__}") from error
        fits = noise.ndim == 2 and noise.shape[1] == self.latent.size and len(noise) > 0
        require(fits, "x", f"must be noise [n, {self.latent.size}], n at least 1, got {noise.shape}")
        if labels is not None:
            labels = np.asarray(labels)
            fits = labels.ndim > 0 and len(labels) == len(noise)
            require(fits, "x", f"must hold as many labels as noise, {len(noise)}, got {labels.shape}")
        return noise, labels
