"""The progress bar."""

from __future__ import annotations

from typing import Any

from tqdm.auto import tqdm

from egan_tf.training.callbacks.periodic import PeriodicCallback


class ProgressBar(PeriodicCallback):
    """Shows generations, remaining time, and the last mutation, fitness and discriminator loss, on stderr."""

    def __init__(self, total: int, every: int) -> None:
        """Args: total: generations of the run. every: generations between updates of the numbers."""
        super().__init__(every)
        self._total = total
        self._bar: Any = None
        self._shown = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the bar at the current generation."""
        super().on_train_begin(logs)
        self._shown = self._before
        self._bar = tqdm(total=self._total, initial=self._before, unit="gen", dynamic_ncols=True, mininterval=0.5)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advances the bar."""
        super().on_train_batch_end(batch, logs)
        generation = self._before + batch + 1
        self._bar.update(generation - self._shown)
        self._shown = generation

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Shows the numbers of a generation."""
        del generation
        if "operator" not in logs:
            return
        operator = int(logs["operator"])
        self._bar.set_postfix_str(
            f"{self.model.operator_names[operator] if operator >= 0 else 'initial'}, F {float(logs['fitness']):.3f}, "
            f"D {float(logs['discriminator_loss']):.3f}",
            refresh=False,
        )

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the bar."""
        super().on_train_end(logs)
        self.close()

    def close(self) -> None:
        """Ends the bar's line, also where training ended by an error, whose message then has a line for itself."""
        if self._bar is not None:
            self._bar.close()
