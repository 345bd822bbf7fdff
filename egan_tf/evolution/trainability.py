"""Notices networks whose weights, or the trainable ones among them, have changed since a model was made."""

from __future__ import annotations

from typing import NamedTuple

import keras

from egan_tf.utils.checks import require

_ADVICE = {
    "generator": "since EGAN was made; make another EGAN, after layers are frozen",
    "discriminator": "since compile; call compile again",
}


class TrainableWeights:
    """Which weights of a network are trainable, in their order."""

    def __init__(self, field: str, network: keras.Model) -> None:
        """Notes the weights.

        Args:
            field: "generator" or "discriminator".
            network: the network.
        """
        self._field, self._network = field, network
        self._noted = _weights(network)

    def check(self) -> None:
        """Raises `InputError` if the network has other weights, or other ones are trainable."""
        same = _weights(self._network) == self._noted
        require(same, self._field, f"its weights, or which of them are trainable, changed {_ADVICE[self._field]}")


class _Weights(NamedTuple):
    trainable: tuple[int, ...]
    other: tuple[int, ...]


def _weights(network: keras.Model) -> _Weights:
    return _Weights(
        tuple(id(variable) for variable in network.trainable_variables),
        tuple(id(variable) for variable in network.non_trainable_variables),
    )
