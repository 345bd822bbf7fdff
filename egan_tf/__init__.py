"""E-GAN, evolutionary generative adversarial networks, for TensorFlow and Keras.

The public names load on first use, so that importing the package, or its sampler, imports no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from egan_tf.evolution.egan import EGAN
    from egan_tf.evolution.evaluation import Evaluation, quality
    from egan_tf.evolution.fitness import FITNESSES, diversity
    from egan_tf.evolution.objectives import OBJECTIVES
    from egan_tf.sampling import Sampler
    from egan_tf.utils.checks import InputError, RunError

__version__ = "0.1.0"

_HOMES = {
    "EGAN": "evolution.egan",
    "Evaluation": "evolution.evaluation",
    "FITNESSES": "evolution.fitness",
    "InputError": "utils.checks",
    "OBJECTIVES": "evolution.objectives",
    "RunError": "utils.checks",
    "Sampler": "sampling.sampler",
    "diversity": "evolution.fitness",
    "quality": "evolution.evaluation",
}

__all__ = [
    "EGAN",
    "FITNESSES",
    "OBJECTIVES",
    "Evaluation",
    "InputError",
    "RunError",
    "Sampler",
    "__version__",
    "diversity",
    "quality",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
