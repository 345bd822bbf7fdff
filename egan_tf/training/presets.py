"""Settings that work, by name: one for each data set, and the paper's protocol."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from egan_tf.training.config import Config
from egan_tf.utils.checks import one_of


def _changed(base: Config, **sections: Mapping[str, Any]) -> Config:
    """`base` with some values of its sections replaced."""
    return dataclasses.replace(
        base, **{name: dataclasses.replace(getattr(base, name), **values) for name, values in sections.items()}
    )


_DIGITS = Config()

_FASHION_MNIST = _changed(
    _DIGITS,
    run={"preset": "fashion_mnist", "steps": 20_000, "log_every": 50, "sample_every": 1000},
    data={"dataset": "fashion_mnist"},
    network={"latent_size": 64},
    metrics={"metrics": ("frechet_distance",), "evaluate_every": 5000, "evaluation_samples": 10_000},
)

# The authors' networks and optimizers for CIFAR-10.
_CIFAR10 = _changed(
    _DIGITS,
    run={"preset": "cifar10", "steps": 100_000, "log_every": 100, "sample_every": 5000},
    data={"dataset": "cifar10", "batch_size": 32},
    network={
        "width": 128,
        "latent_size": 100,
        "latent_distribution": "uniform",
        "discriminator_normalization": "batch",
    },
    evolution={"discriminator_steps": 3, "gamma": 0.01, "r1_weight": 0.0, "ema_decay": 0.0},
    optimizer={
        "generator_learning_rate": 2e-4,
        "discriminator_learning_rate": 2e-4,
        "generator_beta_1": 0.5,
        "discriminator_beta_1": 0.5,
        "beta_2": 0.999,
        "final_learning_rate_fraction": 1.0,
    },
    metrics={"metrics": ("frechet_distance",), "evaluate_every": 10_000, "evaluation_samples": 10_000},
)

# Their protocol too: 256 samples for every evaluation, fresh batches for every step of the discriminator.
_PAPER = _changed(
    _CIFAR10, run={"preset": "paper"}, evolution={"evaluation_size": 256, "reuse_evaluation_batch": False}
)

_RING8 = _changed(
    _DIGITS,
    run={"preset": "ring8", "steps": 20_000, "log_every": 100, "sample_every": 1000, "steps_per_execution": 20},
    data={"dataset": "ring8", "batch_size": 64},
    network={"network": "mlp", "width": 128, "latent_size": 2},
    evolution={"gamma": 0.05, "r1_weight": 0.02, "ema_decay": 0.999},
    optimizer={
        "generator_learning_rate": 1e-3,
        "discriminator_learning_rate": 1e-3,
        "generator_beta_1": 0.0,
        "discriminator_beta_1": 0.0,
        "beta_2": 0.999,
        "final_learning_rate_fraction": 0.02,
    },
    metrics={"metrics": ("high_quality_share", "modes_covered", "mode_divergence"), "evaluation_samples": 10_000},
)

_GRID25 = _changed(
    _RING8,
    run={"preset": "grid25"},
    data={"dataset": "grid25"},
    evolution={"r1_weight": 0.01},
    optimizer={"beta_2": 0.99},
)

PRESETS: dict[str, Config] = {
    config.run.preset: config for config in (_DIGITS, _FASHION_MNIST, _CIFAR10, _PAPER, _RING8, _GRID25)
}


def preset(name: str) -> Config:
    """The preset of that name.

    Raises:
        InputError: if there is none, with the names that there are.
    """
    return PRESETS[one_of("preset", name, PRESETS)]
