"""Lines and operands, as agent/watch/observe.py reports them, and replays of the operations on them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import MIN_TIME_SHARE, Evidence
from pytest_multicore.diagnosis.suspicions import Effect, Replay, Trial

PRODUCTS = ("matmul", "einsum")

Operand = Mapping[str, Any]
Line = Mapping[str, Any]


def location(line: Line) -> str:
    """A line for the report: file, number and text; of a line in a package, the user's line that called it."""
    users = line.get("called_from") or line
    return f"{file_name(users['file'])}:{users['line']} ({users['source']})"


def file_name(path: str) -> str:
    """A file's name; with its folder's where that is what tells it from others: ``package/__init__.py``."""
    parts = re.split(r"[/\\]", path)
    return "/".join(parts[-2:] if parts[-1] == "__init__.py" else parts[-1:])


def hottest_product(evidence: Evidence, has_defect: Callable[[Sequence[Operand]], bool]) -> Line | None:
    """The hottest line with a product of known NumPy operands that have a defect."""
    return next(
        (
            line
            for line in evidence.lines
            if line.get("operation") in PRODUCTS
            and line["share"] >= MIN_TIME_SHARE
            and len(line["operands"]) > 1
            and _all_numpy(line)
            and has_defect(line["operands"])
        ),
        None,
    )


def stacked_product(evidence: Evidence) -> Line | None:
    """The hottest line with a product of stacked matrices, which NumPy divides into single products by itself."""
    return hottest_product(evidence, lambda operands: any(len(operand["shape"]) > 2 for operand in operands))


def hottest_line(evidence: Evidence, *operations: str) -> Line | None:
    """The hottest line with one of these operations on known NumPy operands."""
    candidates = (line for line in evidence.lines if line.get("operation") in operations and line["operands"])
    return next(filter(_all_numpy, candidates), None)


def _all_numpy(line: Line) -> bool:
    """Whether all operands are NumPy arrays with known strides: other packages thread their operations differently."""
    return all(operand["type"].startswith("numpy.") and operand["strides"] is not None for operand in line["operands"])


def size(operand: Operand) -> int:
    """The number of an operand's elements."""
    return math.prod(operand["shape"])


def contiguous_operand(shape: Sequence[int], dtype: str) -> dict[str, Any]:
    """A contiguous operand to replay an operation with."""
    return {"shape": list(shape), "dtype": dtype, "strides": None}


def same_operand(operand: Operand) -> dict[str, Any]:
    """An operand to replay an operation with, as it was observed."""
    return {"shape": list(operand["shape"]), "dtype": operand["dtype"], "strides": list(operand["strides"])}


def replay_arguments(line: Line, operands: Sequence[Operand]) -> dict[str, Any]:
    """Arguments that replay a line's operation on these operands (agent/workloads/replay_numpy.py)."""
    name = line.get("function_called") or line["operation"]
    return {"operation": name, "operands": list(operands), "subscripts": line.get("subscripts")}


def replay_trial(knob: str, effect: Effect, line: Line, changed: Sequence[Operand]) -> Trial:
    """A trial of a line's operation on the observed operands against changed ones."""
    original = replay_arguments(line, [same_operand(operand) for operand in line["operands"]])
    return Trial(knob, effect, replay=Replay(original, {**original, "operands": list(changed)}))
