"""What is saved of a model, and how it is loaded."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution import serialization
from egan_tf.evolution.attributes import GAMMA, AttributesOfEGAN
from egan_tf.utils.checks import InputError, format_value, require

RANDOM_STATE = "discriminator_random_state"


class SavedEGAN(AttributesOfEGAN):
    """The methods by which Keras saves and loads an `EGAN`."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; functions among them must be registered with Keras to be saved."""
        return serialization.model_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> SavedEGAN:
        """Builds the model of a configuration, with newly initialized weights."""
        return cls(**serialization.constructor_arguments(config, custom_objects))

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`; None before it."""
        if not self.compiled:
            return None
        return serialization.compile_config(self, "auto" if self._chooses_xla else self.jit_compile)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles with the arguments that `get_compile_config` returned."""
        self.compile(**serialization.compile_arguments(config))

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Saves the model, its optimizers and the state of the evolution as a `.keras` file; see `keras.Model.save`.

        `keras.models.load_model` continues it as if nothing had happened, after `from egan_tf import EGAN`.

        Raises:
            InputError: the file has another ending, a function is not registered with Keras, or layers were frozen
                since; nothing is written.
        """
        keras_file = zipped is False or str(filepath).endswith(".keras")
        require(keras_file, "filepath", f"must end in .keras, got {format_value(str(filepath))}")
        self._check_savable()
        # Keras empties an existing file before it asks for the configuration.
        self.get_config(), self.get_compile_config()
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def __reduce__(self) -> Any:
        """For `pickle` and `copy.deepcopy`, which save the model, too."""
        self._check_savable()
        return super().__reduce__()

    def _check_savable(self) -> None:
        self._generator_weights.check_savable()
        if (weights := self.__dict__.get("_discriminator_weights")) is not None:
            weights.check_savable()
        self._check_optimizers()

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the whole state but functions: weights, slots, counters, γ, learning rates; see `keras.Model`.

        Raises:
            InputError: γ was assigned a function, which weights do not hold; nothing is written.
        """
        problem = "was assigned a function, which weights do not hold; give it to EGAN(gamma=...), or save the model"
        require(not self._gamma.function_assigned, GAMMA, problem)
        super().save_weights(filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Restores what `save_weights` has saved; see `keras.Model`.

        Raises:
            InputError: the model is not compiled, so that the state of the optimizers would be lost.
        """
        require(self.compiled, "load_weights", "call compile first, so that the optimizers' state is restored too")
        super().load_weights(filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(self, filepath: Any, **kwargs: Any) -> Any:
        """Exports the fittest survivor, `best_generator`, for inference; see `keras.Model.export`."""
        return self.best_generator.export(filepath, **kwargs)

    def quantize(self, mode: Any = None, **kwargs: Any) -> None:
        """Not possible, because it would change the networks in training."""
        raise InputError("quantize", "changes networks that are trained; quantize egan.best_generator, a copy")

    def get_state_tree(self, value_format: str = "backend_tensor") -> Any:
        """Not possible, because Keras expects one optimizer."""
        raise InputError("get_state_tree", "Keras expects one optimizer; use get_weights, or save_weights for all")

    def set_state_tree(self, state_tree: Any) -> None:
        """Not possible, because Keras expects one optimizer."""
        raise InputError("set_state_tree", "Keras expects one optimizer; use set_weights, or load_weights for all")

    def save_own_variables(self, store: Any) -> None:
        """Saves the counters, random states, and γ if it is not what the constructor's argument says."""
        super().save_own_variables(store)
        for place, state in enumerate(self._random_states()):
            store[f"{RANDOM_STATE}_{place}"] = state.numpy()
        if self._gamma.saved is not None:
            store[GAMMA] = tf.constant(self._gamma.saved, tf.float64).numpy()

    def load_own_variables(self, store: Any) -> None:
        """Restores the counters, random states, and γ as it was; older files hold no random states."""
        others = (GAMMA, RANDOM_STATE)
        super().load_own_variables({name: store[name] for name in store.keys() if not name.startswith(others)})  # noqa: SIM118
        for place, state in enumerate(self._random_states()):
            if (name := f"{RANDOM_STATE}_{place}") in store.keys():  # noqa: SIM118
                state.assign(store[name])
        saved = float(store[GAMMA][()]) if GAMMA in store.keys() else None  # noqa: SIM118
        self._gamma_changed(self._gamma.restore(saved))

    def _random_states(self) -> list[keras.Variable]:
        """Of the discriminator's random layers, which Keras saves with no layer; the population holds the others."""
        network = self.discriminator
        weights = {id(variable) for variable in network.weights}
        return [variable for variable in network.non_trainable_variables if id(variable) not in weights]
