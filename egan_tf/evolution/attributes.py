"""Assignments to attributes of a model: γ acts on the next generation; what would be ignored is refused."""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import keras
import tensorflow as tf

from egan_tf.evolution import gamma
from egan_tf.evolution.fit_arguments import check_jit_compile, check_run_eagerly
from egan_tf.evolution.function_checks import check_fitness
from egan_tf.evolution.functional_optimizer import is_built_for
from egan_tf.evolution.gamma import Gamma
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.strategies import check_xla
from egan_tf.evolution.trainability import TrainableWeights
from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.settings import settings_of

GAMMA = gamma.FIELD
SETTINGS = tuple(settings_of(EvolutionSettings))
COUNTERS = ("generation", "restarts")
ONCE = ("settings", "choices", "conditional", "latent", "sample_shape", "generator", "discriminator", "population")
"""Attributes of the model that the constructor sets for good."""
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
COMPILED = (*OPTIMIZERS, "optimizer", "stateless_optimizer", "loss", "steps_per_execution")
"""Attributes that only `compile` sets."""
TRACED = ("jit_compile", "run_eagerly")
"""Attributes that are compiled into the step."""
_SIMILAR = 0.8
Method = TypeVar("Method", bound=Callable[..., Any])


def while_compiling(method: Method) -> Method:
    """Lets `compile` set what only `compile` sets, and notes which weights are trainable."""

    @functools.wraps(method)
    def compiling(self: AttributesOfEGAN, *args: Any, **kwargs: Any) -> Any:
        self._generator_weights.check()
        self.__dict__["_compiling"] = True
        try:
            result = method(self, *args, **kwargs)
        finally:
            del self.__dict__["_compiling"]
        self.__dict__["_discriminator_weights"] = TrainableWeights("discriminator", self.discriminator)
        self.__dict__["_optimizer_variables"] = [tuple(getattr(self, name).variables) for name in OPTIMIZERS]
        return result

    return compiling  # type: ignore[return-value]


class AttributesOfEGAN(keras.Model):
    """What happens when an attribute of `EGAN` is set."""

    train_function: Any
    best_generator: keras.Model
    _chooses_xla = False
    settings: EvolutionSettings
    _gamma: Gamma
    _generator_weights: TrainableWeights
    replica_count: int

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute.

        Raises:
            InputError: the assignment would have no effect; the message says what has.
        """
        if name == GAMMA:
            self._set_gamma(value)
            return
        if name in TRACED and not _compiling(self):
            self._set_traced(name, value)
            return
        _check_assignment(self, name, value)
        super().__setattr__(name, value)

    def _set_traced(self, name: str, value: Any) -> None:
        """Sets what is compiled into the step; "auto" lets the next `fit` choose."""
        if name == "jit_compile":
            check_jit_compile(value)
            check_xla(value, self.replica_count)
            self.__dict__["_chooses_xla"] = value == "auto"
            value = value is True
        else:
            check_run_eagerly(value)
        retrace = value != getattr(self, name)
        super().__setattr__(name, value)
        if retrace:
            self._trace_anew()

    def __delattr__(self, name: str) -> None:
        """Deletes an attribute, but no part of the model."""
        require(
            name not in (*ONCE, *COUNTERS, *COMPILED, *TRACED), name, "is a part of the model; it cannot be deleted"
        )
        super().__delattr__(name)

    # -- γ -------------------------------------------------------------------------------------------------------

    @property
    def gamma(self) -> float:
        """γ of the next generation.

        A number, a variable or a function of the generation that is assigned acts from the next generation on, also
        during `fit`. The first number that is assigned compiles the step anew, further ones do not.
        """
        return self._gamma.number(self.generation.value)

    @property
    def current_gamma(self) -> float | tf.Tensor:
        """γ of the current generation inside a step: a float if it is constant, otherwise a float32 scalar."""
        return self._gamma.at(self.generation.value)

    def _set_gamma(self, value: Any) -> None:
        given = self.settings.replace(gamma=value).gamma
        check_gamma(self, given, symbolic=True)
        self._gamma_changed(self._gamma.assign(given))

    def _gamma_changed(self, anew: bool) -> None:
        self.__dict__["settings"] = self.settings.replace(gamma=self._gamma.given)
        if anew:
            self._trace_anew()

    def _trace_anew(self) -> None:
        """Makes the train function again, because Keras calls it without looking whether there is one."""
        if self.train_function is None:
            return
        self.train_function = None
        if self._in_step is None:
            self.make_train_function()
        else:
            self._prepare_train_function(*self._in_step[:2])

    def _choose_xla(self, compiled: bool) -> None:
        """Sets `jit_compile` for the user, who has left the choice to the model."""
        if compiled != self.jit_compile:
            self.train_function = None  # Keras would keep one that was made by the other choice
        super().__setattr__("jit_compile", compiled)

    # -- trainable weights -----------------------------------------------------------------------------------------

    def check_unchanged(self) -> None:
        """Checks that the model is compiled, and that its networks have the weights that it was compiled with.

        Raises:
            InputError: it is not, or they have others, or others are trainable, or an optimizer has others than then.
        """
        require(self.compiled, "compile", "must be called before training; its optimizers have defaults")
        self._generator_weights.check()
        if (weights := self.__dict__.get("_discriminator_weights")) is not None:
            weights.check()
        for name, network in zip(OPTIMIZERS, (self.generator, self.discriminator), strict=True):
            own = is_built_for(getattr(self, name), network.trainable_variables)
            require(own, name, "was compiled into another model since; call compile again with an optimizer of its own")
        self._check_optimizers()

    def _check_optimizers(self) -> None:
        noted = self.__dict__.get("_optimizer_variables", [])
        for name, before in zip(OPTIMIZERS, noted, strict=False):
            now = getattr(self, name).variables
            same = len(now) == len(before) and all(map(operator.is_, now, before))
            problem = (
                "has other variables since compile, as where its learning rate became a schedule; call compile again"
            )
            require(same, name, f"{problem} with the schedule")

    def reset_metrics(self) -> None:
        """Keras calls this before every epoch."""
        if self.compiled:
            self.check_unchanged()
        super().reset_metrics()


def check_gamma(model: AttributesOfEGAN, given: Any, symbolic: bool = False) -> None:
    """Checks a value of γ, and that the fitness function takes it if it is not a constant.

    Args:
        model: the model.
        given: as in the settings.
        symbolic: whether a number becomes a variable.
    """
    Gamma(given)
    constant = isinstance(given, float) and not symbolic
    check_fitness(model.choices.fitness, model.generator, model.discriminator, given if constant else None)


def _compiling(model: keras.Model) -> bool:
    return "_compiling" in model.__dict__


def _check_assignment(model: keras.Model, name: str, value: Any) -> None:
    known = name in model.__dict__
    if name in SETTINGS:
        raise InputError(
            name,
            f"cannot be set on a model, got {format_value(value)}; make EGAN(..., {name}=...), and let it load_weights "
            "what this one has saved by save_weights",
        )
    if name == "learning_rate":
        each = " and ".join(f"egan.{optimizer}.learning_rate" for optimizer in OPTIMIZERS)
        raise InputError(name, f"a model has two; set {each}, got {format_value(value)}")
    if name in COUNTERS and known:
        raise InputError(name, f"is a counter of the model; {name}.assign(...) changes it")
    if name in ONCE and known and value is not model.__dict__[name]:
        raise InputError(name, f"cannot be replaced; make another model with EGAN(...), got {format_value(value)}")
    if name in COMPILED and not _compiling(model) and (known or name in OPTIMIZERS):
        given = name if name in (*OPTIMIZERS, "steps_per_execution") else "generator_optimizer"
        raise InputError(name, f"only compile sets it; call compile({given}=...), got {format_value(value)}")
    if not (known or name in (*ONCE, *COUNTERS, *COMPILED) or name.startswith("_") or hasattr(type(model), name)):
        _check_spelling(name)


def _check_spelling(name: str) -> None:
    near = difflib.get_close_matches(name.lower(), SETTINGS, n=1, cutoff=_SIMILAR)
    if near:
        how = "" if near[0] == GAMMA else ", which only the constructor takes"
        raise InputError(name, f"is no attribute of EGAN (did you mean {near[0]!r}{how}?)")
