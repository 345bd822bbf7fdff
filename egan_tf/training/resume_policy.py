"""Which settings may change when a run is resumed: folders, and those that are declared changeable."""

from __future__ import annotations

from typing import Any

from egan_tf.data.names import is_local, split_name
from egan_tf.training.config import Config
from egan_tf.utils.checks import InputError
from egan_tf.utils.settings import sections_of, settings_of


def fixed_settings(config: type[Config] = Config) -> frozenset[str]:
    """The settings, as `section.name`, that a resumed run cannot change.

    They determine the state, the order of the data or the noise. A setting is fixed unless it is declared changeable.
    """
    return frozenset(
        f"{section}.{name}"
        for section, group in sections_of(config).items()
        for name, declared in settings_of(group).items()
        if not declared.changeable
    )


def changed_settings(before: Config, now: Config) -> dict[str, list[Any]]:
    """The differences between two configurations, except folders: `section.name` to [before, now].

    A data set may have moved: another path is a change, and its content is compared with the checkpoint's.

    Raises:
        InputError: a setting differs that a resumed run cannot change.
    """
    found: dict[str, list[Any]] = {}
    for section, group in sections_of(type(now)).items():
        for name, declared in settings_of(group).items():
            was, wanted = (getattr(getattr(config, section), name) for config in (before, now))
            if was == wanted or declared.folder:
                continue
            if not (declared.changeable or (name == "dataset" and may_have_moved(was, wanted))):
                raise InputError(
                    name,
                    f"cannot change in a resumed run (it is {was!r}, not {wanted!r}); leave it out, or start a new run",
                )
            found[f"{section}.{name}"] = [was, wanted]
    if before.user_code != now.user_code:
        found["user_code"] = [dict(before.user_code), dict(now.user_code)]
    return found


def may_have_moved(was: str, wanted: str) -> bool:
    """Whether two data sets are of the same local kind, such as two folders."""
    return is_local(was) and split_name(was)[0] == split_name(wanted)[0]
