"""Losses of the discriminator, as functions of its logits.

Training, the fitness and the reused evaluation batch all take the loss from here. To add one, write a function
`(real_logits, fake_logits) -> scalar`, or a `SeparableLoss` where the loss is a mean over real samples plus a mean over
fake ones, and name it in `DISCRIMINATOR_LOSSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

DiscriminatorLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Terms = Callable[[tf.Tensor], tf.Tensor]


def batch_mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over a batch. Every mean over samples goes through here, so that replicas can be averaged in one place.

    Args:
        values: float32 [batch, ...].

    Returns:
        float32 scalar.
    """
    return tf.reduce_mean(values)


@dataclass(frozen=True)
class SeparableLoss:
    """E[real(l)] + E[fake(l)]: two means, so the batches may differ in size.

    The gradient of the real term is the same for all children of a generation, and is computed once.

    Attributes:
        real: from the logits of real samples [batch, 1] to a value per sample.
        fake: from the logits of fake samples [batch, 1] to a value per sample.
        summary: one line for lists.
    """

    real: Terms
    fake: Terms
    summary: str = ""

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """The loss, float32 scalar.

        Args:
            real_logits: float32 [real, 1].
            fake_logits: float32 [fake, 1].
        """
        return batch_mean(self.real(real_logits)) + batch_mean(self.fake(fake_logits))


logistic = SeparableLoss(
    real=lambda logits: tf.nn.softplus(-logits),
    fake=tf.nn.softplus,
    summary="−E[log p(x)] − E[log(1 − p(G(z)))], Wang et al. 2018, equation 9",
)
"""−E[log p(x)] − E[log(1 − p(G(z)))] with p = sigmoid(l), Wang et al. 2018, equation 9."""

DISCRIMINATOR_LOSSES: dict[str, DiscriminatorLoss] = {"logistic": logistic}
