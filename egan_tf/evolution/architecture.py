"""Checks that a generator and a discriminator fit E-GAN and each other, before anything is trained."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.stateless import regularization
from egan_tf.utils.checks import InputError, first_line, require

Shape = tuple[int | None, ...]

# The last operations of networks whose outputs are bounded, at least on one side, and so are no logits.
BOUNDED = {
    "Sigmoid": "a sigmoid",
    "Tanh": "a tanh",
    "Softmax": "a softmax",
    "LogSoftmax": "a log-softmax",
    "Softsign": "a softsign",
    "Softplus": "a softplus",
    "Relu": "a ReLU",
    "Relu6": "a ReLU",
    "Elu": "an ELU",
    "Selu": "a SELU",
    "Maximum": "a clipping",
    "Minimum": "a clipping",
    "ClipByValue": "a clipping",
    "Exp": "an exponential",
    "Square": "a square",
    "Abs": "an absolute value",
}
# Operations that leave bounded what is bounded: in their first input, or in one input if the other is constant.
_SHAPING = ("Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "EnsureShape", "Neg")
_SCALING = ("Mul", "RealDiv", "AddV2", "Sub")


class Interface(NamedTuple):
    """The shapes of a pair of networks.

    Attributes:
        latent_size: numbers in a row of noise.
        sample_shape: of one sample.
        conditional: whether the networks take labels as a second input.
    """

    latent_size: int
    sample_shape: tuple[int, ...]
    conditional: bool


def check_networks(generator: keras.Model, discriminator: keras.Model) -> Interface:
    """Checks the networks, and warns if the discriminator does not end in logits.

    Raises:
        InputError: a network is not usable, or the two do not fit each other.
    """
    require(generator is not discriminator, "discriminator", "must not be the generator itself")
    takes, made = _check("generator", generator)
    noise = takes[0]
    latent_size = noise[1] if len(noise) == 2 else None
    if latent_size is None:
        raise InputError("generator", f"must take latent noise of shape [batch, latent], this one takes {noise}")
    given, logits = _check("discriminator", discriminator)
    expected = given[0][1:]
    same = len(made[1:]) == len(expected) and all(
        a == b or a is None or b is None for a, b in zip(made[1:], expected, strict=True)
    )
    require(same, "discriminator", f"takes samples of shape {expected}, but the generator makes {made[1:]}")
    known = all(size is not None for size in made[1:])
    require(known, "generator", f"must make samples of a fixed shape, this one makes {made[1:]}")
    require(
        logits[1:] == (1,), "discriminator", f"must give one logit per sample, [batch, 1], this one gives {logits[1:]}"
    )
    conditional = len(takes) == 2
    matches = (len(given) == 2) == conditional
    require(matches, "discriminator", "must take labels if, and only if, the generator does")
    if conditional:
        _check_same_labels(takes[1][1:], given[1][1:])
    _check_variables_apart(generator, discriminator)
    _warn_of_bounded_logits(discriminator)
    return Interface(latent_size, tuple(size for size in made[1:] if size is not None), conditional)


def _check_same_labels(made: Shape, judged: Shape) -> None:
    same = _without_single_axes(made).is_compatible_with(_without_single_axes(judged))
    require(same, "discriminator", f"takes labels of shape {judged}, but the generator takes {made}")


def _without_single_axes(shape: Shape) -> tf.TensorShape:
    """A shape without last axes of one element, which Keras adds and removes as a network needs them."""
    sizes = list(shape)
    while sizes and sizes[-1] == 1:
        sizes.pop()
    return tf.TensorShape(sizes)


def _check(field: str, network: keras.Model) -> tuple[list[Shape], Shape]:
    """The shapes of a network's inputs and of its only output."""
    fits = isinstance(network, keras.Model)
    require(fits, field, f"must be a keras.Model, got {type(network).__name__}")
    require(network.built, field, "is not built; call it once on a batch, or give its first layer an Input")
    trainable = len(network.trainable_variables)
    require(trainable > 0, field, "has no trainable weights, so it could not learn; set trainable = True")
    integral = next((weight.path for weight in network.trainable_variables if not _is_real(weight)), None)
    require(integral is None, field, f"has a trainable weight that is no real number: {integral}")
    takes = input_shapes(field, network)
    require(len(takes) <= 2, field, f"takes at most two inputs, this one has {len(takes)}")
    outputs = outputs_of(field, network)
    require(len(outputs) == 1, field, f"must have one output, this one has {len(outputs)}")
    require(
        outputs[0].dtype.is_floating, field, f"must give floating-point numbers, this one gives {outputs[0].dtype.name}"
    )
    require(outputs[0].shape.rank is not None, field, "gives a tensor of unknown rank")
    _check_training(field, network)
    return takes, tuple(outputs[0].shape)


def _check_training(field: str, network: keras.Model) -> None:
    """Calls what only training calls: the weight regularizers, and in training mode layers that are not Keras' own."""
    try:
        regularization(network, tuple(weight.value for weight in network.trainable_variables))
    except Exception as error:  # the user's function may raise anything
        raise InputError(field, f"a regularizer cannot be computed: {first_line(error)}") from error
    if not all(type(layer).__module__.startswith("keras.") for layer in network._flatten_layers()):
        outputs_of(field, network, training=True)


def _is_real(weight: keras.Variable) -> bool:
    return tf.as_dtype(weight.dtype).is_floating


def input_shapes(field: str, network: keras.Model) -> list[Shape]:
    """The shapes of the inputs: of a functional network as declared, of a subclass as it was built with."""
    if getattr(network, "inputs", None):
        return [tuple(tensor.shape) for tensor in network.inputs]
    config = network.get_build_config() or {}
    shapes: Any = config.get("input_shape")
    if shapes is None and config.get("shapes_dict"):
        shapes = next(iter(config["shapes_dict"].values()))
    unknown = "does not know the shape of its input; call it once on a batch, or build it with the shape"
    require(bool(shapes), field, unknown)
    several = isinstance(shapes[0], list | tuple)
    return [(None, *shape[1:]) for shape in (shapes if several else [shapes])]


def signature(network: keras.Model, shapes: list[Shape]) -> list[tf.TensorSpec]:
    """Specifications of a network's inputs: float32, and labels as the network declares them."""
    declared = getattr(network, "inputs", None)
    label_type = declared[1].dtype if declared and len(declared) > 1 else "int32"
    return [tf.TensorSpec(shape, tf.float32 if i == 0 else label_type) for i, shape in enumerate(shapes)]


def outputs_of(field: str, network: keras.Model, training: bool = False) -> list[tf.Tensor]:
    """The outputs of a network, as tensors of a graph."""
    shapes = input_shapes(field, network)

    @tf.function(autograph=False)
    def call(*inputs: tf.Tensor) -> list[tf.Tensor]:
        with keras.StatelessScope():
            outputs = network(list(inputs) if len(inputs) > 1 else inputs[0], training=training)
        return [tf.convert_to_tensor(output) for output in tf.nest.flatten(outputs)]

    try:
        graph = call.get_concrete_function(*signature(network, shapes)).graph
    except Exception as error:  # a layer of the user may raise anything
        raise InputError(field, f"cannot be called on inputs of shape {shapes}: {first_line(error)}") from error
    return list(graph.outputs)


def _check_variables_apart(generator: keras.Model, discriminator: keras.Model) -> None:
    own = {id(variable) for variable in generator.variables}
    shared = next((variable.path for variable in discriminator.variables if id(variable) in own), None)
    require(shared is None, "discriminator", f"shares {shared} with the generator; each network needs its own layers")


def _warn_of_bounded_logits(discriminator: keras.Model) -> None:
    """Warns if the last operation squashes its input: losses take logits, and apply the sigmoid themselves."""
    operation = outputs_of("discriminator", discriminator)[0].op
    while operation.type not in BOUNDED:
        sources = [tensor.op for tensor in operation.inputs if tensor.op.type != "Const"]
        if operation.type in _SHAPING:
            sources = [operation.inputs[0].op]
        if operation.type not in (*_SHAPING, *_SCALING) or len(sources) != 1:
            return
        operation = sources[0]
    warnings.warn(
        f"discriminator: ends in {BOUNDED[operation.type]}, but must give logits, which are not bounded: the losses "
        "apply the sigmoid themselves; remove the last activation",
        UserWarning,
        stacklevel=4,
    )
