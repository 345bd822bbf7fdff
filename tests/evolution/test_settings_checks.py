"""Settings that would be ignored, or train without what the loss needs, are refused where `EGAN` and a run meet."""

from __future__ import annotations

from typing import Any

import pytest

from egan_tf import EGAN, InputError
from egan_tf.evolution.choices import choices_of
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.training.adam import BurnInAdam
from egan_tf.training.check import check_settings
from egan_tf.training.presets import preset
from tests.evolution.networks import points
from tests.evolution.test_operators import Copy

IGNORED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "initial_ema_decay: has a meaning with a moving average only": (
        {"initial_ema_decay": 0.5, "burn_in": 9, "ema_decay": 0.0},
        {"ema_decay": 0.9},
    ),
    "initial_ema_decay: has a meaning with burn_in": ({"initial_ema_decay": 0.5, "ema_decay": 0.9}, {"burn_in": 9}),
    "initial_penalty_factor: has a meaning with a penalty only": (
        {"initial_penalty_factor": 3.0, "burn_in": 9, "r1_weight": 0.0},
        {"gradient_penalty_weight": 0.1},
    ),
    "initial_penalty_factor: has a meaning with burn_in": (
        {"initial_penalty_factor": 3.0, "r1_weight": 1.0},
        {"burn_in": 9},
    ),
    "penalty_every: has a meaning with a penalty only": ({"penalty_every": 8, "r1_weight": 0.0}, {"r2_weight": 0.1}),
    "crossover_steps: has a meaning with the operator crossover only": (
        {"crossover_steps": 3},
        {"operators": ("mutation", "crossover"), "tournaments": "always"},
    ),
    "fitness: has no meaning for a bandit": ({"tournaments": "bandit", "fitness": "pairwise"}, {"fitness": "egan"}),
    "reuse_evaluation_batch: must be True for a bandit": (
        {"tournaments": "bandit", "fitness": "egan", "reuse_evaluation_batch": False},
        {"tournaments": "every:2"},
    ),
    "initial_penalty_factor: must be above 0 under the loss wasserstein": (
        {
            "initial_penalty_factor": 0.0,
            "burn_in": 1000,
            "gradient_penalty_weight": 10.0,
            "discriminator_loss": "wasserstein",
            "mutations": ("wasserstein",),
        },
        {"initial_penalty_factor": 0.1},
    ),
}


@pytest.mark.parametrize("says", IGNORED)
def test_what_would_be_ignored_is_refused_by_the_model_and_by_a_run(says: str) -> None:
    settings, fitting = IGNORED[says]
    for refuse in (
        lambda: EGAN(*points(), **settings),
        lambda: check_settings(preset("digits").replace(evolution=settings)),
    ):
        with pytest.raises(InputError, match=f"^{says}") as error:
            refuse()
        assert "\n" not in str(error.value)
    choices_of(EvolutionSettings(**{**settings, **fitting}))
    check_settings(preset("digits").replace(evolution={**settings, **fitting}))


def test_penalties_may_start_at_zero_where_the_loss_does_not_need_them() -> None:
    choices_of(EvolutionSettings(initial_penalty_factor=0.0, burn_in=9, r1_weight=1.0))


def test_objectives_that_compute_the_same_are_refused() -> None:
    with pytest.raises(InputError, match="^mutations: contains 'hinge' and 'wasserstein', which compute the same"):
        EGAN(*points(), mutations=("hinge", "heuristic", "wasserstein"))


def test_mutations_need_their_operator() -> None:
    with pytest.raises(InputError, match="^mutations: has a meaning with the operator mutation only"):
        EGAN(*points(), operators=(Copy(),), mutations=("heuristic",))
    EGAN(*points(), operators=(Copy(), "mutation"), mutations=("heuristic",))


def test_a_burn_in_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="^burn_in: has a meaning with an initial value only"):
        EGAN(*points(), burn_in=9).compile()
    EGAN(*points(), burn_in=9, ema_decay=0.9, initial_ema_decay=0.5).compile()
    EGAN(*points(), burn_in=9, r1_weight=1.0, initial_penalty_factor=5.0).compile()
    adam = BurnInAdam(0.01, beta_2=0.99, initial_beta_2=0.9, burn_in=9)
    EGAN(*points(), burn_in=9).compile(generator_optimizer=adam)
