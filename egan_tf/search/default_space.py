"""The space that a search has by default: the settings that decide most, around those of the configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

from egan_tf.search.space import Parameter, config_of, parse_space
from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError
from egan_tf.utils.user_code import UserCode, references_in

LEARNING_RATE_FACTOR = 10
"""Learning rates are searched from the configuration's divided by this to the configuration's times this."""
BETAS = (0.0, 0.5)
"""Radford et al. 2016 take 0.5; methods with gradient penalties take 0."""
R1_WEIGHTS = (0.0, 0.1, 1.0, 10.0)
"""From none to that of Mescheder et al. 2018."""
MUTATIONS = (("heuristic",), ("least_squares",), ("minimax", "heuristic", "least_squares"))
"""Single objectives beside the tournament of the paper; minimax alone has no gradient where D has won."""


def default_space(config: Config, fixed: Collection[str] = ()) -> tuple[Parameter, ...]:
    """Both learning rates, both first moments, the weight of R1, and under the logistic loss the objectives.

    The configuration's own values are in the space. Choices that training would refuse are not, such as no R1 where the
    loss needs a penalty and has no other; a setting that is left with one value is not searched.

    Args:
        config: of the trials.
        fixed: settings that are not searched.
    """
    rates = ("generator_learning_rate", "discriminator_learning_rate")
    texts: dict[tuple[str, ...], str] = {}
    texts |= {(name,): _around(getattr(config.optimizer, name)) for name in rates if name not in fixed}
    betas = [name for name in ("generator_beta_1", "discriminator_beta_1") if name not in fixed]
    own = {name: getattr(config.optimizer, name) for name in betas}
    together = [tuple(betas)] if len(set(own.values())) == 1 else [(name,) for name in betas]
    texts |= {names: _numbers({*BETAS, own[names[0]]}) for names in together}
    if "r1_weight" not in fixed:
        texts[("r1_weight",)] = _numbers({*R1_WEIGHTS, config.evolution.r1_weight})
    if "mutations" not in fixed and _offers_objectives(config):
        offered = dict.fromkeys((*MUTATIONS, config.evolution.mutations))
        texts[("mutations",)] = f"choice:{'|'.join('+'.join(names) for names in offered)}"
    refused = refusal(config)
    space = parse_space([f"{','.join(names)}={text}" for names, text in texts.items()])
    fitting = (_fitting(config, parameter, refused) for parameter in space)
    return parse_space([f"{one.label}={one.text}" for one in fitting if one.kind != "choice" or len(one.choices) > 1])


def _offers_objectives(config: Config) -> bool:
    """Whether the configuration's own objectives are among those that may be searched."""
    mutations = config.evolution.mutations
    known = isinstance(mutations, tuple) and set(mutations) <= {name for names in MUTATIONS for name in names}
    return known and config.evolution.discriminator_loss == "logistic"


def _fitting(config: Config, parameter: Parameter, refused: str) -> Parameter:
    """The parameter without the choices that training refuses for another reason than the configuration itself."""

    def fits(choice: str) -> bool:
        return refusal(config_of(config, [parameter], {parameter.label: choice})) in ("", refused)

    return dataclasses.replace(parameter, choices=tuple(filter(fits, parameter.choices)))


def refusal(config: Config) -> str:
    """Why training refuses a configuration; empty if it does not. The user's functions are not imported."""
    from egan_tf.training.check import check_settings  # imports TensorFlow

    try:
        check_settings(config, UserCode({reference: _stand_in(reference) for _, reference in references_in(config)}))
    except InputError as error:
        return str(error)
    return ""


def _stand_in(reference: str) -> Callable[..., Any]:
    """A function that is never called, with a name of its own."""

    def function(*arguments: Any) -> Any:
        raise NotImplementedError(reference)

    function.__name__ = reference
    return function


def _around(rate: float) -> str:
    return f"log:{rate / LEARNING_RATE_FACTOR:.6g}:{rate * LEARNING_RATE_FACTOR:.6g}"


def _numbers(values: set[float]) -> str:
    return f"choice:{'|'.join(map(_exact, sorted(values)))}"


def _exact(value: float) -> str:
    """The shortest text that reads back as the value, 1 rather than 1.0."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
