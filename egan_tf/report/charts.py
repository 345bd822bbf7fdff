"""Charts over generations: lines, and the axes and legend that every chart shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from egan_tf.report.svg import PAINT, fixed_style, inline_svg
from egan_tf.report.text import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 480, 230
LOG_FROM = 50.0
"""A logarithmic axis is used where the largest positive value is this many times the smallest."""
SMOOTH_FROM = 40
"""Shorter lines are not smoothed."""
MAX_DOTS, MAX_BAND = 30, 300


class Key(NamedTuple):
    """A legend entry: label, a value to show beside it, key of `PAINT`, and solid, dashed, dotted, band or area."""

    label: str
    value: str
    color: str
    style: str


class Chart(NamedTuple):
    """A chart: title, inline SVG, text description, legend, and sentences to show below."""

    title: str
    svg: str
    description: str
    legend: Sequence[Key]
    notes: Sequence[str] = ()


class Axis(NamedTuple):
    """The horizontal axis: its label, and a place on it in words."""

    label: str
    place: str


GENERATION = Axis("generation", "generation {:,.0f}")


@dataclass(frozen=True)
class Line:
    """Values over generations, or another horizontal axis.

    Attributes:
        label: for the legend.
        x: [n], generations, ascending.
        y: float [n]; NaN is a gap.
        color: a key of `PAINT`.
        style: solid, dashed or dotted.
        smoothed: whether a long line is drawn as a moving average.
        raw: whether the values themselves are then drawn too, as a thin line.
        band: lower and upper edge of a range around the line, each float [n].
        band_label: of the band in the legend; empty for none.
    """

    label: str
    x: np.ndarray
    y: np.ndarray
    color: str
    style: str = "solid"
    smoothed: bool = True
    raw: bool = True
    band: tuple[np.ndarray, np.ndarray] | None = None
    band_label: str = "range"

    @property
    def window(self) -> int:
        """Values in the moving average."""
        return smoothing_window(len(self.y)) if self.smoothed else 1

    @property
    def keys(self) -> list[Key]:
        """Its legend, with the last finite value."""
        last = [format_number(value) for value in self.y[np.isfinite(self.y)][-1:]]
        band = [Key(self.band_label, "", self.color, "band")] if self.band is not None and self.band_label else []
        return [Key(self.label, "".join(last), self.color, self.style), *band]


def smoothing_window(count: int) -> int:
    """Values in the moving average of a line of `count`, an odd number; 1 for a short line."""
    return 1 if count < SMOOTH_FROM else 2 * max(1, count // 30) + 1


def smooth(y: np.ndarray, window: int) -> np.ndarray:
    """The mean of the finite values in the `window` around each value, float [n]; a gap (NaN) stays a gap."""
    if window == 1:
        return y
    finite = np.isfinite(y)
    sums, counts = (np.convolve(v, np.ones(window), "same") for v in (np.where(finite, y, 0.0), finite.astype(float)))
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)


def line_chart(
    title: str,
    lines: Sequence[Line],
    end: float,
    *,
    log: bool = False,
    whole: bool = False,
    level: float | None = None,
    notes: Sequence[str] = (),
    axis: Axis = GENERATION,
) -> Chart | None:
    """A chart of lines from 0 to `end` on the horizontal axis, the first on top; None if none has a finite value.

    `log` allows a logarithmic y axis, `whole` asks for ticks at whole numbers, `level` draws a horizontal line there.
    """
    if not any(np.isfinite(line.y).any() for line in lines):
        return None
    with fixed_style():
        axes = new_axes(end, axis.label)
        if level is not None:
            axes.axhline(level, color=PAINT["soft"], linestyle="dotted", linewidth=1, gid="level")
        for draw in (_draw_background, _draw_line):
            for line in lines[::-1]:
                draw(axes, line)
        log = _scale_y(axes, log, whole)
        svg = inline_svg(axes.figure)
    below = [*notes, *(["Logarithmic axis."] if log else [])]
    below += [
        f"Gaps in {line.label}: {np.isnan(line.y).sum():,} values are missing or not finite."
        for line in lines
        if np.isnan(line.y).any()
    ]
    return Chart(
        title,
        svg,
        " ".join(_describe(line, axis) for line in lines),
        [key for line in lines for key in line.keys],
        below,
    )


def new_axes(end: float, label: str = GENERATION.label) -> Axes:
    """Axes from 0 to `end` on a new figure, `WIDTH` by `HEIGHT` user units in SVG."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    # matplotlib writes 72 units to the inch.
    figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
    axes = figure.add_axes((58 / WIDTH, 38 / HEIGHT, (WIDTH - 84) / WIDTH, (HEIGHT - 46) / HEIGHT))
    for patch in (figure.patch, axes.patch, *(axes.spines[side] for side in ("left", "top", "right"))):
        patch.set_visible(False)
    axes.spines["bottom"].set_edgecolor(PAINT["soft"])
    axes.tick_params(which="both", left=False, bottom=False)
    axes.grid(axis="y", color=PAINT["gridline"], linewidth=1)
    axes.set_axisbelow(True)
    axes.set_xlabel(label, loc="right")
    axes.set_xlim(0.0, max(end, 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return axes


def _draw_background(axes: Axes, line: Line) -> None:
    if line.band is not None:
        finite = np.isfinite(line.band).all(axis=0)
        x, (low, high) = line.x[finite], (edge[finite] for edge in line.band)
        # matplotlib simplifies lines, but not filled areas.
        starts = np.arange(0, len(x), -(-len(x) // MAX_BAND))
        x, low, high = x[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        outline = np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]])
        axes.fill(*outline, color=PAINT[line.color], alpha=0.18, linewidth=0, gid="band")
    if line.raw and line.window > 1:
        axes.plot(line.x, line.y, color=PAINT[line.color], linewidth=1, alpha=0.35, gid="raw")


def _draw_line(axes: Axes, line: Line) -> None:
    x, y = line.x.astype(float), smooth(line.y, line.window)
    paint: dict[str, Any] = {"color": PAINT[line.color], "solid_capstyle": "round"}
    axes.plot(x, y, linestyle=line.style, linewidth=2, gid="line", **paint)
    gaps = np.concatenate([[True], np.isnan(y), [True]])
    marked = ~gaps[1:-1] & ((len(y) <= MAX_DOTS) | (gaps[:-2] & gaps[2:]))
    if marked.any():
        # A segment of no length with round ends is a dot; markers would need definitions with ids.
        dots = np.repeat([x[marked], y[marked]], 3, axis=1)
        dots[:, 2::3] = np.nan
        (drawn,) = axes.plot(*dots, linewidth=6, gid="dots", **paint)
        drawn.get_path().should_simplify = False


def _scale_y(axes: Axes, log: bool, whole: bool) -> bool:
    """Scales the y axis to the data; returns whether it is logarithmic."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, ScalarFormatter

    low, high = axes.dataLim.intervaly
    log = log and low > 0 and high / low > LOG_FROM
    if log:
        axes.set(yscale="log", ylim=(low / 1.2, high * 1.2))
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,), numticks=7))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    else:
        # A range of rounding errors counts as constant.
        constant = high - low <= 1e-9 * max(abs(low), abs(high))
        margin = (0.1 * abs(high) or 1.0) if constant else 0.06 * (high - low)
        axes.set_ylim(low - margin if low < 0 or low > margin else 0.0, high + margin)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=whole))
        axes.yaxis.set_major_formatter("{x:,.0f}" if whole else ScalarFormatter(useOffset=False))
    return log


def _describe(line: Line, axis: Axis) -> str:
    finite = np.isfinite(line.y)
    if not finite.any():
        return f"{line.label}: no finite value."
    x, y = line.x[finite], line.y[finite]
    places = {"first": 0, "lowest": int(y.argmin()), "highest": int(y.argmax()), "last": len(y) - 1}
    parts = [f"{name} {format_number(y[i])} at {axis.place.format(x[i])}" for name, i in places.items()]
    return f"{line.label}: {', '.join(parts)}."
