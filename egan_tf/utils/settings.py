"""Settings that are declared once: type, default, limits, help, and role.

A group of settings is a subclass of `Settings`, a setting an annotated field made by `setting`. Everything else is
derived from the declaration: the checks in Python, in JSON and on the command line, flags and their help
(`utils/flags`), which values a resumed run may change, which values are left out of published files, and the keyword
signature and documentation of a function that takes them (`utils/signatures`).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Any, Literal

import pydantic
from pydantic import ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from egan_tf.utils.checks import InputError, format_value, integer, number, one_of, require

if typing.TYPE_CHECKING:
    from typing_extensions import Self

_LIMITS = ("ge", "gt", "le", "lt")


def setting(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    min_length: int | None = None,
    registry: str = "",
    functions: bool = False,
    changeable: bool = False,
    folder: bool = False,
) -> Any:
    """Declares a field of a `Settings` class.

    Args:
        default: the default value.
        help: one phrase for flags and documentation, in ASCII, lower case, without a full stop.
        ge: inclusive lower limit; required for a whole number.
        gt: exclusive lower limit.
        le: inclusive upper limit.
        lt: exclusive upper limit.
        min_length: of a sequence.
        registry: `module:NAME` of the registry that contains its names.
        functions: whether functions are accepted besides names; on the command line as `module:function`.
        changeable: whether a resumed run may change it.
        folder: whether it is a local path, which is left out of published files and may change in a resumed run.
    """
    limits: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "lt": lt, "min_length": min_length}
    role: dict[str, Any] = {"registry": registry, "functions": functions, "folder": folder}
    role["changeable"] = changeable or folder
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return pydantic.Field(default, description=help, json_schema_extra=role, **given)


@dataclass(frozen=True)
class Setting:
    """A declared setting. Most attributes are the arguments of `setting`; the others are:

    Attributes:
        name: of the field.
        kind: `int`, `float`, `bool` or `str`; `Literal` for one of `choices`; `tuple` for a sequence of names.
        choices: of a `Literal`.
        optional: whether None is a value.
    """

    name: str
    kind: Any
    choices: tuple[str, ...]
    optional: bool
    default: Any
    help: str
    limits: Mapping[str, float]
    registry: str
    functions: bool
    changeable: bool
    folder: bool

    def refuse(self, value: Any, reason: str = "cannot be used") -> InputError:
        """The error for an invalid value, worded as in `utils/checks`; `reason` is used if no limit explains it."""
        try:
            if self.kind is int:
                integer(self.name, value, int(self.limits["ge"]), self._whole("le"))
            elif self.kind is float:
                limits = self.limits
                minimum, maximum = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
                bounds = {"minimum": minimum, "maximum": maximum}
                number(
                    self.name,
                    value,
                    **{name: bound for name, bound in bounds.items() if bound is not None},
                    above="gt" in limits,
                    below="lt" in limits,
                )
            elif self.kind is Literal:
                one_of(self.name, value, self.choices)
        except InputError as error:
            return error
        what = {
            bool: "true or false",
            tuple: "a sequence of names or functions" if self.functions else "a sequence of names",
            str: "a name or a function" if self.functions else "text",
        }.get(self.kind)
        problem = reason if what is None else f"must be {what}"
        if self.kind is tuple and value in ((), []):
            problem += ", at least one"
        return InputError(self.name, f"{problem}, got {format_value(value)}")

    def _whole(self, limit: str) -> int | None:
        return int(self.limits[limit]) if limit in self.limits else None


class Settings(pydantic.BaseModel):
    """A group of settings, checked on construction and immutable.

    Values are not converted silently: a boolean is not a number, 1.0 is not a whole number, and text is neither. Only
    equivalent values are accepted: numpy scalars as Python's, a list as a tuple, a whole number as a float.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        """Takes the values by name; settings that are not given have their defaults.

        Raises:
            InputError: a name is unknown or a value is invalid; the message names the first such field.
        """
        fields = type(self).model_fields
        for name in values:
            if name not in fields:
                raise unknown_setting(name, tuple(fields), title_of(type(self)).partition(":")[0].lower())
        try:
            super().__init__(**{name: _as_python(value) for name, value in values.items()})
        except ValidationError as error:
            raise _refusal(type(self), values, error) from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses: the settings of a model, or of a run, stay what they were when it was made."""
        raise InputError(name, f"settings are frozen; {type(self).__name__}.replace makes a copy with another value")

    @pydantic.field_validator("*")
    @classmethod
    def _check_text(cls, value: Any, info: pydantic.ValidationInfo) -> Any:
        """Refuses text that cannot be part of a file name."""
        if isinstance(value, str):
            try:
                valid = b"\0" not in value.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                valid = False
            require(valid, str(info.field_name), f"holds characters that no name can have, got {format_value(value)}")
        return value

    def replace(self, **changes: Any) -> Self:
        """A copy with some values changed, which is checked again.

        Args:
            **changes: new values; for a group inside this one, a mapping of its changes.
        """
        values = dict(self)
        for name, value in changes.items():
            inner = values.get(name)
            changed = isinstance(inner, Settings) and isinstance(value, Mapping)
            values[name] = inner.replace(**value) if changed else value  # type: ignore[union-attr]
        return type(self)(**values)

    def to_dict(self) -> dict[str, Any]:
        """As nested dictionaries that JSON can hold.

        Raises:
            InputError: a value is a function.
        """
        return {
            name: value.to_dict() if isinstance(value, Settings) else _storable(name, value) for name, value in self
        }


@cache
def settings_of(group: type[Settings]) -> Mapping[str, Setting]:
    """The settings that a class declares, by name, in order, without groups inside it."""
    found = {name: _setting(name, field) for name, field in group.model_fields.items()}
    return {name: value for name, value in found.items() if value is not None}


@cache
def sections_of(group: type[Settings]) -> Mapping[str, type[Settings]]:
    """The groups of settings inside a class, by name, in order."""
    return {
        name: field.annotation
        for name, field in group.model_fields.items()
        # On Python 3.10 `tuple[int, ...]` is an instance of `type` too.
        if typing.get_origin(field.annotation) is None
        and isinstance(field.annotation, type)
        and issubclass(field.annotation, Settings)
    }


def title_of(group: type[Settings]) -> str:
    """The first line of a group's docstring, without its full stop."""
    return (group.__doc__ or group.__name__).splitlines()[0].rstrip(".")


def unknown_setting(name: Any, names: tuple[str, ...], where: str) -> InputError:
    """The error for an unknown name of a setting; suggests the nearest one."""
    try:
        one_of(where, name, names)
    except InputError as error:
        return InputError(where, error.problem.replace("unknown value", "unknown setting", 1))
    raise ValueError(f"{name} is a setting")


def _setting(name: str, field: FieldInfo) -> Setting | None:
    role = field.json_schema_extra
    if not isinstance(role, dict):
        return None
    members = _members(field.annotation)
    kinds = [typing.get_origin(member) or member for member in members]
    choices = typing.get_args(members[kinds.index(Literal)]) if Literal in kinds else ()
    limits = {limit: getattr(bound, limit) for bound in field.metadata for limit in _LIMITS if hasattr(bound, limit)}
    kind = next(kind for kind in (Literal, tuple, bool, int, float, str) if kind in kinds)
    return Setting(
        name,
        kind,
        choices,
        types.NoneType in kinds,
        field.default,
        field.description or "",
        limits,
        **role,  # type: ignore[arg-type]
    )


def _members(annotation: Any) -> tuple[Any, ...]:
    """The types of a union; for any other annotation, the annotation itself."""
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return typing.get_args(annotation)
    return (annotation,)


def _as_python(value: Any) -> Any:
    """Converts numpy scalars to int and float, and lists to tuples."""
    if isinstance(value, list):
        return tuple(value)
    if type(value) in (bool, int, float):
        return value
    try:
        if isinstance(value, Integral) and not isinstance(value, bool):
            return int(value)
        if isinstance(value, Real):
            return float(value)
    except (OverflowError, ValueError):  # a fraction beyond the range of floats
        return value
    return value


def _storable(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _storable(name, inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_storable(name, inner) for inner in value)
    if callable(value):
        raise InputError(
            name, f"holds a function, {format_value(value)}, which no file can hold; give a name or module:function"
        )
    return value


def _refusal(group: type[Settings], given: Mapping[str, Any], error: ValidationError) -> InputError:
    """The first of pydantic's errors as an `InputError`."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause
    name = str(first["loc"][0]) if first["loc"] else title_of(group)
    # An error about a member of a sequence carries only that member.
    value = given.get(name, first["input"])
    if name in sections_of(group):
        return InputError(name, f"must be a JSON object, got {format_value(value)}")
    declared = settings_of(group).get(name)
    problem = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
    if declared is None:
        return InputError(name, f"{problem}, got {format_value(value)}")
    return declared.refuse(value, problem)
