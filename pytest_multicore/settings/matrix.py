"""Several thread counts, environments or BLAS libraries: each marked test is run with every combination of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from .options import Option, axis_values, option_value

#: Options that may have several values, in the order of their parts in a test's id.
AXES = ("threads", "environment", "blas")


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination.

    Attributes:
        values: of the options that vary, by their names.
        vary: what thread counts are: threads, or cores.
        holds_limits: whether limits hold here: at the largest thread count, or at that of the machine. At others the
            test is measured only.
        labels: what names each path: its end, as much of it as tells it from the others.
    """

    values: Mapping[str, Any]
    holds_limits: bool
    vary: str = "threads"
    labels: Mapping[Any, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its part of a test's id: ``2-threads-theano-mkl``. ASCII, for pytest writes other letters in its own way."""
        return "-".join(self._part(name, value) for name, value in self.values.items())

    def _part(self, name: str, value: Any) -> str:
        if name == "threads":
            return f"{value}-{self.vary[:-1] if value == 1 else self.vary}"
        return quote(self.labels.get(value, str(value)), safe="/+~,:;=@!$&'()* ")


def cells(raw_value: Callable[[Option], object], fixed: Mapping[str, Any]) -> Sequence[Cell]:
    """Every combination of the options that vary; none where no option does.

    Args:
        raw_value: see ``options.resolve_settings``.
        fixed: what the test's marker says: it does not vary there.

    Raises:
        UsageError: names an option that is wrong, what was found and what is allowed.
    """
    axes = {name: axis_values(name, raw_value) for name in AXES if name not in fixed}
    varying = {name: values for name, values in axes.items() if len(values) > 1}
    if not varying:
        return ()
    counts = [count for count in varying.get("threads", ()) if isinstance(count, int)]
    if counts == [1]:  # beside "auto" or "inherit": one thread is what they are compared with
        counts = []
    labels = {value: label for name in ("environment", "blas") for value, label in _labels(varying.get(name, ()))}
    combinations = (dict(zip(varying, values, strict=True)) for values in itertools.product(*varying.values()))
    held = (max(counts, default=None), "auto", "inherit")
    vary = "cores" if fixed.get("vary", option_value("vary", raw_value)) == "cores" else "threads"
    return [Cell(values, values.get("threads") in held, vary, labels) for values in combinations]


def _labels(values: Sequence[Any]) -> Sequence[tuple[Any, str]]:
    """The file's name for each path, with as many folders before it as it takes to tell them apart."""
    paths = [PurePath(str(value)).parts for value in values]
    for depth in range(1, 1 + max(map(len, paths), default=0)):
        labels = ["/".join(parts[-depth:]) for parts in paths]
        if len(set(labels)) == len(labels):
            return list(zip(values, labels, strict=True))
    return [(value, str(value)) for value in values]
