"""E-GAN, evolutionary generative adversarial networks, for TensorFlow and Keras.

The public names load on first use, so that importing the package, or its sampler, imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan_tf.utils.lazy import lazy_names

if TYPE_CHECKING:
    from egan_tf.evolution.egan import EGAN
    from egan_tf.evolution.evaluation import Evaluation
    from egan_tf.evolution.fitness import FITNESSES, diversity
    from egan_tf.evolution.objectives import OBJECTIVES
    from egan_tf.evolution.quality import quality
    from egan_tf.export.exporter import export_generator
    from egan_tf.sampling import Sampler
    from egan_tf.utils.checks import InputError, RunError

__version__ = "0.2.0"

_HOMES = {
    "EGAN": "evolution.egan",
    "Evaluation": "evolution.evaluation",
    "FITNESSES": "evolution.fitness",
    "InputError": "utils.checks",
    "OBJECTIVES": "evolution.objectives",
    "RunError": "utils.checks",
    "Sampler": "sampling.sampler",
    "diversity": "evolution.fitness",
    "export_generator": "export.exporter",
    "quality": "evolution.quality",
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
    "export_generator",
    "quality",
]

__getattr__, __dir__ = lazy_names(
    __name__, _HOMES, needs_keras={home for home in _HOMES.values() if home.startswith(("evolution", "export"))}
)
