"""One line of the verification of an export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, DIFFERENT, NOT_CHECKED = 0, 1, 3
"""States, and exit statuses of the command; 2 is that of invalid arguments."""

_WORDS = {OK: "ok", DIFFERENT: "DIFFERENT", NOT_CHECKED: "not checked"}


@dataclass(frozen=True)
class Finding:
    """What was found of one file or one format.

    Attributes:
        subject: its path in the export, or its name.
        state: one of `OK`, `DIFFERENT`, `NOT_CHECKED`.
        text: what was compared, or what is wrong.
    """

    subject: str
    state: int
    text: str

    def __str__(self) -> str:
        """The line."""
        # Names come from the card and the disk: one with a line break must not look like two files.
        subject = self.subject if self.subject.isprintable() else repr(self.subject)
        return f"{_WORDS[self.state]:<11}  {subject}: {' '.join(self.text.split())}"


def worst(findings: Iterable[Finding]) -> int:
    """The exit status: 1 if anything is different, otherwise 3 if anything was not checked, otherwise 0."""
    states = {finding.state for finding in findings}
    return DIFFERENT if DIFFERENT in states else NOT_CHECKED if NOT_CHECKED in states else OK
