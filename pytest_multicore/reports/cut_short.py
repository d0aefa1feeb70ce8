"""What a session that ended early has not measured, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cut_short_in_words(cut_short: Mapping[str, Any]) -> str:
    """``Ctrl-C (KeyboardInterrupt); not measured: test_a.py::test_it``."""
    names = cut_short["not_measured"]
    return f"{cut_short['by']}; not measured: {', '.join(names)}" if names else str(cut_short["by"])
