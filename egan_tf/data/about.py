"""What a data set is, and what may be done with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True)
class About:
    """Facts about a data set for people, which model cards carry.

    Attributes:
        description: one sentence that ends with a full stop: what it holds, how many, of which shape.
        license: the licence of the data, with the limits that matter (such as "non-commercial research only").
        source: where it can be had: an address on the web, a package, or a folder's name; never a local path.
        citation: the paper or report to cite, in one line.
    """

    description: str
    license: str = UNKNOWN
    source: str = UNKNOWN
    citation: str = UNKNOWN

    def to_dict(self) -> dict[str, str]:
        """The facts by name."""
        return asdict(self)
