"""EfficientNet-Lite0 (Tan and Le 2019; Lite: no squeeze-and-excitation, ReLU6) as a function of given weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

EPSILON = 1e-3
"""Of every BatchNorm."""
FEATURES = 1280
CLASSES = 1000


class Stage(NamedTuple):
    """Consecutive blocks of one kind; only the first has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM = 32

Weights = Mapping[str, np.ndarray]
"""By torch names such as `_conv_stem.weight` or `_blocks.3._bn1.running_mean`; kernels are [out, in, h, w]."""


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """The shapes of all weights, by name."""
    shapes: dict[str, tuple[int, ...]] = {"_conv_stem.weight": (STEM, 3, 3, 3), **_norm_shapes("_bn0", STEM)}
    channels = STEM
    for prefix, stage, _ in _blocks():
        wide = channels * stage.expansion
        if stage.expansion > 1:
            shapes |= {f"{prefix}._expand_conv.weight": (wide, channels, 1, 1), **_norm_shapes(f"{prefix}._bn0", wide)}
        shapes |= {f"{prefix}._depthwise_conv.weight": (wide, 1, stage.kernel, stage.kernel)}
        shapes |= _norm_shapes(f"{prefix}._bn1", wide)
        shapes |= {f"{prefix}._project_conv.weight": (stage.channels, wide, 1, 1)}
        shapes |= _norm_shapes(f"{prefix}._bn2", stage.channels)
        channels = stage.channels
    shapes |= {"_conv_head.weight": (FEATURES, channels, 1, 1), **_norm_shapes("_bn1", FEATURES)}
    return shapes | {"_fc.weight": (CLASSES, FEATURES), "_fc.bias": (CLASSES,)}


def build_network(weights: Weights) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Builds the network in inference mode.

    Args:
        weights: with the shapes of `weight_shapes`.

    Returns:
        A function of images float32 [n, H, W, 3], normalised as in training, that returns the pooled features
        [n, 1280] and the logits [n, 1000].
    """
    import tensorflow as tf

    def layer(convolution: str, norm: str, stride: int = 1, active: bool = True) -> Callable[[tf.Tensor], tf.Tensor]:
        depthwise = convolution.endswith("_depthwise_conv")
        kernel, bias = _fold_batchnorm(weights, convolution, norm, depthwise)

        def apply(x: tf.Tensor) -> tf.Tensor:
            convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
            x = convolve(x, kernel, [1, stride, stride, 1], "SAME") + bias
            return tf.nn.relu6(x) if active else x

        return apply

    def block(prefix: str, stage: Stage, stride: int, skips: bool) -> Callable[[tf.Tensor], tf.Tensor]:
        layers = [layer(f"{prefix}._expand_conv", f"{prefix}._bn0")] if stage.expansion > 1 else []
        layers.append(layer(f"{prefix}._depthwise_conv", f"{prefix}._bn1", stride))
        layers.append(layer(f"{prefix}._project_conv", f"{prefix}._bn2", active=False))

        def apply(x: tf.Tensor) -> tf.Tensor:
            y = x
            for step in layers:
                y = step(y)
            return x + y if skips else y

        return apply

    steps = [layer("_conv_stem", "_bn0", 2)]
    steps += [block(prefix, stage, stage.stride if first else 1, not first) for prefix, stage, first in _blocks()]
    steps.append(layer("_conv_head", "_bn1"))
    matrix, bias = weights["_fc.weight"].T, weights["_fc.bias"]

    def network(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for step in steps:
            x = step(x)
        features = tf.reduce_mean(x, axis=[1, 2])
        return features, features @ matrix + bias

    return network


def _blocks() -> Iterator[tuple[str, Stage, bool]]:
    """Yields the prefix of each block, its stage, and whether it is the first there; only the others have a skip."""
    number = 0
    for stage in STAGES:
        for index in range(stage.blocks):
            yield f"_blocks.{number}", stage, index == 0
            number += 1


def _norm_shapes(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def _fold_batchnorm(weights: Weights, convolution: str, norm: str, depthwise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Kernel [h, w, in, out] (or [h, w, channels, 1]) and bias of a convolution followed by a BatchNorm."""
    scale, shift, mean, variance = (
        weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    factor = scale / np.sqrt(variance + EPSILON)
    kernel = weights[f"{convolution}.weight"] * factor[:, None, None, None]
    kernel = kernel.transpose((2, 3, 0, 1) if depthwise else (2, 3, 1, 0))
    return kernel.astype(np.float32), (shift - mean * factor).astype(np.float32)
