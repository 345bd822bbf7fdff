"""What is saved of a model, and how it is loaded."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from egan_tf.evolution import serialization
from egan_tf.evolution.attributes import GAMMA, AttributesOfEGAN


class SavedEGAN(AttributesOfEGAN):
    """The methods by which Keras saves and loads an `EGAN`."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; functions among them must be registered with Keras to be saved."""
        return serialization.model_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> SavedEGAN:
        """Builds the model of a configuration, with newly initialized weights."""
        return cls(**serialization.constructor_arguments(config, custom_objects))

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`."""
        return serialization.compile_config(self, "auto" if self._chooses_xla else self.jit_compile)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles with the arguments that `get_compile_config` returned."""
        self.compile(**serialization.compile_arguments(config))

    def save_own_variables(self, store: Any) -> None:
        """Saves the counters, and γ if it is not what the constructor's argument says."""
        super().save_own_variables(store)
        if self._gamma.saved is not None:
            store[GAMMA] = tf.constant(self._gamma.saved, tf.float64).numpy()

    def load_own_variables(self, store: Any) -> None:
        """Restores the counters, and γ as it was."""
        super().load_own_variables({name: store[name] for name in store.keys() if name != GAMMA})  # noqa: SIM118
        saved = float(store[GAMMA][()]) if GAMMA in store.keys() else None  # noqa: SIM118
        self._gamma_changed(self._gamma.restore(saved))
