"""A badge, SVG: the useful cores of the last result that has them."""

from __future__ import annotations

from html import escape

from pytest_multicore.errors import UsageError

from .results import Report, bounds

#: By outcome, as such badges are coloured elsewhere.
COLOURS = {
    "passed": "#3a7d1c",
    "measured": "#3a6ea5",
    "failed": "#b3261e",
    "error": "#b3261e",
    "inconclusive": "#8a6d00",
}
LABEL = "useful cores"
#: Pixels: a character of the font below, on average, and the space around a text.
CHARACTER, MARGIN = 6.0, 12
TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
<title>{title}</title>
<path d="M{left} 0H3a3 3 0 0 0-3 3v14a3 3 0 0 0 3 3h{left_edge}z" fill="#444"/>
<path d="M{left} 0h{right_edge}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{left_middle}" y="14" textLength="{left_text}">{label}</text>
<text x="{right_middle}" y="14" textLength="{right_text}">{message}</text>
</g>
</svg>
"""


def badge(report: Report) -> str:
    """The badge.

    Raises:
        UsageError: no result has useful cores.
    """
    for record in reversed(report["results"]):
        if useful := bounds(record["useful_cores"]):
            of = "" if record["threads"] is None else f" of {int(record['threads'])}"
            return _drawn(f"{useful[1]:.1f}{of}", COLOURS[record["outcome"]])
    raise UsageError(
        "no result has useful cores: expected one that compares two thread counts, such as min_speedup does"
    )


def _drawn(message: str, colour: str) -> str:
    left_text, right_text = (round(len(text) * CHARACTER) for text in (LABEL, message))
    left, right = left_text + MARGIN, right_text + MARGIN
    return TEMPLATE.format(
        width=left + right,
        left=left,
        left_edge=left - 3,
        right_edge=right - 3,
        left_text=left_text,
        right_text=right_text,
        left_middle=left / 2,
        right_middle=left + right / 2,
        colour=colour,
        label=escape(LABEL),
        message=escape(message),
        title=escape(f"{LABEL}: {message}"),
    )
