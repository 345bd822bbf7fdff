"""Which settings a search may vary, and the check of a value without the libraries of training."""

from __future__ import annotations

from typing import Any

from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError
from egan_tf.utils.registries import names_in
from egan_tf.utils.settings import Setting, sections_of, settings_of, unknown_setting
from egan_tf.utils.user_code import check_registered

SECTIONS = {name: section for section, group in sections_of(Config).items() for name in settings_of(group)}
"""By setting, its section."""

_OWN = "is set by the study for each trial"
_MEASURE = "decides what is measured, so that trials could not be compared; fix it by its flag"
REFUSED = {
    **dict.fromkeys(("name", "overwrite"), _OWN),
    "preset": "names a whole configuration; fix it by its flag",
    **dict.fromkeys(("dataset", "resolution", "channels"), _MEASURE),
    **dict.fromkeys(settings_of(sections_of(Config)["metrics"]), _MEASURE),
}
"""By setting, why it cannot be searched."""


def declared_setting(name: str) -> Setting:
    """The declaration of a setting that a search may vary.

    Raises:
        InputError: there is none of this name, or it cannot be searched.
    """
    if name not in SECTIONS:
        raise unknown_setting(name, tuple(SECTIONS), "search")
    declared = settings_of(sections_of(Config)[SECTIONS[name]])[name]
    reason = _OWN if declared.folder else REFUSED.get(name)
    if reason is not None:
        raise InputError(name, f"cannot be searched: it {reason}")
    return declared


def check_value(name: str, value: Any) -> None:
    """Checks a value against the limits of its setting and the names of its registry.

    Raises:
        InputError: it is refused; the message names the setting.
    """
    group = sections_of(Config)[SECTIONS[name]]
    group(**{name: value})
    declared = settings_of(group)[name]
    if declared.registry:
        check_registered(getattr(group(**{name: value}), name), declared, names_in(declared.registry))
