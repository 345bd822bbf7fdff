"""The space of a search: which settings vary, and between which values.

A parameter is written `NAME=KIND:VALUES`. It may stand for several settings that get the same value,
`NAME,NAME=KIND:VALUES`. The kinds are those of `KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egan_tf.search.searchable import SECTIONS, check_value, declared_setting
from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError, format_value, repeated, require
from egan_tf.utils.flags import NONE
from egan_tf.utils.settings import Setting

KINDS = {
    "log": "log:LOW:HIGH, uniform in the logarithm",
    "uniform": "uniform:LOW:HIGH[:STEP]",
    "int": "int:LOW:HIGH[:STEP], whole numbers",
    "choice": "choice:A|B|..., with NAME+NAME for a sequence of names, and none where that is a value",
}
_SEPARATOR, _AND = "|", "+"
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}

Drawn = Mapping[str, Any]
"""By the label of a parameter, what a sampler drew: a number, or the text of a choice."""


@dataclass(frozen=True)
class Parameter:
    """One dimension of the space.

    Attributes:
        names: of the settings that get its value.
        kind: of `KINDS`.
        low: the smallest value; of a choice, 0.
        high: the largest value; of a choice, 0.
        step: between the values; None for all.
        choices: texts of the values of a choice.
    """

    names: tuple[str, ...]
    kind: str
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its name in a study."""
        return ",".join(self.names)

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.kind == "int" or (self.kind == "log" and any(_declared(name).kind is int for name in self.names))

    @property
    def text(self) -> str:
        """KIND:VALUES, which `parse_parameter` reads."""
        if self.kind == "choice":
            return f"choice:{_SEPARATOR.join(self.choices)}"
        bounds = [self.low, self.high, *([] if self.step is None else [self.step])]
        return ":".join([self.kind, *(f"{int(bound)}" if self.whole else repr(bound) for bound in bounds)])

    def settings(self, drawn: Any) -> dict[str, Any]:
        """The values of its settings, by name, for what a sampler drew."""
        if self.kind == "choice":
            return {name: _choice(_declared(name), str(drawn)) for name in self.names}
        return {name: _declared(name).kind(drawn) for name in self.names}

    def drawn(self, config: Config) -> Any:
        """What a sampler would have drawn for the values of a configuration; None if they are not in the space."""
        first, *others = (getattr(getattr(config, SECTIONS[name]), name) for name in self.names)
        if any(other != first for other in others):
            return None
        if self.kind == "choice":
            wanted = dict.fromkeys(self.names, first)
            return next((choice for choice in self.choices if self.settings(choice) == wanted), None)
        if not (isinstance(first, int | float) and self.low <= first <= self.high):
            return None
        if self.whole:
            if first != int(first):
                return None
            first = int(first)
        steps = 0.0 if self.step is None else (first - self.low) / self.step
        return first if abs(steps - round(steps)) < 1e-9 else None


def parse_space(texts: Sequence[str]) -> tuple[Parameter, ...]:
    """The space of `NAME=KIND:VALUES` texts.

    Raises:
        InputError: as `parse_parameter`; or a setting is named twice.
    """
    space: list[Parameter] = []
    for text in texts:
        names, equals, values = text.partition("=")
        require(bool(equals), "search", f"{format_value(text)} must be NAME=KIND:VALUES, such as width=int:16:64")
        space.append(parse_parameter(names, values))
    named = [name for parameter in space for name in parameter.names]
    for name in named:
        require(named.count(name) == 1, name, "is searched twice; name each setting once")
    return tuple(space)


def parse_parameter(names: str, text: str) -> Parameter:
    """The parameter of `NAME[,NAME]` and `KIND:VALUES`; every bound and choice is checked against its settings.

    Raises:
        InputError: a name is unknown or cannot be searched, the text has another form, or a value is outside the limits
            of its setting.
    """
    settings = tuple(name.strip().replace("-", "_") for name in names.split(","))
    for name in settings:
        _declared(name)
    kind, _, values = text.partition(":")
    require(kind in KINDS, settings[0], f"{format_value(text)} is none of {'; '.join(KINDS.values())}")
    parameter = _choices(settings, values) if kind == "choice" else _range(settings, kind, text)
    for value in parameter.choices or (parameter.low, parameter.high):
        for name, setting in parameter.settings(value).items():
            check_value(name, setting)
    return parameter


def config_of(base: Config, space: Sequence[Parameter], drawn: Drawn) -> Config:
    """A configuration with the values that a sampler drew."""
    return base.replace(**changes_of(space, drawn))


def changes_of(space: Sequence[Parameter], drawn: Drawn) -> dict[str, dict[str, Any]]:
    """The values that a sampler drew, by section and name."""
    changes: dict[str, dict[str, Any]] = {}
    for parameter in space:
        for name, value in parameter.settings(drawn[parameter.label]).items():
            changes.setdefault(SECTIONS[name], {})[name] = value
    return changes


def own_values(base: Config, space: Sequence[Parameter]) -> dict[str, Any] | None:
    """The values of the configuration itself as a sampler would draw them; None if they are not all in the space."""
    found = {parameter.label: parameter.drawn(base) for parameter in space}
    return None if None in found.values() else found


def format_drawn(value: Any) -> str:
    """A drawn value for tables."""
    return f"{value:.4g}" if isinstance(value, float) else str(value) or "none"


def _declared(name: str) -> Setting:
    return declared_setting(name)


def _choices(names: tuple[str, ...], text: str) -> Parameter:
    choices = tuple(choice.strip() for choice in text.split(_SEPARATOR))
    require(len(choices) > 1, names[0], f"a choice has at least two values, as in choice:A|B, got {format_value(text)}")
    parameter = Parameter(names, "choice", choices=choices)
    values = [tuple(parameter.settings(choice).values()) for choice in choices]
    for place, choice in enumerate(choices):
        first = choices[values.index(values[place])]
        require(choice == first, names[0], f"the choices {format_value(first)} and {format_value(choice)} are the same")
    twice = repeated(choices)
    require(twice is None, names[0], f"the choice {format_value(twice)} is named twice")
    return parameter


def _range(names: tuple[str, ...], kind: str, text: str) -> Parameter:
    """A parameter between two numbers."""
    kinds = {_declared(name).kind for name in names}
    form = f"{format_value(text)} must be {KINDS[kind]}"
    require(kinds <= {int, float}, names[0], f"is no number; {KINDS['choice']}")
    require(kind != "uniform" or int not in kinds, names[0], f"is a whole number; {KINDS['int']}")
    numbers = [_number(part, form, names[0]) for part in text.split(":")[1:]]
    require(len(numbers) == 2 or (len(numbers) == 3 and kind != "log"), names[0], form)
    low, high, step = (*numbers, None)[:3]
    assert low is not None
    assert high is not None
    require(low < high, names[0], f"{form}, with LOW below HIGH")
    require(kind != "log" or low > 0, names[0], f"{form}, with LOW above 0")
    require(step is None or 0 < step <= high - low, names[0], f"{form}, with a STEP above 0 that fits between them")
    if kind == "int" or int in kinds:
        require(all(number == int(number) for number in numbers), names[0], f"{form}, in whole numbers")
    return Parameter(names, kind, low, high, step)


def _number(text: str, form: str, name: str) -> float:
    # float() also reads 1_000, nan and inf.
    require(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text) is not None, name, form)
    value = float(text)
    require(abs(value) < 2**53, name, f"{form}, with numbers below 2^53")
    return value


def _choice(declared: Setting, text: str) -> Any:
    """The value of a setting that a choice's text stands for; text that cannot be converted stays, to be refused."""
    if declared.optional and text in NONE:
        return None
    if declared.kind is tuple:
        return tuple(part.strip() for part in text.split(_AND)) if text else ()
    if declared.kind is bool:
        return _TRUTH.get(text, text)
    if declared.kind in (int, float):
        try:
            return declared.kind(text)
        except ValueError:
            return text
    return text


def check_fixed(space: Sequence[Parameter], fixed: Collection[str]) -> None:
    """Refuses settings that are fixed by a flag and searched.

    Raises:
        InputError: there is one; the message names it.
    """
    both = [name for parameter in space for name in parameter.names if name in fixed]
    if both:
        raise InputError(both[0], f"is fixed by --{both[0].replace('_', '-')} and searched; leave one out")
