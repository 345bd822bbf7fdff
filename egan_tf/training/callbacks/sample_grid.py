"""Pictures of samples during training."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import tensorflow as tf
from PIL.Image import Image

from egan_tf.sampling.pictures import picture
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.utils import randomness
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.log_line import log_line

IMAGES = 64
POINTS = 2048
# Random stream of the pictures' noise, which training does not use.
STREAM = 2**15


def spec_of(model: Any, value_range: tuple[float, float] | None) -> SamplingSpec:
    """What the samples of a model are.

    Args:
        model: an `EGAN`.
        value_range: lowest and highest value of an image; None for points.
    """
    return SamplingSpec(model.latent.size, model.latent.distribution, model.sample_shape, value_range)


def grid_of(model: Any, value_range: tuple[float, float] | None) -> Image:
    """A picture of the fittest survivor's samples, always from the same noise.

    Args:
        model: an `EGAN` whose samples can be drawn.
        value_range: lowest and highest value of an image; None for points.
    """
    latent, spec = model.latent, spec_of(model, value_range)
    seed = randomness.stream(model.settings.seed, tf.constant(0, tf.int64), STREAM)
    noise = latent.sample(IMAGES if spec.is_image else POINTS, seed)
    return picture(model.sample(noise).numpy(), spec)


class SampleGrid(PeriodicCallback):
    """Writes `GENERATION.png` every `every` generations: the fittest survivor's samples, always from the same noise.

    Of samples that are neither images nor points there are no pictures.
    """

    def __init__(self, folder: Path, every: int, value_range: tuple[float, float] | None) -> None:
        """Takes the folder and the interval.

        Args:
            folder: of the pictures; made if needed.
            every: generations between pictures.
            value_range: lowest and highest value of an image; None for points.
        """
        super().__init__(every)
        self._folder = folder
        self._value_range = value_range

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Writes one picture."""
        del logs
        if not spec_of(self.model, self._value_range).is_drawable:
            return
        content = io.BytesIO()
        grid_of(self.model, self._value_range).save(content, format="PNG")
        file = self._folder / f"{generation:08d}.png"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_write(file, content.getvalue())
        except OSError as error:
            log_line(f"cannot write {file}: {error.strerror or error}; the run continues without this picture")
