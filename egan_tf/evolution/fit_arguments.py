"""The words of `compile`, `fit` and their kin: what each means for an E-GAN, or why it has no meaning."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from egan_tf.utils.checks import InputError, format_value, integer, require

EVALUATE = (
    "egan_tf.metrics.evaluate.evaluate measures the samples of a model, and the callback "
    "egan_tf.training.callbacks.evaluation.Evaluations does so during training"
)
WEIGHTS = "samples have no weights; give the data in the proportions that you want"
VALIDATION = f"a GAN has no loss to validate; {EVALUATE}"
ON_DATASET = "belongs to the keras.utils.PyDataset; give it to its constructor"

FIT: Mapping[str, tuple[Any, str]] = {
    "class_weight": (None, WEIGHTS),
    "sample_weight": (None, WEIGHTS),
    "validation_data": (None, VALIDATION),
    "validation_split": (0.0, VALIDATION),
    "validation_steps": (None, VALIDATION),
    "validation_batch_size": (None, VALIDATION),
    "validation_freq": (1, VALIDATION),
    "workers": (1, ON_DATASET),
    "use_multiprocessing": (False, ON_DATASET),
    "max_queue_size": (10, ON_DATASET),
}
"""Words that Keras has and E-GAN has no use for: the value that means nothing, and what to do instead."""

OBJECTIVES = "set discriminator_loss and mutations of EGAN"
COMPILE: Mapping[str, tuple[Any, str]] = {
    "optimizer": (None, "there are two: set generator_optimizer and discriminator_optimizer"),
    "loss": (None, f"{OBJECTIVES} instead of one loss"),
    "loss_weights": (None, f"there is no single loss to weigh; {OBJECTIVES}"),
    "metrics": (None, f"metrics of Keras compare predictions with targets; {EVALUATE}"),
    "weighted_metrics": (None, f"metrics of Keras compare predictions with targets; {EVALUATE}"),
    "auto_scale_loss": (True, "networks with layers in float16 get loss scaling, and no others need it"),
}
VERBOSE = ("auto", 0, 1, 2)


def check_words(
    function: str, words: Mapping[str, Any], known: Iterable[str], refused: Mapping[str, tuple[Any, str]]
) -> None:
    """Raises `InputError` for every word that `function` cannot honour.

    Args:
        function: its name.
        words: the keywords that it does not declare.
        known: names of those that it does.
        refused: by name, the value that means nothing, and what to do instead.
    """
    for word, value in words.items():
        if word not in refused:
            similar = difflib.get_close_matches(word, [*known, *refused], n=1)
            hint = f"; did you mean {similar[0]!r}?" if similar else f"; it takes {', '.join(known)}"
            raise InputError(word, f"is no argument of {function}{hint}")
        nothing, advice = refused[word]
        neutral = value is nothing or (isinstance(value, bool | int | float) and value == nothing)
        require(neutral, word, f"is not supported: {advice}")


def check_compile(jit_compile: Any, words: Mapping[str, Any]) -> None:
    """Raises `InputError` unless these arguments of `compile` have a meaning."""
    check_jit_compile(jit_compile)
    own = ("run_eagerly", "steps_per_execution")
    others = {word: value for word, value in words.items() if word not in own}
    known = ("generator_optimizer", "discriminator_optimizer", "jit_compile", *own)
    check_words("compile", others, known, COMPILE)
    integer("steps_per_execution", words.get("steps_per_execution", 1))
    check_run_eagerly(words.get("run_eagerly", False))


def check_jit_compile(value: Any) -> None:
    """Raises `InputError` unless this is a value of `jit_compile`."""
    valid = value == "auto" if isinstance(value, str) else isinstance(value, bool)
    require(valid, "jit_compile", f"must be True, False or 'auto', got {format_value(value)}")


def check_run_eagerly(value: Any) -> None:
    """Raises `InputError` unless this is a value of `run_eagerly`."""
    require(isinstance(value, bool), "run_eagerly", f"must be True or False, got {format_value(value)}")


def check_fit(words: Mapping[str, Any], epochs: Any, initial_epoch: Any, steps_per_epoch: Any, verbose: Any) -> None:
    """Raises `InputError` unless these arguments of `fit` have a meaning."""
    known = ("x", "y", "batch_size", "epochs", "verbose", "callbacks", "shuffle", "initial_epoch", "steps_per_epoch")
    check_words("fit", words, known, FIT)
    integer("epochs", epochs)
    integer("initial_epoch", initial_epoch, 0)
    require(initial_epoch < epochs, "initial_epoch", f"must be below epochs, {epochs}, got {initial_epoch}")
    if steps_per_epoch is not None:
        integer("steps_per_epoch", steps_per_epoch)
    check_verbose(verbose)


def check_verbose(verbose: Any) -> None:
    """Raises `InputError` unless Keras knows this value of `verbose`."""
    valid = isinstance(verbose, str | int) and verbose in VERBOSE
    require(valid, "verbose", f"must be 'auto', 0, 1 or 2, got {format_value(verbose)}")


def check_executions(steps: int | None, steps_per_execution: int) -> None:
    """Raises `InputError` if an epoch of a given length would end inside of an execution."""
    require(
        steps is None or steps % steps_per_execution == 0,
        "steps_per_epoch",
        f"must be a multiple of steps_per_execution, {steps_per_execution}, got {steps}",
    )


def require_compiled(model: keras.Model, function: str) -> None:
    """Raises `InputError` if `compile` has not been called."""
    require(model.compiled, "compile", f"must be called before {function}: compile first")


@contextmanager
def quiet_end_of_data(steps: int | None) -> Iterator[None]:
    """Without a given length Keras finds that of an epoch by reaching its end, which needs no warning."""
    with warnings.catch_warnings():
        if steps is None:
            warnings.filterwarnings("ignore", message="Your input ran out of data")
        yield
