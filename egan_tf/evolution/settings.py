"""The rules of an evolution: every number and name that the generation depends on, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from egan_tf.evolution.latent import DISTRIBUTIONS
from egan_tf.utils.checks import integer, number, one_of, require

MAX_INDIVIDUALS = 2**10
MAX_SAMPLES = 2**20
MAX_SEED = 2**63 - 1
# Each step has a stream of noise of its own, and a stream's coordinate has 16 bits.
MAX_STEPS = 2**16 - 1


@dataclass(frozen=True)
class EvolutionSettings:
    """What `EGAN` takes beside its networks; see there for the meaning of each field."""

    mutations: Any = ("minimax", "heuristic", "least_squares")
    population_size: int = 1
    gamma: float = 0.01
    evaluation_size: int | None = None
    reuse_evaluation_batch: bool = True
    discriminator_steps: int = 1
    mutation_steps: int = 1
    fitness: Any = "egan"
    latent_distribution: str = "normal"
    r1_weight: float = 0.0
    gradient_penalty_weight: float = 0.0
    ema_decay: float = 0.0
    seed: int = 0
    discriminator_loss: Any = "logistic"
    operators: tuple[Any, ...] = ("mutation",)

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
