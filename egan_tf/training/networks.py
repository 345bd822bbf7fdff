"""Builds the networks of a configuration: by name, or by a function of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from egan_tf.evolution.egan import EGAN
from egan_tf.networks import build_discriminator, build_generator
from egan_tf.networks.user import call_user_networks, takes
from egan_tf.training.config import Config
from egan_tf.training.config_groups import NetworkConfig
from egan_tf.training.presets import PRESETS
from egan_tf.utils.checks import InputError, require

Function = Callable[..., Any]


def build_networks(
    config: Config, sample_shape: tuple[int, ...], network: str | Function, classes: int = 0
) -> tuple[keras.Model, keras.Model]:
    """Builds the generator and the discriminator.

    Args:
        config: the configuration.
        sample_shape: of one sample of the data.
        network: a name, or a function of the user; see `call_user_networks`. A setting that the function does not take
            must have the default of `NetworkConfig`, or that of the preset which the configuration starts from.
        classes: labels of the data.

    Raises:
        InputError: the networks cannot be built, or there are no labels for conditional ones.
    """
    values = dict(config.network)
    del values["network"]
    conditional = values.pop("conditional")
    problem = "the data has no labels; leave it out, or take data with classes, such as class subfolders of a folder"
    require(not conditional or classes > 0, "conditional", problem)
    labels = {"classes": classes} if conditional else {}
    if callable(network):
        name = _name(config, network)
        problem = f"{name} takes no classes; leave it out, or give the function an argument of that name"
        require(not conditional or takes(network, "classes"), "conditional", problem)
        bases = [NetworkConfig(), *(PRESETS[name].network for name in (config.run.preset,) if name in PRESETS)]
        defaults = {key: [getattr(base, key) for base in bases] for key in values}
        return call_user_networks(network, name, {"sample_shape": sample_shape, **values, **labels}, defaults)
    latent_size, width = values["latent_size"], values["width"]
    return (
        build_generator(network, sample_shape, latent_size, width, values["generator_normalization"], **labels),
        build_discriminator(network, sample_shape, width, values["discriminator_normalization"], **labels),
    )


def check_fit(config: Config, sample_shape: tuple[int, ...], network: str | Function, egan: EGAN) -> None:
    """Checks that networks of the user fit the data, and the size of the noise if their function takes it.

    Raises:
        InputError: they do not.
    """
    if not callable(network):
        return
    name = _name(config, network)
    asks, has = config.network.conditional, egan.conditional
    problem = f"{name} makes networks {'with' if has else 'without'} labels; {'add' if has else 'leave out'} the flag"
    require(asks == has, "conditional", problem)
    made, data = list(egan.sample_shape), list(sample_shape)
    require(made == data, "network", f"{name} makes samples of shape {made}, those of the data are {data}")
    asked, latent_size = config.network.latent_size, egan.latent.size
    if takes(network, "latent_size") and latent_size != asked:
        raise InputError("latent_size", f"the generator of {name} takes {latent_size} numbers of noise, not {asked}")


def _name(config: Config, network: Function) -> str:
    """`module:function` as the user wrote it, or the name of a function given in Python."""
    written = config.network.network
    return written if isinstance(written, str) else getattr(network, "__name__", type(network).__name__)
