"""The space that a search has by default: the settings that decide most, around those of the configuration."""

from __future__ import annotations

from egan_tf.search.space import Parameter, parse_space
from egan_tf.training.config import Config

LEARNING_RATE_FACTOR = 10
"""Learning rates are searched from the configuration's divided by this to the configuration's times this."""
BETAS = (0.0, 0.5)
"""Radford et al. 2016 take 0.5; methods with gradient penalties take 0."""
R1_WEIGHTS = (0.0, 0.1, 1.0, 10.0)
"""From none to that of Mescheder et al. 2018."""
MUTATIONS = (("heuristic",), ("least_squares",), ("minimax", "heuristic", "least_squares"))
"""Single objectives beside the tournament of the paper; minimax alone has no gradient where D has won."""


def default_space(config: Config) -> tuple[Parameter, ...]:
    """Both learning rates, both first moments, the weight of R1, and under the logistic loss the objectives.

    The configuration's own values are in the space.
    """
    rates = ("generator_learning_rate", "discriminator_learning_rate")
    texts = [f"{name}={_around(getattr(config.optimizer, name))}" for name in rates]
    betas = ("generator_beta_1", "discriminator_beta_1")
    own = [getattr(config.optimizer, name) for name in betas]
    together = [(",".join(betas), own[0])] if own[0] == own[1] else list(zip(betas, own, strict=True))
    texts += [f"{names}={_numbers({*BETAS, value})}" for names, value in together]
    texts.append(f"r1_weight={_numbers({*R1_WEIGHTS, config.evolution.r1_weight})}")
    mutations = config.evolution.mutations
    if (
        config.evolution.discriminator_loss == "logistic"
        and isinstance(mutations, tuple)
        and set(mutations) <= _names()
    ):
        offered = dict.fromkeys((*MUTATIONS, mutations))
        texts.append(f"mutations=choice:{'|'.join('+'.join(names) for names in offered)}")
    return parse_space(texts)


def _names() -> set[str]:
    return {name for names in MUTATIONS for name in names}


def _around(rate: float) -> str:
    return f"log:{rate / LEARNING_RATE_FACTOR:.6g}:{rate * LEARNING_RATE_FACTOR:.6g}"


def _numbers(values: set[float]) -> str:
    return f"choice:{'|'.join(f'{value:g}' for value in sorted(values))}"
