"""The rules of an evolution: every number and name that the generation depends on, checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.latent import DISTRIBUTIONS
from egan_tf.evolution.objectives import MUTATIONS, Mutation
from egan_tf.utils.checks import InputError, integer, number, one_of, require

MAX_INDIVIDUALS = 2**10
MAX_SAMPLES = 2**20
MAX_SEED = 2**63 - 1
# Each step has a stream of noise of its own, and a stream's coordinate has 16 bits.
MAX_STEPS = 2**16 - 1


@dataclass(frozen=True)
class EvolutionSettings:
    """What `EGAN` takes beside its networks; see there for the meaning of each field."""

    mutations: Sequence[str | Mutation] = ("minimax", "heuristic", "least_squares")
    population_size: int = 1
    gamma: float = 0.01
    evaluation_size: int | None = None
    reuse_evaluation_batch: bool = True
    discriminator_steps: int = 1
    mutation_steps: int = 1
    fitness: str | Fitness = "egan"
    latent_distribution: str = "normal"
    r1_weight: float = 0.0
    gradient_penalty_weight: float = 0.0
    ema_decay: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        integer("population_size", self.population_size, maximum=MAX_INDIVIDUALS)
        number("gamma", self.gamma)
        if self.evaluation_size is not None:
            integer("evaluation_size", self.evaluation_size, maximum=MAX_SAMPLES)
        require(
            isinstance(self.reuse_evaluation_batch, bool),
            "reuse_evaluation_batch",
            f"must be a bool, got {self.reuse_evaluation_batch!r}",
        )
        for name in ("discriminator_steps", "mutation_steps"):
            integer(name, getattr(self, name), maximum=MAX_STEPS)
        one_of("latent_distribution", self.latent_distribution, DISTRIBUTIONS)
        number("r1_weight", self.r1_weight, 0.0)
        number("gradient_penalty_weight", self.gradient_penalty_weight, 0.0)
        number("ema_decay", self.ema_decay, 0.0, 1.0, below=True)
        integer("seed", self.seed, 0, MAX_SEED)
        named_mutations(self.mutations)
        named_fitness(self.fitness)


def named_mutations(mutations: Sequence[str | Mutation]) -> dict[str, Mutation]:
    """The mutations by name, in the order given; a function goes by its own name.

    Raises:
        InputError: for an unknown or repeated name, or where there are none.
    """
    if isinstance(mutations, str) or not isinstance(mutations, Sequence) or not mutations:
        raise InputError("mutations", f"must be a sequence of names or functions of logits, got {mutations!r}")
    named = dict(_named("mutations", mutation, MUTATIONS) for mutation in mutations)
    require(len(named) == len(mutations), "mutations", "names the same mutation twice")
    return named


def named_fitness(fitness: str | Fitness) -> Fitness:
    """The fitness function of that name, or the function itself."""
    return _named("fitness", fitness, FITNESSES)[1]


def _named(field: str, choice: str | Callable[..., Any], registry: Mapping[str, Any]) -> tuple[str, Any]:
    if callable(choice):
        return getattr(choice, "__name__", type(choice).__name__), choice
    return one_of(field, choice, registry), registry[choice]
