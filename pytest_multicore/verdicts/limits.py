"""Limits and intervals in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .figures import Comparison, Measurement
from .statistics import Interval


class Outcome(Enum):
    """What is said of a limit, and of a measurement as a whole."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a measurement is held to; None: not asked for. The names are the marker's."""

    min_cores: float | None = None
    max_cores: float | None = None
    min_speedup: float | None = None
    max_speedup: float | None = None
    min_efficiency: float | None = None
    max_threads: int | None = None

    def asked(self) -> dict[str, float]:
        """Those that were asked for, by name."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: limit for name, limit in every.items() if limit is not None}

    @property
    def need_baseline(self) -> bool:
        """Whether deciding them takes a second side to compare with."""
        return any(name in COMPARING for name in self.asked())


#: Limits on how two sides compare; the others are on one side alone.
COMPARING = frozenset({"min_speedup", "max_speedup", "min_efficiency"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one limit.

    Attributes:
        quantity: the limit's name.
        limit: its value.
        outcome: passed, failed, or inconclusive when the interval holds the limit or does not exist.
        interval: of the quantity; None when it was not measured.
    """

    quantity: str
    limit: float
    outcome: Outcome
    interval: Interval | None


def judge(limits: Limits, figures: Mapping[str, Interval | None]) -> tuple[Verdict, ...]:
    """A verdict for each limit that was asked for."""
    return tuple(_judge_one(name, limit, figures.get(name)) for name, limit in limits.asked().items())


def of_measurement(measured: Measurement) -> dict[str, Interval | None]:
    """The intervals that limits on one side are held against, by limit."""
    return {
        "min_cores": measured.cores,
        "max_cores": measured.cores,
        "max_threads": measured.threads_seen,
    }


def of_comparison(compared: Comparison) -> dict[str, Interval | None]:
    """The intervals that all limits are held against, by limit."""
    return {
        **of_measurement(compared.contender),
        "min_speedup": compared.speedup,
        "max_speedup": compared.speedup,
        "min_efficiency": compared.efficiency,
    }


def overall(verdicts: Sequence[Verdict]) -> Outcome:
    """One missed limit fails the whole; else one undecided limit leaves it inconclusive."""
    outcomes = {verdict.outcome for verdict in verdicts}
    for worst in (Outcome.FAILED, Outcome.INCONCLUSIVE):
        if worst in outcomes:
            return worst
    return Outcome.PASSED


def settled(verdicts: Sequence[Verdict]) -> bool:
    """Whether measuring on can change nothing: a limit was missed, or every limit is decided."""
    return overall(verdicts) is not Outcome.INCONCLUSIVE


def unreachable(limits: Limits, cores_granted: float) -> str | None:
    """Why no program could reach the limits on this machine, or None when one could.

    A speed-up of k takes k cores; more than the machine grants cannot be told apart from a regression here.
    """
    for name in ("min_cores", "min_speedup"):
        limit = limits.asked().get(name)
        if limit is not None and limit > cores_granted:
            return f"{name}={limit:g} cannot be reached on this machine"
    return None


def _judge_one(name: str, limit: float, interval: Interval | None) -> Verdict:
    if interval is None:
        return Verdict(name, limit, Outcome.INCONCLUSIVE, None)
    above, below = interval.low >= limit, interval.high < limit
    if name.startswith("max_"):
        above, below = interval.low > limit, interval.high <= limit
    good, bad = (above, below) if name.startswith("min_") else (below, above)
    outcome = Outcome.PASSED if good else Outcome.FAILED if bad else Outcome.INCONCLUSIVE
    return Verdict(name, limit, outcome, interval)
