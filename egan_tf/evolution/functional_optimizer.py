"""Makes Keras' `stateless_apply` work on TensorFlow, and optimizers that were built before usable again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from egan_tf.utils.checks import InputError

_BASE, _TENSORFLOW = (
    next(kind for kind in keras.optimizers.Optimizer.__mro__ if kind.__name__ == name)
    for name in ("BaseOptimizer", "TFOptimizer")
)
# TensorFlow's methods that update variables in place, through `merge_call` of tf.distribute.
_RESTORED = (
    "assign",
    "assign_add",
    "assign_sub",
    "_apply_weight_decay",
    "_backend_update_step",
    "_backend_increment_gradient_accumulators",
)
# Methods that are written again below.
_REWRITTEN = ("stateless_apply", "_var_key", "_overwrite_model_variables_with_average_value")
# Methods of TensorFlow's class that stay: they create variables, and clip with TensorFlow.
_KEPT = ("__init__", "add_variable_from_reference", "_clip_by_norm")


class _Reference:
    """The value of a variable in a stateless scope, read when it is used.

    `variable.value` of a TensorFlow variable is such a reference too: it changes when the variable is assigned to. Some
    optimizers, such as Keras' ScheduleFreeAdamW, compute other numbers with a value that stays.
    """

    def __init__(self, scope: keras.StatelessScope, variable: keras.Variable) -> None:
        self._scope, self._variable = scope, variable

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        return tf.convert_to_tensor(self._scope.state_mapping[id(self._variable)], dtype=dtype, name=name)

    def __getattr__(self, name: str) -> Any:
        return getattr(tf.convert_to_tensor(self), name)


def _operator(name: str) -> Callable[..., tf.Tensor]:
    return lambda self, *others: getattr(tf.convert_to_tensor(self), name)(*others)


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "matmul", "rmatmul"):
    setattr(_Reference, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("neg", "abs", "getitem", "lt", "le", "gt", "ge"):
    setattr(_Reference, f"__{_name}__", _operator(f"__{_name}__"))


class _ReferenceScope(keras.StatelessScope):
    """A stateless scope in which values are references, as those of TensorFlow's variables."""

    def get_current_value(self, variable: keras.Variable) -> Any:
        return _Reference(self, variable) if id(variable) in self.state_mapping else None


class _Functional(_TENSORFLOW):  # type: ignore[misc, valid-type]
    """Restores Keras' backend-neutral methods, `stateless_apply` among them, over those for tf.distribute.

    In the method resolution order this class comes after the optimizer's own class, whose overrides still apply, and
    before TFOptimizer.

    Attributes:
        line_steps: what schedules of the learning rate follow instead of the optimizer's own step count; None for that
            count.
    """

    line_steps: tf.Tensor | None = None

    def _get_current_learning_rate(self) -> Any:
        rate = self._learning_rate
        if self.line_steps is None or not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
            return super()._get_current_learning_rate()
        return rate(self.line_steps)

    def stateless_apply(
        self, optimizer_variables: Sequence[tf.Tensor], grads: list[tf.Tensor], trainable_variables: Sequence[tf.Tensor]
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """One step: the weights and the optimizer's variables after it."""
        weights, own = self._trainable_variables, self.variables
        mapping = [*zip(weights, trainable_variables, strict=True), *zip(own, optimizer_variables, strict=True)]
        with _ReferenceScope(state_mapping=mapping) as scope:
            self.apply(grads)
            # Converted within the scope: the value may be another variable, whose value ends with the scope.
            weights_after, own_after = (
                [tf.convert_to_tensor(scope.state_mapping[id(variable)]) for variable in variables]
                for variables in (weights, own)
            )
        if len(scope.state_mapping) > len(mapping):
            problem = "assigns to a variable that its `variables` do not list; make it by add_variable"
            raise InputError("optimizer", f"{type(self).__name__} {problem}")
        return weights_after, own_after

    def _var_key(self, variable: Any) -> Any:
        # In a stateless scope `variable.value` is a tensor; the key is that of the variable itself.
        return super()._var_key(getattr(variable, "_value", variable))

    def _overwrite_model_variables_with_average_value(self, trainable_variables: Sequence[keras.Variable]) -> None:
        for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            if average is not None:
                # The value, because a stateless scope would hold the variable itself, and lose its value at the end.
                variable.assign(average.value)

    def _backend_apply_gradients(self, grads: list[tf.Tensor], trainable_variables: list[keras.Variable]) -> None:
        """As Keras' method, but what the branches of a condition assign is visible after it."""
        every = self.gradient_accumulation_steps
        if every:
            sums = [self._accumulated_gradients[self._get_variable_index(variable)] for variable in trainable_variables]

            def step_on_mean() -> None:
                self._update(
                    [(part + total) / every for part, total in zip(grads, sums, strict=True)], trainable_variables
                )
                self._backend_reset_gradient_accumulators()

            is_last = (self._iterations + 1) % every == 0
            self._assign_if(is_last, step_on_mean, lambda: self._backend_increment_gradient_accumulators(grads, sums))
        else:
            self._update(grads, trainable_variables)
        if self.use_ema:
            weights = self._trainable_variables
            self._update_model_variables_moving_average(weights)
            if self.ema_overwrite_frequency:
                is_time = (self.iterations + 1) % self.ema_overwrite_frequency == 0
                overwrite = self._overwrite_model_variables_with_average_value
                self._assign_if(is_time, lambda: overwrite(weights), lambda: None)

    def _update(self, gradients: list[tf.Tensor], variables: list[keras.Variable]) -> None:
        gradients = self._clip_gradients(gradients)
        self._apply_weight_decay(variables)
        self._backend_update_step(gradients, variables, self.learning_rate)

    def _assign_if(self, condition: tf.Tensor, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """Runs one of two functions that assign to weights and slots."""
        variables = [*self._trainable_variables, *self.variables]
        values = [tf.convert_to_tensor(variable.value) for variable in variables]

        def assigned_by(function: Callable[[], None]) -> list[tf.Tensor]:
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
                function()
            return [tf.convert_to_tensor(scope.get_current_value(variable)) for variable in variables]

        after = tf.cond(condition, lambda: assigned_by(yes), lambda: assigned_by(no))
        for variable, value in zip(variables, after, strict=True):
            variable.assign(value)


for _name in _RESTORED:
    setattr(_Functional, _name, vars(_BASE)[_name])


def _check_keras() -> None:
    """Fails if Keras' class overrides a method that nobody has looked at: it might update variables in place."""
    overridden = {name for name, member in vars(_TENSORFLOW).items() if callable(member) and name in vars(_BASE)}
    unknown = sorted(overridden - {*_RESTORED, *_REWRITTEN, *_KEPT})
    if unknown:
        raise RuntimeError(
            f"Keras {keras.__version__} has methods of optimizers that this version of egan_tf does not know "
            f"({', '.join(unknown)}); install a version of Keras that constraints.txt names"
        )


_check_keras()


def inner_optimizers(optimizer: keras.optimizers.Optimizer) -> Iterator[keras.optimizers.Optimizer]:
    """The optimizer, and those that it wraps."""
    yield optimizer
    wrapped = [optimizer.inner_optimizer] if hasattr(optimizer, "inner_optimizer") else []
    for inner in [*wrapped, *getattr(optimizer, "optimizers", [])]:
        yield from inner_optimizers(inner)


def own_class(optimizer: keras.optimizers.Optimizer) -> Any:
    """The class that the user chose."""
    return type(optimizer).__bases__[0] if isinstance(optimizer, _Functional) else type(optimizer)


def functional(
    optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable], field: str = "optimizer"
) -> keras.optimizers.Optimizer:
    """Builds an optimizer for `weights`, without slots of earlier training, and makes its `stateless_apply` work.

    Args:
        optimizer: any Keras optimizer. If it was built before it becomes as new, with its current learning rate.
        weights: the trainable variables.
        field: its name in the error message.

    Returns:
        The same object.

    Raises:
        InputError: it was built before and cannot be made from its configuration, or does not take the weights.
    """
    if optimizer.built:
        _renew(optimizer, field)
    try:
        optimizer.build(list(weights))
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            field, f"{own_class(optimizer).__name__} does not take the network's weights: {cause}"
        ) from error
    for one in inner_optimizers(optimizer):
        _list_all_variables(one)
        kind = own_class(one)
        # With name and module unchanged, Keras saves and loads it as the original class.
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
        one.__class__ = type(kind.__name__, (kind, _Functional), names)
    return optimizer


def _list_all_variables(optimizer: keras.optimizers.Optimizer) -> None:
    """Adds variables that Keras failed to track, as those that Nadam makes within a LossScaleOptimizer."""
    listed = {*map(id, optimizer.variables), *map(id, optimizer._trainable_variables)}
    for value in keras.tree.flatten(list(vars(optimizer).values())):
        if isinstance(value, keras.Variable) and id(value) not in listed:
            optimizer._track_variable(value)
            listed.add(id(value))


def is_built_for(optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> bool:
    """Whether the optimizer's slots belong to these variables."""
    known = getattr(optimizer, "_trainable_variables", [])
    return len(known) == len(weights) and all(a is b for a, b in zip(known, weights, strict=True))


# Arguments of optimizers that may be objects, and the attributes that hold them.
_MADE_WITH = {
    "learning_rate": "_learning_rate",
    "inner_optimizer": "inner_optimizer",
    "optimizer_map": "_optimizer_map",
}


def _renew(optimizer: keras.optimizers.Optimizer, field: str) -> None:
    """Turns a built optimizer into an unbuilt one with the same settings; the object stays the same."""
    kind = own_class(optimizer)
    for inner in list(inner_optimizers(optimizer))[1:]:
        if inner.built:
            _renew(inner, field)
    # Objects that the optimizer was made with stay the same; a configuration would need to find functions by name.
    held = {name: vars(optimizer).get(attribute) for name, attribute in _MADE_WITH.items()}
    objects = {
        name: value for name, value in held.items() if callable(value) or isinstance(value, keras.optimizers.Optimizer)
    }
    try:
        with warnings.catch_warnings():
            # Keras warns of functions without a name, which are passed on as they are.
            warnings.simplefilter("ignore")
            config = {**optimizer.get_config(), **objects}
        fresh = kind(**config) if objects else kind.from_config(config)
    except Exception as error:  # a user's class may raise anything
        raise InputError(
            field,
            f"was built already, for other training, and {kind.__name__} cannot be made again from its configuration; "
            "pass a new one",
        ) from error
    # What is set by a method, and so in no configuration.
    kept = {name: value for name, value in vars(optimizer).items() if name.startswith("_exclude_from_weight_decay")}
    optimizer.__class__ = kind
    vars(optimizer).clear()
    vars(optimizer).update({**vars(fresh), **kept})


def restore_averages(
    optimizer: keras.optimizers.Optimizer, state: Sequence[tf.Tensor], weights: Sequence[tf.Tensor]
) -> list:
    """The weights at the end of training: for optimizers with `use_ema` their moving averages.

    Args:
        optimizer: functional.
        state: values of its variables.
        weights: values of the trainable variables that it was built for.
    """
    variables = optimizer._trainable_variables
    mapping = [*zip(variables, weights, strict=True), *zip(optimizer.variables, state, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        optimizer.finalize_variable_values(variables)
    return [tf.convert_to_tensor(scope.get_current_value(variable)) for variable in variables]
