"""Sample grids through time."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.report.markup import Html, data_uri, element, join
from egan_tf.report.record import Grid


def samples_viewer(grids: Sequence[Grid], found: int) -> Html:
    """The last grid, a slider that shows the others in its place, and all of them to open.

    Without a script the slider stays hidden.

    Args:
        grids: through time, at least one.
        found: how many there are in the run's folder.
    """
    last = grids[-1]
    slider = element(
        "input",
        type="range",
        id="grid-slider",
        min=0,
        max=len(grids) - 1,
        value=len(grids) - 1,
        step=1,
        aria_label="Generation of the samples shown",
        aria_valuetext=_caption(last),
    )
    ends = element("span", f"{grids[0].generation:,}") + slider + element("span", f"{last.generation:,}")
    control = element("div", Html(ends), class_="slider", id="grid-control", hidden=True)
    # The slider's own text is read out already.
    caption = element("output", _caption(last), id="grid-caption", for_="grid-slider", aria_live="off")
    shown = element("figure", element("figcaption", caption), _image(last, "grid-shown"), class_="grid-shown")
    return join(
        [
            element("div", shown, control if len(grids) > 1 else "", class_="viewer"),
            _all_grids(grids, found),
        ]
    )


def grid_figure(grid: Grid, title: str = "") -> Html:
    """One grid with its caption."""
    caption = element("figcaption", f"{title}, {_caption(grid)}" if title else _caption(grid))
    return element("figure", caption, _image(grid))


def _all_grids(grids: Sequence[Grid], found: int) -> Html:
    of = "" if found == len(grids) else f" of {found:,}"
    figures = [grid_figure(grid) for grid in grids]
    return element(
        "details",
        element("summary", f"All {len(grids)}{of} grids side by side"),
        element("div", *figures, class_="grids", id="all-grids"),
    )


def _image(grid: Grid, identity: str | None = None) -> Html:
    return element(
        "img",
        id=identity,
        src=data_uri(grid.uri),
        width=grid.width,
        height=grid.height,
        alt=f"Samples of the fittest generator at {_caption(grid)}",
    )


def _caption(grid: Grid) -> str:
    return f"generation {grid.generation:,}"
