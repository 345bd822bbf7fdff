"""Refuses flags of `egan-train` that it would ignore."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from egan_tf.utils.checks import require
from egan_tf.utils.paths import user_path

SWITCHES = ("help", "dry_run", "list", "clear_cache", "trust_code")
"""They have a value also if they were not given; flags of settings do not."""


def check_alone(options: argparse.Namespace, name: str, allowed: str = "") -> None:
    """Refuses what is given beside a switch that does one thing and exits.

    Args:
        options: of the command line.
        name: of the switch.
        allowed: the setting that may be given besides; "" for none.

    Raises:
        InputError: something else was given.
    """
    given = [other for other, value in vars(options).items() if other not in SWITCHES or value]
    others = [_flag(other) for other in given if other not in (name, allowed)]
    takes = f"it takes {_flag(allowed)} only" if allowed else "it takes no other flag"
    require(not others, name, f"does nothing else; leave out {' '.join(others)}: {takes}")


def check_runs_dir(options: argparse.Namespace, run: Path) -> None:
    """Refuses `--runs-dir` beside a run that `--resume` names, unless it is the folder that the run is in.

    Raises:
        InputError: it is another one.
    """
    given = getattr(options, "runs_dir", None)
    if given is not None:
        # The run may be named by a link, or be the current folder.
        places = (Path(os.path.abspath(run)), Path(os.path.realpath(run)))  # noqa: PTH100
        own = [os.path.realpath(place.parent) for place in places]
        same = os.path.realpath(user_path("runs_dir", given)) in own
        require(same, "runs_dir", f"has no meaning where --resume names a run, {run}; leave it out")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
