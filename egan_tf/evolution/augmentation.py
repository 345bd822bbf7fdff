"""Differentiable augmentation of what the discriminator sees, real and generated alike (Zhao et al. 2020).

Every transformation is a pure function of images and of uniform numbers, one row for each image, so that all children
of a generation can be seen in the same way. Its gradient flows to the images. To add one, write a function
`(images, numbers) -> images`, and name it in `AUGMENTATIONS` with the count of numbers that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

from egan_tf.evolution.noise import GenerationNoise
from egan_tf.utils.checks import one_of, require

SHIFT = 1 / 8
"""The largest translation, as a share of the side."""
CUT = 1 / 2
"""The side of the square that cutout blanks, as a share of the side."""
COLOURS = 3

Transform = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Augment = Callable[[tf.Tensor], tf.Tensor]
"""Maps images float32 [batch, height, width, channels] to such images."""


@dataclass(frozen=True)
class Augmentation:
    """A transformation of images.

    Attributes:
        transform: a function of images float32 [n, H, W, C] and numbers float32 [n, numbers] in [0, 1].
        numbers: uniform numbers per image.
        summary: one line for lists.
    """

    transform: Transform
    numbers: int
    summary: str


def color(images: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Brightness by −0.5 to 0.5, saturation by 0 to 2, contrast by 0.5 to 1.5, in this order; alpha stays."""
    brightness, saturation, contrast = (number[:, None, None, None] for number in tf.unstack(numbers, axis=1))
    colours, alpha = images[..., :COLOURS], images[..., COLOURS:]
    colours += brightness - 0.5
    grey = tf.reduce_mean(colours, axis=3, keepdims=True)
    colours = (colours - grey) * (2.0 * saturation) + grey
    middle = tf.reduce_mean(colours, axis=(1, 2, 3), keepdims=True)
    colours = (colours - middle) * (contrast + 0.5) + middle
    return tf.concat([colours, alpha], axis=3)


def translation(images: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Shifts by whole pixels, up to an eighth of the side in each direction; zeros come in from outside."""
    rows, columns = (_shift(size, numbers[:, axis]) for axis, size in enumerate(images.shape[1:3]))
    return tf.einsum("nij,njwc->niwc", rows, tf.einsum("nwj,nijc->niwc", columns, images))


def cutout(images: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Sets a square of half the side to zero, its centre anywhere in the image."""
    height, width = images.shape[1:3]
    inside = _inside(height, numbers[:, 0])[:, :, None] & _inside(width, numbers[:, 1])[:, None, :]
    return tf.where(inside[..., None], tf.zeros_like(images), images)


AUGMENTATIONS: dict[str, Augmentation] = {
    "color": Augmentation(color, 3, "brightness, saturation and contrast, Zhao et al. 2020"),
    "translation": Augmentation(translation, 2, "shifts by up to an eighth of the side, Zhao et al. 2020"),
    "cutout": Augmentation(cutout, 2, "a blank square of half the side, Zhao et al. 2020"),
}


def check_augmentations(names: Sequence[str], sample_shape: tuple[int, ...]) -> None:
    """Raises `InputError` for unknown names, a name twice, or samples that are no images."""
    for name in names:
        one_of("augmentations", name, AUGMENTATIONS)
    require(len(set(names)) == len(names), "augmentations", f"names one twice: {', '.join(names)}")
    valid = not names or len(sample_shape) == 3
    require(valid, "augmentations", f"takes images [height, width, channels], and samples are {tuple(sample_shape)}")


def augment_fn(names: Sequence[str], noise: GenerationNoise, use: int, number: int | tf.Tensor = 0) -> Augment:
    """The augmentation for one use in a generation: the same images get the same transformation each time.

    Args:
        names: in `AUGMENTATIONS`, applied in this order.
        noise: of the generation.
        use: one of those in `noise`, such as `EVALUATION_FAKE`.
        number: of the step within the use.
    """

    def augment(images: tf.Tensor) -> tf.Tensor:
        if not names:
            return images
        augmented = tf.cast(images, tf.float32)
        taken = [AUGMENTATIONS[name].numbers for name in names]
        numbers = tf.split(noise.augmentation(images.shape[0], sum(taken), use, number), taken, axis=1)
        for name, own in zip(names, numbers, strict=True):
            augmented = AUGMENTATIONS[name].transform(augmented, own)
        return tf.cast(augmented, images.dtype)

    return augment


def _shift(size: int, numbers: tf.Tensor) -> tf.Tensor:
    """Matrices [n, size, size] that shift a line; products with them have a gradient under XLA on every device."""
    largest = int(size * SHIFT + 0.5)
    steps = tf.minimum(tf.cast(numbers * (2 * largest + 1), tf.int32), 2 * largest) - largest
    line = tf.range(size)
    return tf.cast(line[None, :, None] - steps[:, None, None] == line[None, None, :], tf.float32)


def _inside(size: int, numbers: tf.Tensor) -> tf.Tensor:
    """bool [n, size], whether a pixel is within half of the square around the centre."""
    side = int(size * CUT + 0.5)
    # The centre of an even square lies between pixels, so that there is one place more, and both borders are alike.
    places = size + 1 - side % 2
    centre = tf.minimum(tf.cast(numbers * places, tf.int32), places - 1)
    start = centre[:, None] - side // 2
    line = tf.range(size)[None, :]
    return (line >= start) & (line < start + side)
