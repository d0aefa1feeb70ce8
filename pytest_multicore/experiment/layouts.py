"""Layouts of memory, drawn at random: where a process has its data decides how fast it runs, as long as it lives.

At fixed addresses two processes that do the same have the same layout, and repeat the same luck. A variable of another
length takes another piece of the heap when the interpreter starts, and moves all that follows: by up to a page, for the
addresses within a page decide which of them are taken for each other (docs/explanation/measuring.md, Layout).
"""

from __future__ import annotations

import random

from pytest_multicore.interpreters.address_layout import PAGE_BYTES

#: Its text is of another length for each layout.
LAYOUT_VARIABLE = "PYTEST_MULTICORE_LAYOUT"
#: Shorter texts lie in blocks of Python's own, which moves nothing; what is allocated lies at multiples of the second.
MIN_LAYOUT_BYTES, ALIGNMENT_BYTES = 520, 16


def drawn_layout(draw: random.Random) -> dict[str, str]:
    """The variable that gives a process a layout of its own."""
    steps = draw.randrange(PAGE_BYTES // ALIGNMENT_BYTES)
    return {LAYOUT_VARIABLE: "x" * (MIN_LAYOUT_BYTES + ALIGNMENT_BYTES * steps)}
