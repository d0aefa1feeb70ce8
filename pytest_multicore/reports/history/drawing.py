"""Trends as one SVG: a panel each, with the runs' intervals, and a line where the level changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from pytest_multicore.reports.origin import day_of, origin_in_words
from pytest_multicore.reports.visible import visible

from .trend_words import names, remarks, turn_in_words
from .trends import Trend
from .words import figure_in_words, value_in_words

#: Sizes in pixels: of the drawing, of a panel's plot, of a line of text, and around them.
WIDTH, PLOT_HEIGHT, LINE, MARGIN, AXIS = 860, 110, 18, 12, 72
#: Letters that fit across; longer texts are cut, and whole in the tooltip.
LETTERS = 118
#: Least height of a plot's range, as a share of its values.
MIN_RANGE_SHARE = 0.2
STYLE = """
text { font: 12px sans-serif; fill: #222 } .name { font-weight: bold } .small { font-size: 11px; fill: #666 }
.line { fill: none; stroke: #2a6fb0; stroke-width: 1.5 } .run { fill: #2a6fb0 }
.bounds { stroke: #2a6fb0; opacity: 0.4 }
.turn { stroke: #c0392b; stroke-dasharray: 4 3 } .axis { stroke: #999 } .paper { fill: #fff } .at-turn { fill: #c0392b }
@media (prefers-color-scheme: dark) {
 text { fill: #ddd } .small { fill: #aaa } .paper { fill: #181818 }
 .line, .bounds { stroke: #7ab8f5 } .run { fill: #7ab8f5 }
 .turn { stroke: #ff7b6b } .at-turn { fill: #ff7b6b }
}
""".strip()


def drawing(found: Sequence[Trend]) -> str:
    """The whole file."""
    panels, top = [], float(MARGIN)
    for trend, name in zip(found, names(found), strict=True):
        panel = list(_panel(trend, name, top))
        panels += panel
        top += _height(trend)
    size = f'width="{WIDTH}" height="{top:.0f}" viewBox="0 0 {WIDTH} {top:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>'
    return "\n".join([head, '<rect class="paper" width="100%" height="100%"/>', *panels, "</svg>\n"])


def _height(trend: Trend) -> float:
    return PLOT_HEIGHT + LINE * (4.4 + len(list(remarks(trend)))) + MARGIN


def _panel(trend: Trend, name: str, top: float) -> Iterator[str]:
    yield _text(MARGIN, top + LINE, f"{name}: {trend.figure.label}", "name")
    place = _Place(trend, top + 2.4 * LINE)
    yield f'<path class="axis" fill="none" d="M{AXIS} {place.top:.1f}V{place.bottom:.1f}H{WIDTH - MARGIN}"/>'
    for value, at in ((place.most, place.top + LINE / 2), (place.least, place.bottom)):
        yield _text(AXIS - 6, at, value_in_words(value, trend.figure), "small", anchor="end")
    yield from _turns(trend, place)
    yield from _runs(trend, place)
    for x, anchor, entry in ((AXIS, "start", trend.entries[0]), (WIDTH - MARGIN, "end", trend.entries[-1])):
        yield _text(x, place.bottom + LINE, day_of(entry.origin), "small", anchor=anchor)
    for number, remark in enumerate(remarks(trend), start=2):
        yield _text(MARGIN, place.bottom + LINE * number, remark, "small")


class _Place:
    """Where a panel's runs and values lie."""

    def __init__(self, trend: Trend, top: float) -> None:
        self.top, self.bottom = top, top + PLOT_HEIGHT
        values = trend.values
        middle = (max(values) + min(values)) / 2
        height = max(1.2 * (max(values) - min(values)), MIN_RANGE_SHARE * middle) or 1.0
        self.least, self.most = max(0.0, middle - height / 2), middle + height / 2
        self._step = (WIDTH - MARGIN - AXIS) / len(values)

    def x(self, run: float) -> float:
        """The middle of a run, from 0; of n - 0.5 the border before it."""
        return AXIS + (run + 0.5) * self._step

    def y(self, value: float) -> float:
        """A value's height; beyond the range, its border."""
        share = (min(max(value, self.least), self.most) - self.least) / (self.most - self.least)
        return self.bottom - share * PLOT_HEIGHT


def _turns(trend: Trend, place: _Place) -> Iterator[str]:
    for turn in trend.turns or ():
        x = place.x(turn.place - 0.5)
        yield f'<path class="turn" d="M{x:.1f} {place.top:.1f}V{place.bottom:.1f}"/>'
        yield _text(x, place.top - 4, turn_in_words(turn, trend.figure), "at-turn small", anchor="middle")


def _runs(trend: Trend, place: _Place) -> Iterator[str]:
    values = trend.values
    bounds = [0, *(turn.place for turn in trend.turns or ()), len(values)]
    for start, end in pairwise(bounds):
        points = " ".join(f"{place.x(run):.1f},{place.y(values[run]):.1f}" for run in range(start, end))
        yield f'<polyline class="line" points="{points}"/>'
    for run, entry in enumerate(trend.entries):
        x, interval = place.x(run), entry.compared(trend.figure.key)
        assert interval is not None  # noqa: S101 - a trend has only runs with its figure
        yield f'<path class="bounds" d="M{x:.1f} {place.y(interval.low):.1f}V{place.y(interval.high):.1f}"/>'
        told = f"{origin_in_words(entry.origin)}: {figure_in_words(entry, trend.figure)}"
        point = f'class="run" cx="{x:.1f}" cy="{place.y(values[run]):.1f}" r="2.5"'
        yield f"<circle {point}><title>{_escaped(told)}</title></circle>"


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    shown = text if len(text) <= LETTERS else f"{text[: LETTERS - 3]}..."
    whole = "" if shown == text else f"<title>{_escaped(text)}</title>"
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{_escaped(shown)}{whole}</text>'


def _escaped(text: str) -> str:
    """Without markup, and without what no XML may hold: control characters, and a file's name that is no text."""
    return escape(visible(text))
