"""One look for all charts: sizes in CSS pixels, colours by their role on the page, text as text.

matplotlib draws; ``svg.py`` makes of it what fits into a page. A chart is as wide as a phone's screen, so that its text
is as large there as on a desk. Colours are stand-ins for the page's CSS variables, which know light from dark.
"""

from __future__ import annotations

import logging
import statistics
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.ticker import Formatter

WIDTH_PX, HEIGHT_PX = 340, 196
#: Room around the plot, in CSS pixels: the scales' texts on the left, the limits' on the right.
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 40, 54, 24, 34
#: matplotlib's unit is 1/72 inch. One of them becomes one CSS pixel.
PX_PER_INCH = 72
TEXT_PX = 10.5
#: Limits whose texts would lie closer than this are written apart.
LINE_PX = 13

#: Each role's stand-in, a colour that no chart has otherwise.
ROLES = {
    role: f"#0a{number:02x}b0"
    for number, role in enumerate(
        ("contender", "baseline", "control", "other", "limit", "text", "muted", "grid", "card", "waiting")
    )
}

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_PX,
    # Test and thread names are no formulas.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.edgecolor": ROLES["muted"],
    "axes.axisbelow": True,
    "xtick.color": ROLES["muted"],
    "ytick.color": ROLES["muted"],
    "xtick.labelcolor": ROLES["muted"],
    "ytick.labelcolor": ROLES["muted"],
    "ytick.major.size": 0.0,
    "xtick.major.size": 3.0,
    "text.color": ROLES["muted"],
}


@contextmanager
def own_settings() -> Iterator[None]:
    """Matplotlib with the settings of this module alone; a test may have changed them, or turned warnings to errors."""
    log = logging.getLogger("matplotlib")
    level = log.level
    with warnings.catch_warnings():
        # A thread's name may have signs that the font for measuring lacks: the reader's browser has its own.
        warnings.simplefilter("ignore")
        log.setLevel(logging.ERROR)
        import matplotlib

        try:
            with matplotlib.rc_context():
                matplotlib.rcdefaults()
                matplotlib.rcParams.update(SETTINGS)
                yield
        finally:
            log.setLevel(level)


def plot(x_title: str, y_title: str, *, height_px: float = HEIGHT_PX, left_px: float = LEFT_PX) -> Axes:
    """An empty plot; what the scales tell is written at their ends, where it needs no turned text."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_PX / PX_PER_INCH, height_px / PX_PER_INCH), dpi=PX_PER_INCH)
    figure.patch.set_visible(False)
    axes = figure.add_axes(
        (
            left_px / WIDTH_PX,
            BOTTOM_PX / height_px,
            (WIDTH_PX - left_px - RIGHT_PX) / WIDTH_PX,
            (height_px - TOP_PX - BOTTOM_PX) / height_px,
        )
    )
    axes.patch.set_visible(False)
    figure.text(2 / WIDTH_PX, 1 - 3 / height_px, y_title, va="top", ha="left")
    figure.text(1 - RIGHT_PX / WIDTH_PX, 4 / height_px, x_title, va="bottom", ha="right")
    axes.grid(visible=True, axis="y", color=ROLES["grid"], linewidth=1)
    return axes


def set_ticks(axes: Axes, *, whole_x: bool = False, whole_y: bool = False) -> None:
    """A few round numbers on each scale, or whole ones alone."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=whole_x, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=whole_y, steps=[1, 2, 2.5, 5, 10]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(plain_numbers())


def plain_numbers() -> Formatter:
    """``0.5``, ``20``, ``1500``: without an exponent or offset."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{round(value, 9):g}")


def set_range(axes: Axes, values: Sequence[float], *, from_zero: bool = False) -> None:
    """Have the y scale hold all the values, with some room."""
    low, high = (0.0 if from_zero else min(values)), max(values)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    axes.set_ylim(low if from_zero else low - room, high + room)


def draw_limits(axes: Axes, limits: Sequence[tuple[float, str]]) -> None:
    """A dashed line for each limit, with its text beside the plot. Texts of near limits are written apart."""
    low, high = axes.get_ylim()
    height_px = axes.bbox.height
    ordered = sorted(limits, key=lambda limit: (limit[0] - low) / (high - low))
    places_px = _apart([(value - low) / (high - low) * height_px for value, _ in ordered])
    for (value, text), at_px in zip(ordered, places_px, strict=True):
        axes.axhline(value, color=ROLES["limit"], linewidth=1.5, linestyle=(0, (4, 3)), gid="class-limit", zorder=5)
        axes.annotate(
            text,
            xy=(1, at_px / height_px),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=ROLES["limit"],
            gid="class-limit-text",
            annotation_clip=False,
        )


def _apart(places_px: Sequence[float]) -> list[float]:
    """Places in rising order, moved as little as it takes to lie a line apart: near ones share a middle."""
    groups: list[list[float]] = []
    for place in places_px:
        groups.append([place])
        while len(groups) > 1 and _span(groups[-1])[0] < _span(groups[-2])[1] + LINE_PX:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_span(group)[0] + LINE_PX * number for group in groups for number in range(len(group))]


def _span(group: Sequence[float]) -> tuple[float, float]:
    """Where the lowest and the highest of a group are written, in lines around the group's middle."""
    middle, reach = statistics.fmean(group), LINE_PX * (len(group) - 1) / 2
    return middle - reach, middle + reach
