"""Objectives, losses, fitness functions and operators that cannot work are refused before training, in one line."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.losses import SeparableLoss

LATENT, BATCH = 3, 4
REAL = np.ones([BATCH, 2], "float32")
Function = Callable[..., Any]


def made(**settings: Any) -> EGAN:
    generator = keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    egan = EGAN(generator, discriminator, **settings)
    egan.compile("sgd", "sgd", jit_compile=False)
    return egan


def one_line(call: Any) -> str:
    with pytest.raises(InputError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def named(body: Function) -> Function:
    body.__name__ = "mine"
    return body


def wrong_results(of: Function) -> dict[str, tuple[Function, str]]:
    """What must not be returned, made from a proper scalar `of(*arguments)`, and what the refusal says."""

    def raising(*arguments: Any) -> Any:
        raise RuntimeError("first line\nsecond line")

    return {
        "vector": (lambda *a: of(*a) * tf.ones([8]), "one for each sample"),
        "column": (lambda *a: of(*a) * tf.ones([8, 1]), "one for each sample"),
        "one element": (lambda *a: of(*a)[None], "where one scalar is needed"),
        "matrix": (lambda *a: of(*a) * tf.ones([3, 2]), "where one scalar is needed"),
        "none": (lambda *a: None, "gives None"),
        "int": (lambda *a: 1, "a constant, 1"),
        "float": (lambda *a: 0.5, "a constant, 0.5"),
        "nan": (lambda *a: float("nan"), "a constant, nan"),
        "numpy": (lambda *a: np.float32(0.5), "a constant, 0.5"),
        "boolean": (lambda *a: of(*a) > 0, "gives bool"),
        "complex": (lambda *a: tf.cast(of(*a), tf.complex64), "gives complex64"),
        "text": (lambda *a: tf.as_string(of(*a)), "gives string"),
        "tuple": (lambda *a: (of(*a), of(*a)), "a tuple"),
        "list": (lambda *a: [of(*a)], "a list"),
        "dictionary": (lambda *a: {"value": of(*a)}, "a dict"),
        "ragged": (lambda *a: tf.RaggedTensor.from_row_lengths(of(*a) * tf.ones([3]), [1, 2]), "RaggedTensor"),
        "generator": (lambda *a: (part for part in a), "a generator"),
        "unknown shape": (lambda *a: tf.py_function(lambda x: x, [of(*a)], tf.float32), "unknown shape"),
        "raises": (raising, "RuntimeError: first line"),
        "branches": (lambda *a: of(*a) if of(*a) > 0 else -of(*a), "cannot be computed"),
        "numpy of a tensor": (lambda *a: tf.constant(of(*a).numpy()), "cannot be computed"),
    }


def no_gradients(of: Function) -> dict[str, tuple[Function, str]]:
    return {
        "constant tensor": (lambda *a: tf.constant(1.0), "no gradient"),
        "constant nan": (lambda *a: tf.constant(np.nan), "no gradient"),
        "stopped": (lambda *a: tf.stop_gradient(of(*a)), "no gradient"),
        "counted": (lambda *a: tf.cast(tf.math.count_nonzero(of(*a) > 0), tf.float32), "no gradient"),
        "numpy function": (
            lambda *a: tf.ensure_shape(tf.numpy_function(lambda x: x, [of(*a)], tf.float32), ()),
            "no gradient",
        ),
        "integer": (lambda *a: tf.cast(of(*a), tf.int32), "gives int32"),
    }


def mean_of_fake(fake_logits: Any) -> Any:
    return tf.reduce_mean(fake_logits)


def difference(real: Any, fake: Any) -> Any:
    return tf.reduce_mean(real - fake)


def fq(evaluation: Any, gamma: Any) -> Any:
    return evaluation.quality


def one_argument(function: Function) -> Function:
    return named(lambda fake_logits: function(fake_logits))


def two_arguments(function: Function) -> Function:
    return named(lambda first, second: function(first, second))


CASES: dict[str, tuple[str, Any, str]] = {}
for field, of, wrap, gradients in (
    ("mutations", mean_of_fake, one_argument, True),
    ("discriminator_loss", difference, two_arguments, True),
    ("fitness", fq, two_arguments, False),
):
    found = {**wrong_results(of), **(no_gradients(of) if gradients else {})}
    for kind, (function, words) in found.items():
        CASES[f"{field}: {kind}"] = (field, wrap(function), words)
CASES |= {
    "mutations: no argument": ("mutations", named(lambda: 1.0), "mine(fake_logits) cannot be computed: TypeError"),
    "mutations: three arguments": ("mutations", named(lambda a, b, c: a), "cannot be computed: TypeError"),
    "mutations: keyword only": ("mutations", named(lambda a, *, b: a), "cannot be computed: TypeError"),
    "mutations: real logits alone": (
        "mutations",
        named(lambda fake, real: tf.reduce_mean(real)),
        "mine has no gradient",
    ),
    "mutations: a class": ("mutations", dict, "dict"),
    "mutations: parameter of another kind": ("mutations", "least_squares(target='high')", "cannot be computed"),
    "discriminator_loss: one argument": ("discriminator_loss", named(mean_of_fake), "cannot be computed: TypeError"),
    "discriminator_loss: float64": (
        "discriminator_loss",
        named(lambda real, fake: tf.cast(difference(real, fake), tf.float64)),
        "gives float64, where float32 is needed",
    ),
    "discriminator_loss: bfloat16": (
        "discriminator_loss",
        named(lambda real, fake: tf.cast(difference(real, fake), tf.bfloat16)),
        "gives bfloat16, where float32 is needed",
    ),
    "discriminator_loss: terms of another shape": (
        "discriminator_loss",
        SeparableLoss(lambda real: real[:2], tf.nn.softplus),
        "SeparableLoss's real gives shape (2, 1)",
    ),
    "discriminator_loss: no term": (
        "discriminator_loss",
        SeparableLoss(lambda real: None, tf.nn.softplus),
        "SeparableLoss's real gives None",
    ),
    "discriminator_loss: constant terms": (
        "discriminator_loss",
        SeparableLoss(tf.zeros_like, tf.zeros_like),
        "SeparableLoss has no gradient",
    ),
    "discriminator_loss: float64 terms": (
        "discriminator_loss",
        SeparableLoss(tf.nn.softplus, lambda fake: tf.cast(fake, tf.float64)),
        "SeparableLoss's fake gives float64",
    ),
    "fitness: one argument": ("fitness", named(lambda evaluation: evaluation.quality), "cannot be computed: TypeError"),
    "fitness: no such attribute": ("fitness", named(lambda e, gamma: e.qualtiy), "cannot be computed: AttributeError"),
    "fitness: constant tensor": ("fitness", named(lambda e, gamma: tf.constant(1.0)), "the same for every child"),
    "fitness: gamma alone": ("fitness", named(lambda e, gamma: tf.constant(gamma)), "the same for every child"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_function_that_cannot_work_is_refused_when_the_model_is_made(case: str) -> None:
    field, function, words = CASES[case]
    value = (function,) if field == "mutations" else function
    said = one_line(lambda: made(**{field: value}))
    assert said.startswith(f"{field}: ")
    assert words in said
    if getattr(function, "__name__", "") == "mine":
        assert "mine" in said


FULL = {"float16": tf.float16, "bfloat16": tf.bfloat16, "float64": tf.float64}
FINE: dict[str, dict[str, Any]] = {
    **{
        f"mutation in {name}": {"mutations": (named(lambda logits, t=t: tf.reduce_mean(tf.cast(logits, t))),)}
        for name, t in FULL.items()
    },
    **{
        f"fitness in {name}": {"fitness": lambda e, gamma, t=t: tf.cast(e.quality, t)}
        for name, t in {**FULL, "int32": tf.int32, "int64": tf.int64}.items()
    },
    "keras ops": {"mutations": (named(lambda logits: keras.ops.mean(logits)),)},
    "tf.function": {"mutations": (tf.function(mean_of_fake),)},
    "knows its batch": {"mutations": (named(lambda logits: tf.reduce_sum(logits) / logits.shape[0]),)},
    "one size of batch": {"mutations": (named(lambda logits: tf.reduce_mean(logits * tf.ones([BATCH, 1]))),)},
    "optional argument": {"mutations": (named(lambda logits, scale=2.0: scale * tf.reduce_mean(logits)),)},
    "half of the terms": {"discriminator_loss": SeparableLoss(tf.nn.softplus, tf.zeros_like)},
    "terms with their mean": {
        "discriminator_loss": SeparableLoss(tf.reduce_mean, lambda logits: -tf.reduce_mean(logits))
    },
    "relative loss": {"discriminator_loss": difference},
    "fitness of the samples": {"fitness": lambda e, gamma: gamma * tf.reduce_sum(e.fake - e.real)},
    "fitness of the gradient": {"fitness": lambda e, gamma: tf.reduce_sum(e.gradient[0]) + e.loss},
}


@pytest.mark.parametrize("case", FINE)
def test_a_function_that_can_work_trains(case: str) -> None:
    egan = made(**{"mutations": ("heuristic",), **FINE[case]})
    egan.train_on_batch(REAL)
    assert int(egan.generation.numpy()) == 1
    assert int(egan.population.failures.rejected_children) == 0


# -- names ------------------------------------------------------------------------------------------------------------


class Hinge:
    def __call__(self, fake_logits: Any) -> Any:
        return -tf.reduce_mean(fake_logits)

    def method(self, fake_logits: Any) -> Any:
        return self(fake_logits)


def scaled(fake_logits: Any, *, by: float = 1.0) -> Any:
    return by * tf.reduce_mean(fake_logits)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (Hinge(), "Hinge"),
        (Hinge().method, "method"),
        (scaled, "scaled"),
        (functools.partial(scaled, by=2.0), "scaled(by=2.0)"),
        (functools.partial(functools.partial(scaled, by=2.0)), "scaled(by=2.0)"),
        (functools.partial(Hinge()), "Hinge()"),
        (tf.function(scaled), "scaled"),
        (lambda logits: tf.reduce_mean(logits), "<lambda>"),
    ],
)
def test_functions_are_named_after_themselves(function: Function, name: str) -> None:
    assert made(mutations=(function,)).operator_names == (name,)


def test_partials_of_one_function_are_told_apart_and_lambdas_need_names() -> None:
    both = made(mutations=(functools.partial(scaled, by=1.0), functools.partial(scaled, by=2.0)))
    assert both.operator_names == ("scaled(by=1.0)", "scaled(by=2.0)")
    first, second = (lambda logits: tf.reduce_mean(logits)), (lambda logits: -tf.reduce_mean(logits))
    assert one_line(lambda: made(mutations=(first, second))) == (
        "mutations: contains '<lambda>' twice; name functions that share a name by {'name': function}"
    )
    assert made(mutations={"up": first, "down": second}).operator_names == ("up", "down")
