"""Checks that a generator and a discriminator fit E-GAN and each other."""

from __future__ import annotations

import keras

from egan_tf.utils.checks import require


def check_networks(generator: keras.Model, discriminator: keras.Model) -> bool:
    """Checks the networks; returns True if they are conditional, that is, take labels as a second input.

    Raises:
        InputError: a network is not usable, or the two do not fit each other.
    """
    for field, network in (("generator", generator), ("discriminator", discriminator)):
        fits = isinstance(network, keras.Model) and getattr(network, "inputs", None)
        require(bool(fits), field, "must be a built functional or sequential keras.Model")
        require(len(network.inputs) <= 2, field, f"takes at most two inputs, this one has {len(network.inputs)}")
    noise = generator.inputs[0].shape
    require(
        len(noise) == 2 and noise[1] is not None,
        "generator",
        f"must take latent noise of shape [batch, latent], this one takes {tuple(noise)}",
    )
    made, expected = tuple(generator.outputs[0].shape[1:]), tuple(discriminator.inputs[0].shape[1:])
    require(made == expected, "discriminator", f"takes samples of shape {expected}, but the generator makes {made}")
    logits = tuple(discriminator.outputs[0].shape[1:])
    require(logits == (1,), "discriminator", f"must give one logit per sample, [batch, 1], this one gives {logits}")
    conditional = len(generator.inputs) == 2
    require(
        (len(discriminator.inputs) == 2) == conditional,
        "discriminator",
        "must take labels if, and only if, the generator does",
    )
    return conditional
