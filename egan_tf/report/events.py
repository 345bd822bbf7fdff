"""What happened to a run beside training: starts, stops, resumptions, and going back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egan_tf.report.reading import Damage, whole_number
from egan_tf.report.values import plain

MAX_EVENTS = 1000
_APART = ("event", "time", "generation")


@dataclass(frozen=True)
class Event:
    """A line of `events.jsonl`.

    Attributes:
        name: what happened, such as "resumed".
        time: when, as the run wrote it; empty if it did not.
        generation: at which generation, empty if it did not say.
        details: all else that it said, in words.
    """

    name: str
    time: str
    generation: str
    details: str


def read_events(lines: Iterable[dict[str, Any] | Damage]) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """The events of a run in the order of the file, and sentences that say what could not be read."""
    found: list[Event] = []
    refused = 0
    for line in lines:
        if len(found) == MAX_EVENTS:
            return tuple(found), (f"of events.jsonl only the first {MAX_EVENTS:,} events are shown",)
        event = None if isinstance(line, Damage) else _event(line)
        if event is None:
            refused += 1
        else:
            found.append(event)
    return tuple(found), (f"lines of events.jsonl that hold no event: {refused:,}",) if refused else ()


def _event(line: Mapping[str, Any]) -> Event | None:
    name, time = line.get("event"), line.get("time", "")
    if not isinstance(name, str) or not name or not isinstance(time, str):
        return None
    generation = whole_number(line.get("generation"))
    details = {key: value for key, value in line.items() if key not in _APART and value not in (None, [], {}, "")}
    told = "; ".join(f"{key.replace('_', ' ')}: {plain(value)}" for key, value in details.items())
    return Event(name, time, "" if generation is None else f"{generation:,}", told)
