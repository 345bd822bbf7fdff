"""The words of `compile`, `fit`, `predict` and their kin: each works as its name says, or is refused by name."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.fit_arguments import COMPILE, FIT
from tests.evolution.kinds import BATCH, LATENT, POINT, model, networks, samples

X = samples(40)


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is."""
    return model()


def refusal(egan: EGAN, method: str, *arguments: Any, **words: Any) -> str:
    with pytest.raises(InputError) as error:
        getattr(egan, method)(*arguments, **words)
    with tf.init_scope():
        assert egan.generation.numpy() == 0
    assert "\n" not in str(error.value)
    return str(error.value)


def words_of(method: str) -> set[str]:
    return set(inspect.signature(getattr(keras.Model, method)).parameters) - {"self"}


@pytest.mark.parametrize("word", sorted(words_of("fit")))
def test_every_word_of_keras_fit_is_known(word: str) -> None:
    ours = set(inspect.signature(EGAN.fit).parameters)
    assert (word in ours) != (word in FIT)


@pytest.mark.parametrize("word", sorted(words_of("compile")))
def test_every_word_of_keras_compile_is_known(word: str) -> None:
    ours = {*inspect.signature(EGAN.compile).parameters, "run_eagerly", "steps_per_execution"}
    assert (word in ours) != (word in COMPILE)


@pytest.mark.parametrize("word", sorted(FIT))
def test_what_fit_cannot_honour_is_refused_by_name(word: str, untrained: EGAN) -> None:
    for value in (np.zeros(40), {0: 1.0}, 0.5, (X, X), "yes"):
        message = refusal(untrained, "fit", X, verbose=0, **{word: value})
        assert message.startswith(f"{word}: is not supported: ")


def test_the_value_that_means_nothing_is_accepted() -> None:
    egan = model()
    egan.fit(X, batch_size=BATCH, verbose=0, **{word: nothing for word, (nothing, _) in FIT.items()})
    assert egan.generation.numpy() == 2


@pytest.mark.parametrize("word", sorted(COMPILE))
def test_what_compile_cannot_honour_is_refused_by_name(word: str, untrained: EGAN) -> None:
    for value in ("mse", ["accuracy"], keras.optimizers.Adam(), 0.5):
        assert refusal(untrained, "compile", **{word: value}).startswith(f"{word}: is not supported: ")


@pytest.mark.parametrize(
    ("method", "word", "says"),
    [
        ("fit", "epoch", "did you mean 'epochs'?"),
        ("fit", "call_backs", "did you mean 'callbacks'?"),
        ("fit", "step_per_epoch", "did you mean 'steps_per_epoch'?"),
        ("fit", "validation", "did you mean 'validation_"),
        ("fit", "qqq", "it takes x, y, batch_size"),
        ("compile", "generator_optimiser", "did you mean 'generator_optimizer'?"),
        ("compile", "run_eager", "did you mean 'run_eagerly'?"),
        ("train_on_batch", "return_dicts", "did you mean 'return_dict'?"),
        ("train_on_batch", "class_weight", "samples have no weights"),
        ("train_on_batch", "sample_weight", "samples have no weights"),
        ("predict", "batchsize", "did you mean 'batch_size'?"),
        ("predict", "steps", "as much noise"),
        ("predict", "callbacks", "call sample"),
    ],
)
def test_words_that_do_not_exist_are_told_with_the_nearest(method: str, word: str, says: str, untrained: EGAN) -> None:
    arguments = () if method == "compile" else (X,)
    message = refusal(untrained, method, *arguments, **{word: 1})
    assert message.startswith(f"{word}: ")
    assert says in message


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("epochs", (0, -1, 1.0, "1", None, True)),
        ("initial_epoch", (-1, 1, 2, 0.0, "0", None)),
        ("steps_per_epoch", (0, -3, 2.0, "2", False)),
        ("batch_size", (0, -1, 8.0, "8", True)),
        ("verbose", (3, -1, 1.0, "loud", None, [])),
        ("shuffle", (1, "batch", 0.5)),
    ],
)
def test_impossible_values_are_named(word: str, values: tuple[Any, ...], untrained: EGAN) -> None:
    for value in values:
        assert refusal(untrained, "fit", X, **{"verbose": 0, word: value}).startswith(f"{word}: must be ")


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("jit_compile", ("yes", 1, None)),
        ("run_eagerly", ("yes", 1, None)),
        ("steps_per_execution", (0, -1, 1.5, "auto", None)),
    ],
)
def test_impossible_values_of_compile_are_named(word: str, values: tuple[Any, ...], untrained: EGAN) -> None:
    for value in values:
        assert refusal(untrained, "compile", **{word: value}).startswith(f"{word}: must be ")


def test_an_epoch_must_be_whole_executions() -> None:
    egan = model()
    egan.compile(steps_per_execution=2, jit_compile=False)
    draw = lambda generation, count: tf.zeros([count, 2])  # noqa: E731
    for x in (draw, tf.data.Dataset.from_tensor_slices(X).batch(8).repeat()):
        assert refusal(egan, "fit", x, steps_per_epoch=3).startswith(
            "steps_per_epoch: must be a multiple of steps_per_"
        )
    egan.fit(draw, steps_per_epoch=4, verbose=0)
    assert egan.generation.numpy() == 4


@pytest.mark.parametrize(
    ("method", "arguments"), [("fit", (X,)), ("train_on_batch", (X,)), ("train_step", (tf.constant(X),))]
)
def test_compile_comes_first(method: str, arguments: tuple[Any, ...]) -> None:
    egan = EGAN(*networks(POINT))
    assert refusal(egan, method, *arguments) == f"compile: must be called before {method}: compile first"


@pytest.mark.parametrize("method", ["evaluate", "test_on_batch"])
@pytest.mark.parametrize("compiled", [True, False])
def test_evaluation_points_at_the_metrics(method: str, compiled: bool, untrained: EGAN) -> None:
    egan = untrained if compiled else EGAN(*networks(POINT))
    for arguments, words in (((), {}), ((X, X), {"verbose": 0}), ((X,), {"return_dict": True, "steps": 2})):
        message = refusal(egan, method, *arguments, **words)
        assert message.startswith(f"{method}: ")
        assert "egan_tf.metrics.evaluate" in message
        assert "Evaluations" in message


@pytest.mark.parametrize("words", [{}, {"batch_size": 3}, {"batch_size": 500}, {"verbose": 1}, {"verbose": 2}], ids=str)
@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("ema_decay", [0.0, 0.5])
def test_predict_samples(words: dict[str, Any], conditional: bool, ema_decay: float) -> None:
    egan = EGAN(*networks(POINT, conditional), ema_decay=ema_decay)
    if ema_decay:
        egan.population.average_stack.assign([value * 2.0 for value in egan.population.averages])
    noise = np.random.default_rng(0).normal(size=(70, LATENT)).astype("float32")
    given = (noise, np.arange(70) % 4) if conditional else (noise,)
    x = given if conditional else noise
    found = egan.predict(x, **words)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, egan.sample(*given), atol=1e-6)
    np.testing.assert_array_equal(egan.predict_on_batch(x), egan.sample(*given))


@pytest.mark.parametrize(
    "x",
    [
        np.zeros([4, LATENT + 1]),
        np.zeros([0, LATENT]),
        np.zeros(LATENT),
        None,
        "noise",
        [[0.0], [0.0, 1.0]],
        (np.zeros([4, LATENT]), np.zeros(4)),
        tf.data.Dataset.from_tensors(np.zeros([4, LATENT])),
    ],
    ids=repr,
)
def test_predict_refuses_what_is_no_noise(x: Any, untrained: EGAN) -> None:
    for method in ("predict", "predict_on_batch"):
        assert refusal(untrained, method, x).startswith("x: must be ")


def test_predict_needs_the_labels_of_conditional_networks() -> None:
    egan = EGAN(*networks(POINT, conditional=True))
    noise = np.zeros([4, LATENT])
    for x in (noise, (noise,), (noise, np.zeros(3)), (noise, 1)):
        assert refusal(egan, "predict", x).startswith("x: must ")


@pytest.mark.parametrize(("word", "value"), [("batch_size", 0), ("batch_size", 1.5), ("verbose", 7)])
def test_impossible_values_of_predict_are_named(word: str, value: Any, untrained: EGAN) -> None:
    assert refusal(untrained, "predict", np.zeros([4, LATENT]), **{word: value}).startswith(f"{word}: must be ")


def test_compiling_again_in_mixed_precision_is_no_other_than_the_first_time() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        egan = model()
        kinds = []
        for _ in range(2):
            egan.compile("sgd", "sgd", jit_compile=False)
            kinds.append([type(one).__name__ for one in (egan.generator_optimizer, egan.discriminator_optimizer)])
    finally:
        keras.config.set_dtype_policy("float32")
    assert kinds == [["LossScaleOptimizer"] * 2] * 2


def test_the_words_of_train_on_batch_come_in_the_order_of_keras(untrained: EGAN) -> None:
    names = list(inspect.signature(keras.Model.train_on_batch).parameters)
    assert list(inspect.signature(EGAN.train_on_batch).parameters)[: len(names)] == names
    for weights in (np.ones(2 * BATCH), True):
        assert refusal(untrained, "train_on_batch", X[: 2 * BATCH], None, weights).startswith("sample_weight: is not")
    assert refusal(untrained, "train_on_batch", X[: 2 * BATCH], return_dict="no").startswith("return_dict: must be ")


@pytest.mark.parametrize("size", ["8", 8.0, True, 0, None])
def test_a_generation_of_no_batch_size_is_refused(size: Any, untrained: EGAN) -> None:
    assert refusal(untrained, "samples_per_generation", size).startswith("batch_size: must be a whole number")


def test_a_step_on_an_unknown_number_of_samples_is_refused(untrained: EGAN) -> None:
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *POINT])])
    def step(batch: tf.Tensor) -> None:
        assert refusal(untrained, "train_step", batch).startswith("x: holds an unknown number of samples")

    step.get_concrete_function()
