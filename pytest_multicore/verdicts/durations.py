"""A duration in words."""

from __future__ import annotations


def in_words(seconds: float) -> str:
    """In a unit that fits it: ``1.2 s``, ``3.4 ms``, ``100 ns``."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
