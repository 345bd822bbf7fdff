"""Small generators with one layer, activation or operator each, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import activations, layers

LATENT_SIZE = 8
IMAGE, SERIES, VOLUME, MATRIX, ROW = (4, 4, 8), (16, 8), (4, 4, 4, 2), (8, 8), (8,)

Make = Callable[[], Any]


def generator(layer: Any, shape: tuple[int, ...] = IMAGE) -> keras.Model:
    """Noise [batch, 8] to what the layer makes of a tensor of `shape`."""
    dense = [layers.Dense(math.prod(shape)), layers.Reshape(shape)]
    return keras.Sequential([keras.Input((LATENT_SIZE,)), *dense, layer])


def wired(connect: Callable[[Any], Any], shape: tuple[int, ...] = SERIES) -> keras.Model:
    """Noise [batch, 8] to what a function makes of a tensor of `shape`."""
    noise = keras.Input((LATENT_SIZE,))
    return keras.Model(noise, connect(layers.Reshape(shape)(layers.Dense(math.prod(shape))(noise))))


@keras.saving.register_keras_serializable("tests")
class Apply(layers.Layer):
    """A layer of the user's own, of one function; unlike `Lambda` it says nothing of what it holds."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__(name="users_own")
        self._function = function

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """The function."""
        return self._function(inputs)


def outside(table: tf.Tensor) -> Apply:
    """A layer with a tensor that was made before it was called."""
    return Apply(lambda x: x * table + table)


NOT_ACTIVATIONS = ("deserialize", "get", "serialize", "threshold")
"""`threshold` takes two numbers; it is below."""

ACTIVATIONS = {
    name: getattr(activations, name)
    for name in dir(activations)
    if callable(getattr(activations, name)) and name not in NOT_ACTIVATIONS
} | {
    "gelu of erf": lambda x: activations.gelu(x, approximate=False),
    "gelu of tanh": lambda x: activations.gelu(x, approximate=True),
    "threshold": lambda x: activations.threshold(x, 0.2, -1.0),
    "relu of all": lambda x: activations.relu(x, negative_slope=0.1, max_value=2.0, threshold=0.2),
}

SAME = {"padding": "same"}
RESIZINGS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")

LAYERS: dict[str, Make] = {
    "Conv2D": lambda: generator(layers.Conv2D(8, 3, 2)),
    "Conv2D, groups": lambda: generator(layers.Conv2D(16, 3, groups=4, **SAME)),
    "Conv2D, dilation": lambda: generator(layers.Conv2D(8, 3, dilation_rate=2, **SAME)),
    "Conv2D, groups and dilation": lambda: generator(layers.Conv2D(8, 3, dilation_rate=2, groups=2, **SAME)),
    "Conv2DTranspose": lambda: generator(layers.Conv2DTranspose(4, 4, 2, **SAME)),
    "Conv2DTranspose, valid": lambda: generator(layers.Conv2DTranspose(4, 3, 2)),
    "Conv2DTranspose, output padding": lambda: generator(layers.Conv2DTranspose(4, 3, 2, output_padding=1)),
    "Conv2DTranspose, kernel below stride": lambda: generator(layers.Conv2DTranspose(4, 2, 3, **SAME)),
    "Conv2DTranspose, kernel far below stride": lambda: generator(layers.Conv2DTranspose(4, 1, 4, **SAME)),
    "Conv2DTranspose, dilation": lambda: generator(layers.Conv2DTranspose(4, 3, 1, dilation_rate=2, **SAME)),
    "DepthwiseConv2D": lambda: generator(layers.DepthwiseConv2D(3, depth_multiplier=2, **SAME)),
    "SeparableConv2D": lambda: generator(layers.SeparableConv2D(8, 3, **SAME)),
    "Conv1D": lambda: generator(layers.Conv1D(8, 3, padding="causal"), SERIES),
    "Conv1D, groups": lambda: generator(layers.Conv1D(8, 3, groups=2, **SAME), SERIES),
    "Conv1DTranspose": lambda: generator(layers.Conv1DTranspose(8, 4, 2, **SAME), SERIES),
    "Conv1DTranspose, kernel below stride": lambda: generator(layers.Conv1DTranspose(8, 2, 3, **SAME), SERIES),
    "Conv3D": lambda: generator(layers.Conv3D(2, 3, **SAME), VOLUME),
    "Conv3D, groups": lambda: generator(layers.Conv3D(2, 3, groups=2, **SAME), VOLUME),
    "Conv3DTranspose": lambda: generator(layers.Conv3DTranspose(2, 4, 2, **SAME), VOLUME),
    "Conv3DTranspose, kernel below stride": lambda: generator(layers.Conv3DTranspose(2, 2, 3, **SAME), VOLUME),
    **{
        f"UpSampling2D, {how}": lambda how=how: generator(layers.UpSampling2D(2, interpolation=how))
        for how in RESIZINGS
    },
    **{f"Resizing, {how}": lambda how=how: generator(layers.Resizing(7, 3, interpolation=how)) for how in RESIZINGS},
    "LayerNormalization": lambda: generator(layers.LayerNormalization(axis=[1, 2])),
    "GroupNormalization": lambda: generator(layers.GroupNormalization(4)),
    "UnitNormalization": lambda: generator(layers.UnitNormalization()),
    "RMSNormalization": lambda: generator(layers.RMSNormalization()),
    "SpectralNormalization": lambda: generator(layers.SpectralNormalization(layers.Conv2D(8, 3, **SAME))),
    "Attention": lambda: wired(lambda x: layers.Attention()([x, x])),
    "MultiHeadAttention": lambda: wired(lambda x: layers.MultiHeadAttention(2, 4)(x, x)),
    "EinsumDense": lambda: generator(layers.EinsumDense("abc,bcd->abd", output_shape=(16, 5)), SERIES),
    "PReLU": lambda: generator(layers.PReLU(shared_axes=[1, 2])),
    "ReLU": lambda: generator(layers.ReLU(negative_slope=0.1, threshold=0.2, max_value=2.0)),
    "Permute": lambda: generator(layers.Permute((3, 1, 2))),
    "Cropping2D": lambda: generator(layers.Cropping2D(1)),
    "ZeroPadding2D": lambda: generator(layers.ZeroPadding2D(1)),
    "Dropout": lambda: generator(layers.Dropout(0.5)),
    "depth_to_space": lambda: generator(Apply(lambda x: tf.nn.depth_to_space(x, 2))),
    "erfc": lambda: generator(Apply(tf.math.erfc)),
    "xlogy": lambda: generator(Apply(lambda x: tf.math.xlogy(tf.nn.relu(x), tf.nn.relu(x)))),
    "xlog1py": lambda: generator(Apply(lambda x: tf.math.xlog1py(tf.nn.relu(x), tf.nn.relu(x)))),
    "xdivy": lambda: generator(Apply(lambda x: tf.math.xdivy(tf.nn.relu(x), tf.nn.relu(x)))),
    "a tensor made outside": lambda: generator(outside(tf.range(8.0))),
    "float64 inside": lambda: generator(Apply(lambda x: tf.cast(tf.cast(x, tf.float64) * 2.0, tf.float32))),
    "channels first": lambda: generator(layers.Conv2DTranspose(2, 4, 2, data_format="channels_first", **SAME)),
    "log1p": lambda: generator(Apply(lambda x: tf.math.log1p(tf.abs(x)))),
}
"""What a generator is likely to have, and what tf2onnx alone converts wrongly or not at all."""

MORE_LAYERS: dict[str, Make] = {
    **{
        f"Resizing with antialiasing, {how}": lambda how=how: generator(
            layers.Resizing(3, 2, interpolation=how, antialias=True)
        )
        for how in RESIZINGS
    },
    "Resizing, cropped": lambda: generator(layers.Resizing(7, 5, crop_to_aspect_ratio=True)),
    "CenterCrop": lambda: generator(layers.CenterCrop(2, 2)),
    "Rescaling": lambda: generator(layers.Rescaling(2.0, 1.0)),
    "BatchNormalization": lambda: generator(layers.BatchNormalization()),
    "GroupNormalization by channel": lambda: generator(layers.GroupNormalization(-1)),
    "SpectralNormalization of Dense": lambda: generator(layers.SpectralNormalization(layers.Dense(8))),
    "AdditiveAttention": lambda: wired(lambda x: layers.AdditiveAttention()([x, x])),
    "GroupQueryAttention": lambda: wired(lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x)),
    "DepthwiseConv1D": lambda: generator(layers.DepthwiseConv1D(3, **SAME), SERIES),
    "SeparableConv1D": lambda: generator(layers.SeparableConv1D(8, 3, **SAME), SERIES),
    "UpSampling1D": lambda: generator(layers.UpSampling1D(2), SERIES),
    "UpSampling3D": lambda: generator(layers.UpSampling3D(2), VOLUME),
    "LeakyReLU": lambda: generator(layers.LeakyReLU()),
    "ELU": lambda: generator(layers.ELU(0.5)),
    "Softmax": lambda: generator(layers.Softmax()),
    "Flatten": lambda: generator(layers.Flatten()),
    "RepeatVector": lambda: generator(layers.RepeatVector(4), ROW),
    "Cropping1D": lambda: generator(layers.Cropping1D(1), SERIES),
    "Cropping3D": lambda: generator(layers.Cropping3D(1), VOLUME),
    "ZeroPadding1D": lambda: generator(layers.ZeroPadding1D(1), SERIES),
    "ZeroPadding3D": lambda: generator(layers.ZeroPadding3D(1), VOLUME),
    "GaussianNoise": lambda: generator(layers.GaussianNoise(0.1)),
    "GaussianDropout": lambda: generator(layers.GaussianDropout(0.1)),
    "AlphaDropout": lambda: generator(layers.AlphaDropout(0.5)),
    "SpatialDropout2D": lambda: generator(layers.SpatialDropout2D(0.5)),
    "MaxPooling2D": lambda: generator(layers.MaxPooling2D()),
    "AveragePooling1D": lambda: generator(layers.AveragePooling1D(2), SERIES),
    "AveragePooling2D": lambda: generator(layers.AveragePooling2D(3, 1, **SAME)),
    "AveragePooling3D": lambda: generator(layers.AveragePooling3D(2), VOLUME),
    "GlobalAveragePooling2D": lambda: generator(layers.GlobalAveragePooling2D()),
    "LSTM": lambda: generator(layers.LSTM(8, return_sequences=True), SERIES),
    "LSTM, unrolled": lambda: generator(layers.LSTM(8, return_sequences=True, unroll=True), SERIES),
    "GRU, unrolled": lambda: generator(layers.GRU(8, return_sequences=True, unroll=True), SERIES),
    "SimpleRNN, unrolled": lambda: generator(layers.SimpleRNN(8, return_sequences=True, unroll=True), SERIES),
    "TimeDistributed": lambda: generator(layers.TimeDistributed(layers.Dense(3)), SERIES),
    "merging": lambda: wired(lambda x: layers.Concatenate()([layers.Add()([x, x]), layers.Maximum()([x, x])])),
    "Dot": lambda: wired(lambda x: layers.Dot(axes=1)([x, x])),
    **{
        name: lambda function=function: generator(Apply(function))
        for name, function in {
            "space_to_depth": lambda x: tf.nn.space_to_depth(x, 2),
            "band_part": lambda x: tf.linalg.band_part(x, 0, -1),
            "trigonometry": lambda x: tf.sin(x) + tf.cos(x) + tf.atan2(x, x + 2.0) + tf.sinh(x) + tf.asinh(x),
            "cumsum": lambda x: tf.cumsum(x, 1),
            "top_k": lambda x: tf.math.top_k(x, 3)[0],
            "roll": lambda x: tf.roll(x, 1, 1),
            "reverse": lambda x: tf.reverse(x, [1]),
            "einsum": lambda x: tf.einsum("bhwc,bhwd->bcd", x, x),
            "reflect": lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"),
            "symmetric": lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC"),
            "l2_normalize": lambda x: tf.nn.l2_normalize(x, -1),
            "moments": lambda x: tf.nn.moments(x, [1, 2])[1],
            "local response": tf.nn.local_response_normalization,
            "a function of its own": tf.function(lambda x: 2.0 * x),
            "a function that XLA compiles": tf.function(lambda x: 2.0 * x, jit_compile=True),
        }.items()
    },
}

NOT_IN_ONNX: dict[str, tuple[Make, str]] = {
    "GRU": (lambda: generator(layers.GRU(8, return_sequences=True, name="it"), SERIES), "operator Loop of layer 'it'"),
    "Bucketize": (lambda: generator(layers.Discretization([0.0], name="it")), "operator Bucketize of layer 'it'"),
    # tf2onnx names the new operator itself.
    "diagonal": (lambda: generator(Apply(tf.linalg.diag), ROW), r"operator If \(If__\d+\)"),
    "FFT2D": (
        lambda: generator(Apply(lambda x: tf.math.real(tf.signal.fft2d(tf.complex(x, x))))),
        "operator Complex of layer 'users_own'",
    ),
    **{
        name: (
            lambda function=function, shape=shape: generator(Apply(function), shape),
            f"operator {operator} of layer 'users_own'",
        )
        for name, function, shape, operator in (
            ("inverse", lambda x: tf.linalg.inv(x + 10.0 * tf.eye(8)), MATRIX, "MatrixInverse"),
            ("lgamma", lambda x: tf.math.lgamma(tf.abs(x) + 1.0), IMAGE, "Lgamma"),
            ("bessel", tf.math.bessel_i0, IMAGE, "BesselI0"),
            (
                "while",
                lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, 2 * y), [0, x])[1],
                IMAGE,
                "Loop",
            ),
            ("map_fn", lambda x: tf.map_fn(lambda row: 2 * row, x), IMAGE, "Loop"),
            ("cond", lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: 1 - x), IMAGE, "If"),
            (
                "random by seed",
                lambda x: x + tf.random.stateless_normal(tf.shape(x), [1, 2]),
                IMAGE,
                "StatelessRandomNormalV2",
            ),
        )
    },
}
"""Generators that the SavedModel holds and ONNX does not, with a pattern of the words that say why."""
