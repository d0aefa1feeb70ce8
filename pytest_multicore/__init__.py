"""pytest-multicore: threading regressions, measured, decided and explained.

The names below are what a test may import. They load when first used: importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import LimitMissed, MulticoreError, Undecided, UsageError, WorkloadError
    from .verdicts.figures import Comparison, Measurement, Scaling
    from .verdicts.statistics import Interval

_HOME = {
    "Comparison": "verdicts.figures",
    "Interval": "verdicts.statistics",
    "LimitMissed": "errors",
    "Measurement": "verdicts.figures",
    "MulticoreError": "errors",
    "Scaling": "verdicts.figures",
    "Undecided": "errors",
    "UsageError": "errors",
    "WorkloadError": "errors",
}

__all__ = [
    "Comparison",
    "Interval",
    "LimitMissed",
    "Measurement",
    "MulticoreError",
    "Scaling",
    "Undecided",
    "UsageError",
    "WorkloadError",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
