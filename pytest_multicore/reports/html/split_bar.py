"""Where the cores of the contender went: a bar of parts that add up, with the useful cores that a limit asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_multicore.reports.words import figure

from .chart_data import ChartData

#: The parts in the order of the bar, and what they are called.
PARTS = {
    "useful": "useful",
    "extra_cpu": "extra CPU: spinning, contention, copies",
    "uneven": "uneven load",
    "idle": "idle: serial part, waits",
    "waited": "waited for others",
    "not_given": "not given by the host",
}
#: A part of at most this many cores is not worth a line, unless it is the useful one.
MAX_NOTHING_CORES = 0.005


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its class, its name, its share of the bar in percent, and its cores with the interval."""

    name: str
    text: str
    percent: float
    figure: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A limit on the bar: where it stands in percent, and its text."""

    percent: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar: how many cores it is long, its parts, and what limits ask for."""

    cores: float
    parts: Sequence[Part]
    marks: Sequence[Mark]


def split_bar(measured: ChartData) -> Bar | None:
    """The bar of a result; None where its report does not have it."""
    split = measured.record["cores_split"]
    if not split:
        return None
    cores = split["cores"]
    parts = [_part(name, split[name], cores) for name in PARTS if _is_told(name, split)]
    return Bar(cores, parts, _marks(measured, cores))


def _is_told(name: str, split: Mapping[str, Any]) -> bool:
    part = split.get(name)
    return part is not None and (name == "useful" or part["estimate"] > MAX_NOTHING_CORES)


def _part(name: str, part: Mapping[str, Any], cores: float) -> Part:
    return Part(name, PARTS[name], 100 * part["estimate"] / cores, figure(part))


def _marks(measured: ChartData, cores: float) -> list[Mark]:
    """The useful cores that a limit on the speed-up comes to: so many times the baseline's."""
    baseline = measured.record["baseline_cores"]
    if baseline is None:
        return []
    useful = [(limit.value * baseline["estimate"], limit.text) for limit in measured.speedup_limits]
    return [Mark(100 * value / cores, f"{text}: {value:.2f} useful") for value, text in useful if value <= cores]
