"""The frame of a chart: axes, labels, legend. Lines and areas are drawn into it.

The plot stretches with the page while text and strokes keep their size: what is drawn lives in a nested SVG that is
stretched, the labels stand outside at percentages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from egan_tf.report.markup import Html, element, join
from egan_tf.report.scales import Axis

SIZE = 1000
"""Units of the drawing, in both directions."""


@dataclass(frozen=True)
class Key:
    """An entry of a legend.

    Attributes:
        label: what it stands for.
        value: a figure to go with it, such as the last one; may be empty.
        kind: CSS classes of its sample.
        area: whether the sample is of an area rather than of a line.
    """

    label: str
    value: str
    kind: str
    area: bool = False


def chart(
    title: str,
    says: str,
    drawing: Sequence[str],
    horizontal: Axis,
    vertical: Axis,
    keys: Sequence[Key] = (),
    notes: Sequence[str] = (),
) -> Html:
    """A figure with a title, a legend, a plot and notes.

    Args:
        title: what is drawn, with its unit.
        says: the same for those who do not see it, with the figures that matter.
        drawing: SVG in units of `SIZE`.
        horizontal: axis of the abscissa, generations.
        vertical: axis of the ordinate.
        keys: the legend.
        notes: sentences below.
    """
    plot = element(
        "svg",
        element("title", title),
        element("desc", says),
        _grid(horizontal, vertical),
        element(
            "svg",
            *drawing,
            class_="plot",
            width="100%",
            height="100%",
            viewBox=f"0 0 {SIZE} {SIZE}",
            preserveAspectRatio="none",
        ),
        element("text", "generation", class_="unit", x="100%", y="100%", dy=34),
        class_="chart",
        role="img",
        aria_label=f"{title}. {says}",
    )
    return element(
        "figure",
        element("figcaption", title),
        _legend(keys),
        element("div", plot, class_="frame"),
        element("p", " ".join(notes), class_="note") if notes else Html(),
    )


def path_of(points: np.ndarray) -> Html:
    """The commands of an SVG path through points, in units of the drawing; a lone point becomes a dot.

    Args:
        points: float [n, 2], of which those that are not finite are gaps.
    """
    commands: list[str] = []
    finite = np.isfinite(points).all(axis=1)
    for position, (x, y) in enumerate(np.round(points, 1).tolist()):
        if not finite[position]:
            continue
        starts = position == 0 or not finite[position - 1]
        commands.append(f"{'M' if starts else 'L'}{x:g} {y:g}")
        if starts and (position + 1 == len(points) or not finite[position + 1]):
            commands.append("h0")
    return Html("".join(commands))


def place(x: np.ndarray, y: np.ndarray, horizontal: Axis, vertical: Axis) -> np.ndarray:
    """Points in units of the drawing, float [n, 2]."""
    return SIZE * np.stack([horizontal.place(x), 1.0 - vertical.place(y)], axis=1)


def _grid(horizontal: Axis, vertical: Axis) -> Html:
    across = [
        element("line", x1="0", x2="100%", y1=height, y2=height)
        + element("text", label, x=-8, y=height, dy=4, class_="left")
        for label, height in zip(vertical.labels, _percent(1.0 - _places(vertical)), strict=True)
    ]
    # A label at the very end would reach out of a narrow page.
    up = [
        element("text", label, x=f"{100 * where:.2f}%", y="100%", dy=18, class_="last" if where > 0.95 else "below")
        for label, where in zip(horizontal.labels, _places(horizontal).tolist(), strict=True)
    ]
    base = element("line", x1="0", x2="100%", y1="100%", y2="100%", class_="base")
    return element("g", *map(Html, (*across, *up)), base, class_="grid", aria_hidden="true")


def _places(axis: Axis) -> np.ndarray:
    return axis.place(np.array(axis.ticks, np.float64))


def _percent(places: np.ndarray) -> list[str]:
    return [f"{100 * place:.2f}%" for place in places.tolist()]


def _legend(keys: Sequence[Key]) -> Html:
    if not keys:
        return Html()
    items = [element("li", _sample(key), key.label, element("b", key.value) if key.value else Html()) for key in keys]
    return element("ul", *items, class_="legend")


def _sample(key: Key) -> Html:
    shape = (
        element("rect", width=20, height=12, class_=key.kind)
        if key.area
        else element("path", d="M1 6h18", class_=key.kind)
    )
    return element("svg", shape, class_="key", width=20, height=12, aria_hidden="true")


def side_by_side(figures: Sequence[str], kind: str = "charts") -> Html:
    """Several figures in a grid that folds on a narrow page."""
    return element("div", join(figures), class_=kind) if any(figures) else Html()
