"""Losses of the discriminator, as functions of its logits.

Training, the fitness and the reused evaluation batch all take the loss from here. To add one, write a function
`(real_logits, fake_logits) -> scalar`, or a `Loss` where Fq is not E[sigmoid(l_f)], and name it in
`DISCRIMINATOR_LOSSES`. A `SeparableLoss` is a mean over real samples plus one over fake ones; a `PairedLoss` compares
a real with a generated sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from egan_tf.evolution.quality import (
    Quality,
    batch_mean,
    margin_probability,
    preference,
    probability,
    standardized_score,
)
from egan_tf.utils.checks import require

DiscriminatorLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Terms = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What every loss of this module states besides its value.

    Attributes:
        quality: Fq of a child, from the logits of real and of its samples.
        has_level: whether a logit means something by itself; otherwise only differences of logits do, and objectives
            that compare a logit with a fixed number have no meaning.
        needs_penalty: whether training is refused without a penalty on the discriminator's gradient.
        positive: whether the value is never below 0.
        summary: one line for lists.
    """

    quality: Quality = probability
    has_level: bool = True
    needs_penalty: bool = False
    positive: bool = True
    summary: str = ""


@dataclass(frozen=True)
class SeparableLoss(Loss):
    """E[real(l)] + E[fake(l)]: two means, so the batches may differ in size.

    The gradient of the real term is the same for all children of a generation, and is computed once.

    Attributes:
        real: from the logits of real samples [batch, 1] to a value per sample.
        fake: from the logits of fake samples [batch, 1] to a value per sample.

    Besides, the attributes of `Loss`.
    """

    real: Terms
    fake: Terms

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """The loss, float32 scalar.

        Args:
            real_logits: float32 [real, 1].
            fake_logits: float32 [fake, 1].
        """
        return batch_mean(self.real(real_logits)) + batch_mean(self.fake(fake_logits))


@dataclass(frozen=True)
class PairedLoss(Loss):
    """E[pair(l_r − l_f)], with real and generated samples paired by their place in the batch.

    Attributes:
        pair: from differences of logits [batch, 1] to a value per pair.

    Besides, the attributes of `Loss`.
    """

    pair: Terms

    def __call__(self, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        """The loss, float32 scalar.

        Args:
            real_logits: float32 [batch, 1].
            fake_logits: float32 [batch, 1].

        Raises:
            InputError: the batches differ in size.
        """
        sizes = real_logits.shape[0], fake_logits.shape[0]
        require(sizes[0] == sizes[1] or None in sizes, "discriminator_loss", f"pairs samples, but got {sizes} of them")
        return batch_mean(self.pair(real_logits - fake_logits))


def quality_of(loss: DiscriminatorLoss) -> Quality:
    """Fq under a loss; that of the paper for a function of the user."""
    return loss.quality if isinstance(loss, Loss) else probability


logistic = SeparableLoss(
    real=lambda logits: tf.nn.softplus(-logits),
    fake=tf.nn.softplus,
    summary="−E[log p(x)] − E[log(1 − p(G(z)))], Wang et al. 2018, equation 9",
)
"""−E[log p(x)] − E[log(1 − p(G(z)))] with p = sigmoid(l), Wang et al. 2018, equation 9."""

hinge = SeparableLoss(
    real=lambda logits: tf.nn.relu(1.0 - logits),
    fake=lambda logits: tf.nn.relu(1.0 + logits),
    quality=margin_probability,
    summary="E[max(0, 1 − l_r)] + E[max(0, 1 + l_f)], Miyato et al. 2018, equation 16",
)
"""E[max(0, 1 − l_r)] + E[max(0, 1 + l_f)], Miyato et al. 2018, equation 16."""

wasserstein = SeparableLoss(
    real=tf.negative,
    fake=tf.identity,
    quality=standardized_score,
    has_level=False,
    needs_penalty=True,
    positive=False,
    summary="E[l_f] − E[l_r], with a gradient penalty, Gulrajani et al. 2017, equation 3",
)
"""E[l_f] − E[l_r], Gulrajani et al. 2017, equation 3, without its penalty."""

relativistic = PairedLoss(
    pair=lambda differences: tf.nn.softplus(-differences),
    quality=preference,
    has_level=False,
    summary="E[softplus(l_f − l_r)] over pairs, Jolicoeur-Martineau 2018; with R1 and R2, Huang et al. 2025",
)
"""E[softplus(−(l_r − l_f))] over pairs, Jolicoeur-Martineau 2018, equation 5; Huang et al. 2025, equation 2."""

DISCRIMINATOR_LOSSES: dict[str, DiscriminatorLoss] = {
    "logistic": logistic,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
}
