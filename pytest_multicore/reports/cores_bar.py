"""Where the cores of a measurement went, in text: a bar of characters, and the parts in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The parts in the bar's order, each with its character and its words. Together they make all of the cores.
PARTS = {
    "useful": ("█", "useful"),
    "extra_cpu": ("▓", "extra CPU"),
    "uneven": ("▒", "uneven"),
    "idle": ("░", "idle"),
    "waited": ("╱", "waited for others"),
    "not_given": ("·", "not given by the host"),
}
#: Characters of a whole bar.
WIDTH = 24
LEGEND = ", ".join(f"{character} {words}" for character, words in PARTS.values())
#: A part that rounds to nothing is left out of the words.
MIN_CORES = 0.005


def cores_bar(split: Mapping[str, Any]) -> str:
    """A bar as wide as all cores, ``█████████▓▓▓░░░░░░░░░░░░``; rounded so that the parts fill it."""
    cores = float(split["cores"])
    drawn, ended, bar = 0, 0.0, ""
    for name, (character, _) in PARTS.items():
        ended += max(0.0, _part(split, name))
        end = min(WIDTH, round(WIDTH * ended / cores))
        bar += character * (end - drawn)
        drawn = max(drawn, end)
    return bar.ljust(WIDTH)


def cores_in_words(split: Mapping[str, Any]) -> str:
    """``of 8 cores: 2.90 useful [2.80, 3.00], 2.10 extra CPU``."""
    parts = [
        f"{cores:.2f} {words}{_interval(split[name])}"
        for name, (_, words) in PARTS.items()
        if (cores := _part(split, name)) >= MIN_CORES or name == "useful"
    ]
    return f"of {split['cores']:g} core{'' if split['cores'] == 1 else 's'}: {', '.join(parts)}"


def _part(split: Mapping[str, Any], name: str) -> float:
    """A part's cores; what was not measured is 0."""
    part = split.get(name)
    return float(part["estimate"] if isinstance(part, Mapping) else part or 0.0)


def _interval(part: Any) -> str:
    if not isinstance(part, Mapping) or part["low"] is None or part["high"] is None:
        return ""
    return f" [{part['low']:.2f}, {part['high']:.2f}]"
