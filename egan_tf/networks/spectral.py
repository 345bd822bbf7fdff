"""Spectral normalization: layers whose kernel is divided by an estimate of its largest singular value.

Miyato et al. 2018 (arXiv 1802.05957), equations 8 to 12. The gradient flows through the kernel and through σ.
`keras.layers.SpectralNormalization` differs: in training it assigns the normalized kernel to the weight, so that no
gradient flows through σ.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from egan_tf.utils.checks import integer, number

PACKAGE = "egan_tf"


def spectral_norm(kernel: Any, u: Any, iterations: int, epsilon: float) -> tuple[Any, Any]:
    """An estimate of a matrix' largest singular value by power iteration.

    σ = vᵀ W u with v = W u / ‖W u‖, where u and v count as constants: the gradient of σ is v uᵀ (equation 11).

    Args:
        kernel: W, [n, m].
        u: [m], the estimate of the right singular vector from earlier steps, of length 1.
        iterations: of u; with 0, u stays as it is.
        epsilon: a vector that is shorter has no direction: u stays.

    Returns:
        σ, a scalar, and the new u. A matrix with σ up to `epsilon` has σ = 1, so that it can be divided by it.
    """
    constant, u = ops.stop_gradient(kernel), ops.stop_gradient(u)
    for _ in range(iterations):
        u = _unit(_times(_unit(_times(constant, u), ops.zeros_like(constant[:, 0]), epsilon), constant), u, epsilon)
    v = _unit(_times(constant, u), ops.zeros_like(constant[:, 0]), epsilon)
    sigma = ops.sum(v * _times(kernel, u))
    return ops.where(sigma > epsilon, sigma, ops.ones_like(sigma)), u


def _times(a: Any, b: Any) -> Any:
    """The product of a matrix and a vector, or of a vector and a matrix."""
    return ops.matmul(a, b[:, None])[:, 0] if len(b.shape) == 1 else ops.matmul(a[None], b)[0]


def _unit(vector: Any, otherwise: Any, epsilon: float) -> Any:
    length = ops.sqrt(ops.sum(ops.square(vector)))
    return ops.where(length > epsilon, vector / ops.maximum(length, epsilon), otherwise)


def _random_direction(shape: Any, dtype: Any = None) -> Any:
    """A random vector of length 1."""
    vector = keras.initializers.RandomNormal()(shape, dtype)
    return vector / ops.sqrt(ops.sum(ops.square(vector)))


class _SpectrallyNormalized:
    """Divides the kernel of the Keras layer that follows it among the bases by its largest singular value.

    The kernel counts as the matrix [everything else, output channels]. In training mode each call first takes
    `power_iterations` steps of the power iteration from the stored vector u, and stores the result; in inference mode
    u stays. σ and u are in float32 under mixed precision.
    """

    def __init__(self, *arguments: Any, power_iterations: int = 1, epsilon: float = 1e-12, **options: Any) -> None:
        """Takes the layer's arguments.

        Args:
            *arguments: of the layer.
            power_iterations: per call in training mode; the paper takes 1.
            epsilon: kernels with a smaller σ are not divided.
            **options: of the layer.

        Raises:
            InputError: a number is invalid.
        """
        self.power_iterations = integer("power_iterations", power_iterations)
        self.epsilon = number("epsilon", epsilon, 0.0, above=True)
        super().__init__(*arguments, **options)

    def build(self, input_shape: Any) -> None:
        """Creates the layer's weights, and u."""
        super().build(input_shape)  # type: ignore[misc]
        self.u = self.add_weight(
            name="u",
            shape=(self.bias_size(),),
            initializer=_random_direction,
            trainable=False,
            autocast=False,
        )

    def add_weight(self, *arguments: Any, **options: Any) -> Any:
        """As Keras', but the kernel keeps its own precision until it is divided by σ."""
        if options.get("name") == "kernel":
            options["autocast"] = False
        return super().add_weight(*arguments, **options)  # type: ignore[misc]

    def bias_size(self) -> int:
        """The number of output channels."""
        return int(self.filters)  # type: ignore[attr-defined]

    def as_matrix(self, kernel: Any) -> Any:
        """The kernel as a matrix [everything else, output channels]."""
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def normalized_kernel(self, training: bool) -> Any:
        """The kernel divided by σ; in training mode u takes its steps."""
        kernel: Any = ops.convert_to_tensor(self.kernel)  # type: ignore[attr-defined]
        iterations = self.power_iterations if training else 0
        sigma, u = spectral_norm(self.as_matrix(kernel), ops.convert_to_tensor(self.u), iterations, self.epsilon)
        if training:
            self.u.assign(u)
        return ops.cast(kernel / sigma, self.compute_dtype)  # type: ignore[attr-defined]

    def product(self, inputs: Any, kernel: Any) -> Any:
        """The layer's linear map of its inputs, without the bias."""
        raise NotImplementedError

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The layer's outputs with the normalized kernel."""
        layer: Any = self
        outputs = self.product(inputs, self.normalized_kernel(bool(training)))
        if layer.use_bias:
            first = getattr(layer, "data_format", "channels_last") == "channels_first"
            outputs = ops.add(outputs, ops.reshape(layer.bias, (1, -1, 1, 1)) if first else layer.bias)
        return outputs if layer.activation is None else layer.activation(outputs)

    def save_own_variables(self, store: Any) -> None:
        """Saves all variables; the layers that Keras derives from would leave u out."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` saved."""
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        own = {"power_iterations": self.power_iterations, "epsilon": self.epsilon}
        return {**super().get_config(), **own}  # type: ignore[misc]


@keras.saving.register_keras_serializable(PACKAGE)
class SpectralDense(_SpectrallyNormalized, keras.layers.Dense):
    """`Dense` with spectral normalization; the kernel is [inputs, units]."""

    mixes_samples = False

    def bias_size(self) -> int:
        """The number of units."""
        return int(self.units)

    def product(self, inputs: Any, kernel: Any) -> Any:
        """[..., inputs] to [..., units]."""
        return ops.matmul(inputs, kernel)


@keras.saving.register_keras_serializable(PACKAGE)
class SpectralConv2D(_SpectrallyNormalized, keras.layers.Conv2D):
    """`Conv2D` with spectral normalization of the kernel as [height · width · inputs, filters]."""

    mixes_samples = False

    def product(self, inputs: Any, kernel: Any) -> Any:
        """The convolution."""
        return self.convolution_op(inputs, kernel)


@keras.saving.register_keras_serializable(PACKAGE)
class SpectralConv2DTranspose(_SpectrallyNormalized, keras.layers.Conv2DTranspose):
    """`Conv2DTranspose` with spectral normalization of the kernel as [height · width · inputs, filters]."""

    mixes_samples = False

    def as_matrix(self, kernel: Any) -> Any:
        """The kernel, which Keras stores as [height, width, filters, inputs], as a matrix."""
        return ops.reshape(ops.transpose(kernel, (0, 1, 3, 2)), (-1, kernel.shape[2]))

    def product(self, inputs: Any, kernel: Any) -> Any:
        """The transposed convolution."""
        return ops.conv_transpose(
            inputs,
            kernel,
            strides=list(self.strides),
            padding=self.padding,
            output_padding=self.output_padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )
