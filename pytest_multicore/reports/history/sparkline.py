"""A series of numbers as a line of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
#: For a terminal that has no blocks.
ASCII = "_.,-=+*#"
#: Least height of the line's range, as a share of the values: noise of some percent does not fill it.
MIN_RANGE_SHARE = 0.2
#: The middle of a range is no less than its middle.
ROUNDING = 1e-9


def sparkline(values: Sequence[float], breaks: Collection[int] = (), levels: str = BLOCKS) -> str:
    """One character a value, the highest for the highest; a | stands before each place of ``breaks``."""
    if not values:
        return ""
    middle = (max(values) + min(values)) / 2
    height = max(max(values) - min(values), MIN_RANGE_SHARE * abs(middle))
    bottom = middle - height / 2
    shown = ""
    for place, value in enumerate(values):
        share = (value - bottom) / height if height else 0.5
        level = int(share * len(levels) + ROUNDING)
        shown += ("|" if place in breaks else "") + levels[min(len(levels) - 1, level)]
    return shown


def levels_for(encoding: str | None) -> str:
    """The characters that an output can show."""
    try:
        BLOCKS.encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return BLOCKS
