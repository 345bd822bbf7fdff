"""The default space offers nothing that training refuses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES
from egan_tf.search.default_space import default_space
from egan_tf.search.space import config_of, own_values
from egan_tf.training.check import check_settings
from egan_tf.training.config import Config
from egan_tf.training.presets import PRESETS, preset

PENALTIES: dict[str, dict[str, Any]] = {
    "R1": {"r1_weight": 1.0},
    "own R1": {"r1_weight": 0.3},
    "R1 and R2": {"r1_weight": 1.0, "r2_weight": 0.5},
    "gradient penalty": {"r1_weight": 0.0, "gradient_penalty_weight": 10.0},
    "lazy R1": {"r1_weight": 1.0, "penalty_every": 8},
    "lazy R1 and R2": {"r1_weight": 1.0, "r2_weight": 0.5, "penalty_every": 8},
    "R1 from more": {"r1_weight": 1.0, "burn_in": 100, "initial_penalty_factor": 5.0},
}
OBJECTIVES = {"logistic": ("minimax", "heuristic", "least_squares"), "hinge": ("hinge", "heuristic")}


def config(loss: str, penalty: str, **evolution: Any) -> Config:
    mutations = OBJECTIVES.get(loss, ("relativistic",))
    changes = {"discriminator_loss": loss, "mutations": mutations, **PENALTIES[penalty], **evolution}
    return preset("digits").replace(evolution=changes)


def offered(config: Config, label: str) -> tuple[str, ...]:
    return next(parameter.choices for parameter in default_space(config) if parameter.label == label)


def check_all(config: Config) -> None:
    """Checks the product of all choices."""
    space = default_space(config)
    assert own_values(config, space) is not None
    choices = [parameter.choices or (parameter.low, parameter.high) for parameter in space]
    for drawn in itertools.product(*choices):
        check_settings(config_of(config, space, dict(zip([one.label for one in space], drawn, strict=True))))


@pytest.mark.parametrize("loss", DISCRIMINATOR_LOSSES)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_training_takes_every_draw(loss: str, penalty: str) -> None:
    check_all(config(loss, penalty))


@pytest.mark.parametrize("name", PRESETS)
def test_training_takes_every_draw_around_a_preset(name: str) -> None:
    check_all(preset(name))


def test_no_r1_is_offered_only_where_training_goes_without() -> None:
    positive = ("0.1", "1", "10")
    assert offered(config("logistic", "R1"), "r1_weight") == ("0", *positive)
    assert offered(config("wasserstein", "R1 and R2"), "r1_weight") == ("0", *positive)
    assert offered(config("logistic", "lazy R1 and R2"), "r1_weight") == ("0", *positive)
    assert offered(config("wasserstein", "R1"), "r1_weight") == positive
    assert offered(config("logistic", "lazy R1"), "r1_weight") == positive
    assert offered(config("logistic", "R1 from more"), "r1_weight") == positive


def test_functions_of_the_user_are_not_imported() -> None:
    mine = {"mutations": ("nowhere:mine", "nowhere:other"), "fitness": "nowhere:fitness"}
    assert offered(config("logistic", "lazy R1", **mine), "r1_weight") == ("0.1", "1", "10")
    assert offered(config("wasserstein", "R1", **mine), "r1_weight") == ("0.1", "1", "10")
    assert offered(config("nowhere:loss", "R1", **mine), "r1_weight") == ("0", "0.1", "1", "10")


@pytest.mark.parametrize("value", [0.123456789, 1 / 3, 1e-7, 0.9999999])
def test_own_values_are_in_the_space_to_the_last_digit(value: float) -> None:
    """As those that an earlier study drew."""
    own = config("logistic", "R1").replace(
        evolution={"r1_weight": value}, optimizer={"generator_beta_1": value, "discriminator_beta_1": value / 2}
    )
    space = default_space(own)
    drawn = own_values(own, space)
    assert drawn is not None and config_of(own, space, drawn) == own
    check_all(own)


def test_what_is_fixed_is_left_out_and_may_have_any_value() -> None:
    one = config("logistic", "R1")
    labels = [parameter.label for parameter in default_space(one)]
    betas = "generator_beta_1,discriminator_beta_1"
    assert betas in labels
    for name in ("generator_learning_rate", "r1_weight", "mutations"):
        assert [parameter.label for parameter in default_space(one, {name})] == [x for x in labels if x != name]
    left = [parameter.label for parameter in default_space(one, {"generator_beta_1"})]
    assert left == [label if label != betas else "discriminator_beta_1" for label in labels]
    tiny = one.replace(optimizer={"generator_learning_rate": 1e-323})
    assert len(default_space(tiny, {"generator_learning_rate", *betas.split(",")})) == len(labels) - 2
