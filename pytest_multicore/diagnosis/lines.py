"""Lines and operands, as agent/observing.py tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Operand = Mapping[str, Any]
Line = Mapping[str, Any]


def place(line: Line) -> str:
    """A line for the report: file, number and text."""
    return f"{line['file'].rpartition('/')[2]}:{line['line']} ({line['source']})"


def made(shape: Sequence[int], dtype: str) -> dict[str, Any]:
    """A contiguous operand to replay an operation with."""
    return {"shape": list(shape), "dtype": dtype, "strides": None}
