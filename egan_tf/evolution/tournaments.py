"""When tournaments are held: the setting `tournaments` as a rule. Imports no TensorFlow.

In a tournament every parent has a child per objective, all are scored, and the fittest survive. In a generation without
one, every parent has a single child, by the objective of its line, which is not scored: a plain two-player step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from egan_tf.utils.checks import InputError, format_value

FIELD = "tournaments"

# -- the rule of `auto`, and its thresholds: chosen here and nowhere else, to be confirmed by measurement --------------

AUTO: Literal["backoff", "angle"] = "backoff"
"""What `auto` means: `backoff` or `angle`.

Backoff asks the tournaments themselves whether they decide, in the unit of the fitness. The angle between cotangents
says how much the objectives differ, but not how much of that one optimizer step turns into fitness: it is large for the
small learning rates that make siblings alike.
"""
MATERIAL_SPREAD = 2.0
"""Backoff: a tournament decides if the spread of F among siblings is above so many standard errors of its quality.

Below two standard errors, the usual limit of chance, less is at stake than another batch would change. A trial of the
preset grid25 with the fitness egan, one seed, 20 of 4,000 generations looked at: with R1 spread and error are alike
(ratios 0.1 to 1.6); without R1, where D gets ahead after 1,500 generations, the ratio is from then on 1.7 to 10.
"""
MATERIAL_DIFFERENCE = 0.5
"""Angle: a tournament is held if the cotangents of two objectives differ by more; see `cotangents.difference`.

Half of the length of a cotangent: unit vectors at an angle of 29 degrees.
"""
MAX_INTERVAL = 64
"""Backoff: generations from one tournament to the next at most.

A tournament of three objectives costs about two plain steps (docs/evolution.md): one in 64 costs 1.5 % of the time.
"""

Kind = Literal["always", "backoff", "angle", "every", "bandit"]
MAX_EVERY = 2**31 - 1


@dataclass(frozen=True)
class TournamentRule:
    """When tournaments are held.

    Attributes:
        kind: "always"; "every" for a fixed interval; "backoff" and "angle" for the two rules of `auto`; "bandit" for
            none at all, and objectives chosen by a bandit.
        every: the interval of "every", in generations; 1 for the others.
    """

    kind: Kind
    every: int = 1

    @property
    def always(self) -> bool:
        """Whether every generation is a tournament, as in the paper, ties included."""
        return self.kind == "always"


def tournament_rule(text: str) -> TournamentRule:
    """The rule that a value of the setting stands for.

    Args:
        text: "always", "auto", "auto:backoff", "auto:angle", "bandit" or "every:K", K at least 1.

    Raises:
        InputError: it is none of these.
    """
    named: dict[str, Kind] = {
        "always": "always",
        "auto": AUTO,
        "auto:backoff": "backoff",
        "auto:angle": "angle",
        "bandit": "bandit",
    }
    if text in named:
        return TournamentRule(named[text])
    match = re.fullmatch(r"every:([0-9]{1,10})", text)
    if match and 1 <= int(match[1]) <= MAX_EVERY:
        return TournamentRule("every", int(match[1]))
    known = f"{', '.join(named)} or every:K with a whole number K from 1 to {MAX_EVERY}"
    raise InputError(FIELD, f"must be {known}, got {format_value(text)}")
