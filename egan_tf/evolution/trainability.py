"""Notices networks whose weights, or the trainable ones among them, have changed since a model was made."""

from __future__ import annotations

import operator

import keras

from egan_tf.evolution.stateless import NetworkVariables, variables_of
from egan_tf.utils.checks import InputError, require

_CHANGED = "its weights, or which of them are trainable, changed"
_SINCE = {"generator": "since EGAN was made", "discriminator": "since compile"}
_ADVICE = {
    "generator": f"{_SINCE['generator']}; make another EGAN, after layers are frozen",
    "discriminator": f"{_SINCE['discriminator']}; call compile again",
}


class TrainableWeights:
    """Which weights of a network are trainable, in their order.

    Attributes:
        variables: as they were when they were noted.
    """

    def __init__(self, field: str, network: keras.Model) -> None:
        """Notes the weights.

        Args:
            field: "generator" or "discriminator".
            network: the network.
        """
        self._field, self._network = field, network
        self.variables: NetworkVariables = variables_of(network)

    def check(self) -> None:
        """Raises `InputError` if the network has other weights, or other ones are trainable."""
        require(self.same, self._field, f"{_CHANGED} {_ADVICE[self._field]}")

    def check_savable(self) -> None:
        """Raises `InputError` likewise: a configuration describes the network as it is now, not as it was."""
        if not self.same:
            advice = "set trainable as it was to save the model, or save its state by save_weights"
            raise InputError(self._field, f"{_CHANGED} {_SINCE[self._field]}; {advice}")

    @property
    def same(self) -> bool:
        """Whether the network has the weights that were noted, and the same are trainable."""
        now = variables_of(self._network)
        return all(
            len(ours) == len(noted) and all(map(operator.is_, ours, noted))
            for ours, noted in zip(now, self.variables, strict=True)
        )
