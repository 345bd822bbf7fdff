"""Pictures of samples during training."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
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
MAX_CLASSES, COLUMNS = 50, 8
"""Of a conditional model: a row for each class, of this many images."""
PICTURE = re.compile("([0-9]{8,15})[.]png")
# Random stream of the pictures' noise, which training does not use.
STREAM = 2**15


def spec_of(model: Any, value_range: tuple[float, float] | None) -> SamplingSpec:
    """What the samples of a model are.

    Args:
        model: an `EGAN`.
        value_range: lowest and highest value of an image; None for points.
    """
    return SamplingSpec(model.latent.size, model.latent.distribution, model.sample_shape, value_range)


def grid_of(model: Any, value_range: tuple[float, float] | None, classes: int = 0) -> Image:
    """A picture of the fittest survivor's samples, always from the same noise; of a conditional one a row per class.

    Args:
        model: an `EGAN` whose samples can be drawn.
        value_range: lowest and highest value of an image; None for points.
        classes: labels of the data, for a conditional model.
    """
    latent, spec = model.latent, spec_of(model, value_range)
    seed = randomness.stream(model.settings.seed, tf.constant(0, tf.int64), STREAM)
    if not model.conditional:
        return picture(model.sample(latent.sample(IMAGES if spec.is_image else POINTS, seed)).numpy(), spec)
    rows = min(classes, MAX_CLASSES)
    labels = np.repeat(np.arange(rows, dtype=np.int32), COLUMNS if spec.is_image else POINTS // rows)
    samples = model.sample(latent.sample(len(labels), seed), tf.constant(labels)).numpy()
    return picture(samples, spec, rows if spec.is_image else None)


def remove_pictures(folder: Path, after: int) -> None:
    """Removes the pictures of generations that were rolled back, which may be made otherwise the next time.

    Args:
        folder: of the pictures.
        after: the last generation whose picture stays.

    Raises:
        OSError: one cannot be removed.
    """
    for path in folder.glob("*.png"):
        if (match := PICTURE.fullmatch(path.name)) and int(match[1]) > after:
            path.unlink()


class SampleGrid(PeriodicCallback):
    """Writes `GENERATION.png` every `every` generations: the fittest survivor's samples, always from the same noise.

    Of samples that are neither images nor points there are no pictures.
    """

    def __init__(self, folder: Path, every: int, value_range: tuple[float, float] | None, classes: int = 0) -> None:
        """Takes the folder and the interval.

        Args:
            folder: of the pictures; made if needed.
            every: generations between pictures.
            value_range: lowest and highest value of an image; None for points.
            classes: labels of the data, for a conditional model.
        """
        super().__init__(every)
        self._folder = folder
        self._value_range = value_range
        self._classes = classes

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Writes one picture."""
        del logs
        if not spec_of(self.model, self._value_range).is_drawable:
            return
        content = io.BytesIO()
        grid_of(self.model, self._value_range, self._classes).save(content, format="PNG")
        file = self._folder / f"{generation:08d}.png"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_write(file, content.getvalue())
        except OSError as error:
            log_line(f"cannot write {file}: {error.strerror or error}; the run continues without this picture")
