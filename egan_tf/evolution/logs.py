"""What a generation logs of its selection."""

from __future__ import annotations

import tensorflow as tf

from egan_tf.evolution.population import Population
from egan_tf.evolution.variation import Scores

Logs = dict[str, tf.Tensor]


def selection_logs(population: Population, held: tf.Tensor, decided: tf.Tensor) -> Logs:
    """Operator and parent of the survivors, and the scores of the last tournament, with what it was worth.

    The names of all but the fittest have its rank appended. Scores are NaN before the first tournament.

    Args:
        population: after the generation.
        held: bool scalar, whether the generation held a tournament.
        decided: bool scalar, whether its fittest child won by more than rounding.
    """
    lineage = population.lineage
    values = {"operator": lineage.operator, "parent": lineage.parent, **population.scores._asdict()}
    logs = {_ranked(name, rank): value[rank] for name, value in values.items() for rank in range(population.size)}
    return {
        **logs,
        "fitness_spread": _spread(population),
        "quality_error": population.quality_error,
        "tournament": tf.cast(held, tf.float32),
        "decided": tf.cast(decided, tf.float32),
    }


def _spread(population: Population) -> tf.Tensor:
    """The largest difference of F among siblings, children of one parent; NaN where none has a fitness."""
    fitness, parent = population.children_scores.fitness, population.children_origins.parents[:, 0]
    finite = tf.math.is_finite(fitness)
    siblings = (parent[:, None] == parent[None]) & finite[:, None] & finite[None]
    largest = tf.reduce_max(tf.where(siblings, fitness[:, None] - fitness[None], 0.0))
    return tf.where(tf.reduce_any(finite), largest, float("nan"))


def log_names(population_size: int) -> tuple[str, ...]:
    """The names of all that `evolve` logs."""
    scores = ("operator", "parent", *Scores._fields)
    ranked = (_ranked(name, rank) for name in scores for rank in range(population_size))
    tournament = ("fitness_spread", "quality_error", "tournament", "decided")
    return (*ranked, *tournament, "discriminator_loss", "discriminator_gradient_norm")


def _ranked(name: str, rank: int) -> str:
    return name if rank == 0 else f"{name}_{rank}"
