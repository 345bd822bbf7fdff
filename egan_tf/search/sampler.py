"""What a study tries next: random settings, then those that TPE suggests, each setting once."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from egan_tf.search.definition import Definition

STARTUP_TRIALS = 5
"""Random trials before the estimator of densities (TPE, Bergstra et al. 2011) suggests."""
MAX_LISTED = 10_000
"""Of the settings of a space; a larger one is not listed, and does not run out."""
REDRAWS = 20
"""Of settings that were tried already, before one is taken from those that are left."""

QUEUED = "fixed_params"
"""Optuna's attribute of a trial: the settings that it was queued with."""

Space = Mapping[str, BaseDistribution]


class SeededSampler(optuna.samplers.BaseSampler):
    """A sampler whose random numbers are a function of the configuration's seed and the trial's number.

    So a study of one worker is reproducible, also if it was interrupted. A trial with the settings of another would be
    the same run; they are drawn again.
    """

    def __init__(self, definition: Definition, space: Space) -> None:
        """Of a study.

        Args:
            definition: the kind of sampler, and the seed.
            space: all parameters of the study.
        """
        self._seed, self._kind, self._space = definition.config.evolution.seed, definition.sampler, dict(space)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The whole space, because settings are drawn together."""
        del study, trial
        return self._space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Settings that no other trial has, as long as there are any."""
        del search_space
        others = [other for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        known = _tried(others)
        for attempt in range(REDRAWS):
            drawn = self._drawn(study, trial, attempt)
            if _key(drawn) not in known:
                return drawn
        left = untried(self._space, others)
        return left[_seed_of(self._seed, trial.number, "left") % len(left)] if left else drawn

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value."""
        return self._independent(study, trial, param_name, param_distribution, 0)

    def _drawn(self, study: optuna.Study, trial: FrozenTrial, attempt: int) -> dict[str, Any]:
        sampler = self._of(trial.number, attempt)
        drawn = sampler.sample_relative(study, trial, sampler.infer_relative_search_space(study, trial))
        for name, distribution in self._space.items():
            if name not in drawn:
                drawn[name] = self._independent(study, trial, name, distribution, attempt)
        return drawn

    def _of(self, number: int, attempt: int) -> optuna.samplers.BaseSampler:
        seed = _seed_of(self._seed, number, *_again(attempt))
        if self._kind == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True, constant_liar=True
        )

    def _independent(
        self, study: optuna.Study, trial: FrozenTrial, name: str, distribution: BaseDistribution, attempt: int
    ) -> Any:
        """A random value, as both samplers draw one while the other trials say nothing about it."""
        random = optuna.samplers.RandomSampler(seed=_seed_of(self._seed, trial.number, name, *_again(attempt)))
        return random.sample_independent(study, trial, name, distribution)


def settings_of(trial: FrozenTrial) -> dict[str, Any]:
    """The settings of a trial by parameter, also of one that is queued."""
    return trial.params or trial.system_attrs.get(QUEUED, {})


def untried(space: Space, trials: Iterable[FrozenTrial]) -> list[dict[str, Any]] | None:
    """The settings of a finite space that no trial has; None if there are too many to list.

    Args:
        space: the distributions by parameter.
        trials: of the study, also those that are queued.
    """
    values = [_values(distribution) for distribution in space.values()]
    if any(one is None for one in values) or math.prod(len(one or ()) for one in values) > MAX_LISTED:
        return None
    known = _tried(trials)
    settings = (dict(zip(space, chosen, strict=True)) for chosen in itertools.product(*(one or () for one in values)))
    return [setting for setting in settings if _key(setting) not in known]


def _values(distribution: BaseDistribution) -> list[Any] | None:
    """All values of a distribution, if there are few enough."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if distribution.step is None:
        return None
    count = int((distribution.high - distribution.low) / distribution.step + 1e-9) + 1
    return None if count > MAX_LISTED else [distribution.low + place * distribution.step for place in range(count)]


def _tried(trials: Iterable[FrozenTrial]) -> set[tuple[Any, ...]]:
    return {_key(settings_of(trial)) for trial in trials}


def _key(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    # Numbers of a step are sums with a rounding of their own.
    return tuple(
        (name, float(f"{value:.12g}") if isinstance(value, float) else value)
        for name, value in sorted(settings.items())
    )


def _again(attempt: int) -> tuple[int, ...]:
    return (attempt,) if attempt else ()


def _seed_of(*parts: int | str) -> int:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "little")
