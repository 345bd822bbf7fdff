"""Fq, how real the discriminator takes a child's samples to be, for each kind of discriminator loss. Pure functions.

The paper defines Fq for a discriminator whose logit is a log-odds. What a logit means follows from the loss, so each
loss brings its own Fq. All are in [0, 1], are ½ where the discriminator cannot tell samples from real ones, and rise
with the logits of the samples, so that γ weighs the diversity against the same scale everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Quality = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Maps (real_logits, fake_logits), each float32 [batch, 1], to a float32 scalar."""


def quality(fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq = E[p(G(z))] with p = sigmoid(l), Wang et al. 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1].

    Returns:
        float32 scalar in [0, 1].
    """
    return batch_mean(tf.sigmoid(fake_logits))


def probability(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the logistic loss: `quality`; the logits of real samples do not enter."""
    del real_logits
    return quality(fake_logits)


def margin_probability(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the hinge loss: E[sigmoid(2 l_f)].

    The hinge loss drives logits to −1 and 1, the ends of its margin. Between them sigmoid(2 l) is (l + 1) / 2 to first
    order, which is the objective −E[l_f] up to scale; beyond them it saturates, but still tells children apart.
    """
    del real_logits
    return batch_mean(tf.sigmoid(2.0 * fake_logits))


def standardized_score(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the Wasserstein loss: sigmoid((E[l_f] − E[l_r]) / s), s the standard deviation of both batches together.

    A critic is defined up to an offset, and its scale depends on the penalty; this does not change by l → a·l + b with
    a > 0. The argument is in [−2, 2], as s is at least half of the distance of the means.
    """
    distance, deviation = _distance_and_deviation(real_logits, fake_logits)
    return tf.sigmoid(tf.math.divide_no_nan(distance, deviation))


def _distance_and_deviation(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """E[l_f] − E[l_r], and the standard deviation of both batches together."""
    real_mean, fake_mean = batch_mean(real_logits), batch_mean(fake_logits)
    middle = 0.5 * (real_mean + fake_mean)
    spread = 0.5 * (batch_mean(tf.square(real_logits - middle)) + batch_mean(tf.square(fake_logits - middle)))
    return fake_mean - real_mean, tf.sqrt(spread)


def preference(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the relativistic loss: E[sigmoid(l_f − l_r)], how often a generated sample looks more real than a real one.

    Jolicoeur-Martineau 2018, equation 6, with the samples paired by their place in the batch.
    """
    return batch_mean(tf.sigmoid(fake_logits - real_logits))


def standard_error(values: tf.Tensor) -> tf.Tensor:
    """The standard error s/√n of the mean over a batch, s² with the denominator n − 1; 0 for a single sample.

    Args:
        values: float32 [n, ...], independent over the batch.

    Returns:
        float32 scalar.
    """
    variance = batch_mean(tf.square(values - batch_mean(values)))
    return tf.sqrt(variance / tf.maximum(tf.cast(tf.shape(values)[0], tf.float32) - 1.0, 1.0))


def quality_error(measure: Quality, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """The sampling error of Fq: its standard error over the generated samples, float32 scalar.

    Args:
        measure: a function of this module. Of another one the batch is divided into eight parts, whose Fq differ.
        real_logits: float32 [batch, 1].
        fake_logits: float32 [batch, 1].
    """
    if measure in _SAMPLE_VALUES:
        return standard_error(_SAMPLE_VALUES[measure](real_logits, fake_logits))
    count = min(_PARTS, real_logits.shape[0], fake_logits.shape[0])
    parts = zip(*(_parts(logits, count) for logits in (real_logits, fake_logits)), strict=True)
    return standard_error(tf.stack([measure(*part) for part in parts]))


def _parts(logits: tf.Tensor, count: int) -> list[tf.Tensor]:
    size = logits.shape[0] // count
    return [logits[part * size : (part + 1) * size] for part in range(count)]


def _standardized_values(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Numbers [batch, 1] whose mean changes with each sample as `standardized_score` does, to first order.

    With u = d/s, the change of u by a sample l is (l − E[l_f])/s − u/(4 s²)·((l − m)² − E(l_f − m)²), as s² does not
    change with the middle m of both means.
    """
    distance, deviation = _distance_and_deviation(real_logits, fake_logits)
    argument = tf.math.divide_no_nan(distance, deviation)
    middle = 0.5 * (batch_mean(real_logits) + batch_mean(fake_logits))
    standardized = tf.math.divide_no_nan(fake_logits - middle, deviation)
    score = tf.sigmoid(argument)
    return score * (1.0 - score) * (standardized - 0.25 * argument * tf.square(standardized))


def batch_mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over a batch. Every mean over samples goes through here, so that replicas can be averaged in one place.

    Args:
        values: float32 [batch, ...].

    Returns:
        float32 scalar.
    """
    return tf.reduce_mean(values)


_PARTS = 8
_SAMPLE_VALUES: dict[Quality, Quality] = {
    probability: lambda real, fake: tf.sigmoid(fake),
    margin_probability: lambda real, fake: tf.sigmoid(2.0 * fake),
    preference: lambda real, fake: tf.sigmoid(fake - real),
    standardized_score: _standardized_values,
}
"""For each Fq, numbers [batch, 1] whose mean changes with the samples as it does."""
