"""How many optimizer steps of generators a run has taken, from its settings and its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from egan_tf.evolution.tournaments import tournament_rule
from egan_tf.report.columns import Columns
from egan_tf.utils.checks import InputError
from egan_tf.utils.json_numbers import whole_number

TOURNAMENTS = "tournaments"
"""The setting that says when tournaments are held, and the column of the records that counts them."""

Flat = Mapping[tuple[str, str], Any]


class Period(NamedTuple):
    """The settings of a run, by section and name, from a generation on until those of the next one hold."""

    start: int
    values: Flat


def generator_updates(periods: Sequence[Period], generations: np.ndarray, columns: Columns) -> np.ndarray:
    """The optimizer steps of generators until each generation, those of children that do not survive included.

    A tournament makes a child per parent and mutation, and one by crossover; a generation without a tournament one
    child per parent. Between two records the count of tournaments is interpolated.

    Args:
        periods: the settings from generation 0 on, and after each change.
        generations: float [n].
        columns: the records of the run.

    Returns:
        float [n]; NaN where settings and records do not say it.
    """
    # A period that costs the same needs no count of tournaments at its start, where there may be no record.
    known = [one for place, one in enumerate(periods) if not place or _price(one) != _price(periods[place - 1])]
    total = np.zeros(len(generations))
    for place, (start, values) in enumerate(known):
        end = known[place + 1].start if place + 1 < len(known) else np.inf
        spent = _spent(values, np.minimum(generations, end), columns)
        before = _spent(values, np.array([float(start)]), columns) if start else 0.0
        total = total + np.where(generations > start, spent - before, 0.0 if start else spent)
    return total


def _spent(values: Flat, generations: np.ndarray, columns: Columns) -> np.ndarray:
    """What a run that always had these settings would have spent until each generation."""
    tournament, plain = _steps(values)
    try:
        rule = tournament_rule(values.get(("evolution", TOURNAMENTS), "always"))
    except (InputError, TypeError):
        return np.full(len(generations), np.nan)
    if rule.always:
        return generations * tournament
    if rule.kind == "bandit":
        return generations * plain
    held = generations // rule.every if rule.kind == "every" else columns.at(generations, TOURNAMENTS)
    return held * tournament + (generations - held) * plain


def _price(period: Period) -> tuple[str, Any]:
    """What decides the cost of a generation."""
    return repr(_steps(period.values)), period.values.get(("evolution", TOURNAMENTS))


def _steps(values: Flat) -> tuple[float, float]:
    """Optimizer steps of generators in a tournament, and in a generation without; NaN where the settings lack them."""
    mutations, operators = values.get(("evolution", "mutations")), values.get(("evolution", "operators"))
    size, steps, crossover_steps = (
        whole_number(values.get(("evolution", name)))
        for name in ("population_size", "mutation_steps", "crossover_steps")
    )
    if not isinstance(mutations, list | tuple | Mapping) or not isinstance(operators, list | tuple):
        return np.nan, np.nan
    if size is None or steps is None or crossover_steps is None:
        return np.nan, np.nan
    # A mapping holds an objective per name.
    names = sum(len(one) if isinstance(one, Mapping) else 1 for one in mutations)
    spent = {"mutation": float(size * names * steps), "crossover": float(crossover_steps)}
    return sum(spent.get(str(name), np.nan) for name in operators), float(size * steps)
