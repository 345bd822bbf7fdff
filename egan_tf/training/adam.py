"""Adam with a β₂ that changes over the burn-in."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.burn_in import during_burn_in


@keras.saving.register_keras_serializable("egan_tf")
class BurnInAdam(keras.optimizers.Adam):
    """Adam whose β₂ goes from `initial_beta_2` to `beta_2` by half a cosine over the first `burn_in` steps.

    The bias of the second moment is corrected with the β₂ of the step, as if it had never been another (Huang et al.
    2025, whose code does the same).
    """

    beta_2: Any

    def __init__(self, *args: Any, initial_beta_2: float, burn_in: int, **kwargs: Any) -> None:
        """Takes, besides the arguments of Adam:

        Args:
            *args: of Adam.
            initial_beta_2: β₂ at step 0.
            burn_in: optimizer steps until β₂ is `beta_2`.
            **kwargs: of Adam.
        """
        super().__init__(*args, **kwargs)
        self.initial_beta_2, self.burn_in = initial_beta_2, burn_in

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        """One step of one variable."""
        last: Any = self.beta_2
        of_line = getattr(self, "line_steps", None)  # as schedules: see `evolution.functional_optimizer`
        accumulated = self.gradient_accumulation_steps or 1
        step = tf.convert_to_tensor(self.iterations if of_line is None else of_line // accumulated)
        now = during_burn_in(self.initial_beta_2, last, step, self.burn_in)
        try:
            self.beta_2 = tf.cast(now, variable.dtype)
            super().update_step(gradient, variable, learning_rate)
        finally:
            self.beta_2 = last

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "initial_beta_2": self.initial_beta_2, "burn_in": self.burn_in}
