"""Line charts of values through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from egan_tf.report.frame import Key, chart, path_of, place
from egan_tf.report.markup import Html, element
from egan_tf.report.scales import Axis, axis_of, fixed_axis, format_number
from egan_tf.report.series import downsample, smooth, smoothing_window


@dataclass(frozen=True)
class Line:
    """Values through time.

    Attributes:
        label: for the legend.
        x: float [n], generations, ascending.
        y: float [n]; NaN is a gap.
        kind: CSS class that gives it its colour and dashes.
        nulls: how many values were recorded as not finite.
        smooths: whether a long line is drawn as a mean over neighbours.
        thin: whether the values themselves are then drawn too, as a thin line.
        marks: whether each value gets a dot.
        low: float [n], the lower edge of a band around the line, if there is one.
        high: float [n], its upper edge.
        band_label: what the band is.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    kind: str
    nulls: int = 0
    smooths: bool = True
    thin: bool = True
    marks: bool = False
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    band_label: str = ""

    @property
    def window(self) -> int:
        """Over how many neighbours its mean goes."""
        return smoothing_window(len(self.y)) if self.smooths else 1

    @property
    def visible(self) -> np.ndarray:
        """The values that the drawing must have room for."""
        return self.y if self.thin else smooth(self.y, self.window)


def line_chart(
    title: str,
    lines: Sequence[Line],
    end: float,
    *,
    log: bool = False,
    whole: bool = False,
    level: float | None = None,
    notes: Sequence[str] = (),
) -> Html:
    """A chart of lines; nothing, if none of them has a value.

    Args:
        title: with the unit.
        lines: what to draw, the first one on top.
        end: the last generation of the abscissa, which begins at 0.
        log: whether the ordinate may be logarithmic.
        whole: whether the values are whole numbers.
        level: where to draw a level line.
        notes: more sentences below.
    """
    if not any(np.isfinite(line.y).any() for line in lines):
        return Html()
    seen = [part for line in lines for part in (line.visible, line.low, line.high) if part is not None]
    vertical = axis_of(np.concatenate([*seen, [level] if level is not None else []]), log, whole)
    horizontal = fixed_axis(0.0, max(end, 1.0), whole=True)
    upwards = lines[::-1]
    drawing = [_band(line, horizontal, vertical) for line in upwards]
    drawing += [_recorded(line, horizontal, vertical) for line in upwards if line.thin and line.window > 1]
    if level is not None:
        ends = place(np.array([0.0, horizontal.high]), np.array([level, level]), horizontal, vertical)
        drawing.append(element("path", d=path_of(ends), class_="level"))
    drawing += [_main(line, horizontal, vertical) for line in upwards]
    keys = [key for line in lines for key in _keys(line)]
    says = " ".join(_sentence(line) for line in lines)
    return chart(title, says, drawing, horizontal, vertical, keys, (*notes, *_notes(lines, vertical.log)))


def _main(line: Line, horizontal: Axis, vertical: Axis) -> Html:
    x, y = downsample(line.x, smooth(line.y, line.window))
    points = path_of(place(x, y, horizontal, vertical))
    if not points:
        return Html()
    drawn = element("path", d=points, class_=f"line {line.kind}")
    if not line.marks:
        return drawn
    dots = "".join(f"M{px:g} {py:g}h0" for px, py in np.round(place(x, y, horizontal, vertical), 1) if np.isfinite(py))
    return Html(drawn + element("path", d=Html(dots), class_=f"dots {line.kind}"))


def _recorded(line: Line, horizontal: Axis, vertical: Axis) -> Html:
    x, y = downsample(line.x, line.y)
    return element("path", d=path_of(place(x, y, horizontal, vertical)), class_=f"recorded {line.kind}")


def _band(line: Line, horizontal: Axis, vertical: Axis) -> Html:
    if line.low is None or line.high is None:
        return Html()
    finite = np.isfinite(line.low) & np.isfinite(line.high)
    x_low, low = downsample(line.x[finite], line.low[finite])
    x_high, high = downsample(line.x[finite], line.high[finite])
    edge = np.concatenate([np.stack([x_high, high], 1), np.stack([x_low, low], 1)[::-1]])
    outline = path_of(place(edge[:, 0], edge[:, 1], horizontal, vertical))
    return element("path", d=Html(outline + "Z"), class_=f"band {line.kind}") if outline else Html()


def _keys(line: Line) -> list[Key]:
    finite = line.y[np.isfinite(line.y)]
    last = format_number(float(finite[-1])) if finite.size else ""
    band = [Key(line.band_label, "", f"band {line.kind}", area=True)] if line.low is not None else []
    return [Key(line.label, last, f"line {line.kind}"), *band]


def _sentence(line: Line) -> str:
    finite = np.isfinite(line.y)
    if not finite.any():
        return f"{line.label}: no finite value."
    x, y = line.x[finite], line.y[finite]
    parts = [
        f"{name} {format_number(float(y[at]))} at generation {format_number(float(x[at]))}"
        for name, at in (("first", 0), ("lowest", int(y.argmin())), ("highest", int(y.argmax())), ("last", -1))
    ]
    return f"{line.label}: {', '.join(parts)}."


def _notes(lines: Sequence[Line], log: bool) -> list[str]:
    notes = ["Logarithmic axis."] if log else []
    for line in lines:
        if line.nulls:
            of = f" of {line.label}" if len(lines) > 1 else ""
            notes.append(f"Gaps: {line.nulls:,} of {len(line.y):,} values{of} are not finite.")
    return notes
