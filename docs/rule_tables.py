"""The rules of the verdicts and their thresholds, as rows of tables. Needs nothing but the package: a test reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest_multicore
from pytest_multicore.rounds import tolerances
from pytest_multicore.verdicts.rules import Rule

Row = tuple[str, ...]

HOUSE = Path(pytest_multicore.__file__).parent


def rules() -> Iterator[Row]:
    """The rules that decide."""
    yield "rule", "what holds with it"
    for rule in Rule:
        yield f"`{rule.name}`", rule.value


def thresholds() -> Iterator[Row]:
    """The numbers that decide, with the comment that stands over each."""
    yield "threshold", "value", "reason"
    source = (HOUSE / "rounds" / "tolerances.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        reason = _comment_over(lines, node.lineno - 1) if isinstance(node, ast.Assign) else ""
        for name, value in _numbers(node) if reason else ():
            yield f"`{name}`", value, reason


def _numbers(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The constants to which an assignment gives a number, or some."""
    names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    for name in names:
        value = getattr(tolerances, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if all(isinstance(one, int | float) for one in numbers):
            yield name, ", ".join(f"{one:g}" for one in numbers)


def _comment_over(lines: list[str], number: int) -> str:
    """The ``#:`` comment that ends on the line before, as one line."""
    first = number
    while first and lines[first - 1].startswith("#:"):
        first -= 1
    return re.sub(r"\s+", " ", " ".join(line[2:].strip() for line in lines[first:number]))
