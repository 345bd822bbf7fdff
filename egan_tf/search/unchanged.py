"""Whether a study's folder still has the definition that the study was begun with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from egan_tf.search.definition import Definition
from egan_tf.search.sampler import settings_of
from egan_tf.search.start import Start
from egan_tf.search.study_file import parse_study, study_values
from egan_tf.training.config import Config
from egan_tf.training.resume_policy import may_have_moved
from egan_tf.utils.checks import InputError
from egan_tf.utils.settings import sections_of
from egan_tf.utils.settings import settings_of as declared_in

DEFINITION = "definition"
"""Attribute of a study in its storage: its definition, as `study.json` has it."""
MACHINE = ("run.devices", "run.strategy", "run.xla", "data.memory_mb", "data.cache_gb")
"""Settings that another machine may need, as it may need other folders."""
_FOLDERS = frozenset(
    f"{section}.{name}"
    for section, group in sections_of(Config).items()
    for name, declared in declared_in(group).items()
    if declared.folder
)
_MAX_NAMED = 5


def record_definition(study: optuna.Study, definition: Definition, start: Start | None) -> None:
    """Stores the definition, unless that is done, or trials were begun before definitions were stored."""
    if DEFINITION not in study.user_attrs and not study.get_trials(deepcopy=False):
        study.set_user_attr(DEFINITION, study_values(definition, start))


def check_unchanged(
    study: optuna.Study, definition: Definition, space: Mapping[str, BaseDistribution], where: str
) -> None:
    """Refuses a definition that is not the one that a study was begun with.

    Folders may differ, the place of a local data set, and what another machine may need. Of a study that was begun
    before definitions were stored only the space is known, by its trials.

    Args:
        study: in its storage.
        definition: of its folder.
        space: Optuna's distributions of that definition.
        where: the file that holds the definition.

    Raises:
        InputError: it is another one.
    """
    trials, stored = study.get_trials(deepcopy=False), study.user_attrs.get(DEFINITION)
    if stored is None:
        changed = [] if all(_is_in(space, trial) for trial in trials) else ["space"]
    else:
        changed = changes_of(parse_study(stored, "storage")[0], definition)
    if changed:
        raise changed_error(where, changed)


def changed_error(where: str, changed: list[str]) -> InputError:
    """The refusal of a definition that differs in some entries."""
    more = f" and {len(changed) - _MAX_NAMED} more" if len(changed) > _MAX_NAMED else ""
    differs = f"is not the one that this study was begun with, by {', '.join(changed[:_MAX_NAMED])}{more}"
    return InputError(where, f"{differs}; restore it, or begin a new study")


def changes_of(begun: Definition, now: Definition) -> list[str]:
    """The entries in which a definition differs from the one that a study was begun with."""
    before, after = _entries(begun), _entries(now)
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    if list(begun.space) != list(now.space) and not any(name.startswith("space.") for name in names):
        names.append("space")  # the order, on which the sampler's random numbers depend
    return [name for name in names if not _may_differ(name, before.get(name), after.get(name))]


def _entries(definition: Definition) -> dict[str, Any]:
    """The entries of a definition by name, those of the space and the settings as `space.LABEL` and `section.NAME`."""
    values = definition.to_dict()
    groups = {"space": values.pop("space"), **values.pop("config")}
    return values | {f"{group}.{name}": value for group, inner in groups.items() for name, value in inner.items()}


def _may_differ(name: str, before: Any, now: Any) -> bool:
    if name == "data.dataset":
        return isinstance(before, str) and isinstance(now, str) and may_have_moved(before, now)
    return name in MACHINE or name in _FOLDERS


def _is_in(space: Mapping[str, BaseDistribution], trial: FrozenTrial) -> bool:
    """Whether a trial may be of a space."""
    whole = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    names = set(settings_of(trial)) | set(trial.distributions)
    agrees = all(space.get(name) == one for name, one in trial.distributions.items())
    return agrees and names <= space.keys() and (not whole or names == space.keys())
