"""Lines and operands, as agent/watch/observing.py tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Operand = Mapping[str, Any]
Line = Mapping[str, Any]


def place(line: Line) -> str:
    """A line for the report: file, number and text; of a package's line, the user's that called it."""
    told = line.get("called_from") or line
    return f"{told['file'].rpartition('/')[2]}:{told['line']} ({told['source']})"


def made(shape: Sequence[int], dtype: str) -> dict[str, Any]:
    """A contiguous operand to replay an operation with."""
    return {"shape": list(shape), "dtype": dtype, "strides": None}
