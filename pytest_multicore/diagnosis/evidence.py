"""The facts that causes are told by: what was asked, what was measured, what was seen from outside and from inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.measurement.machine import Machine
from pytest_multicore.measurement.thread_sampler import ThreadSample, ThreadSamples
from pytest_multicore.verdicts.limits import OpenReason, Outcome
from pytest_multicore.verdicts.result import Result

#: A core that is busy for less of the time than this has something to wait for.
NEARLY_BUSY = 0.85
#: More CPU time than the baseline's by this is work burnt.
INFLATED = 1.3
#: Cores busy that one thread cannot keep so.
MORE_THAN_ONE = 1.1
#: Share of the time under which an operation is not what the time goes to, whatever would thread it.
MUCH = 0.3
#: Of the busiest thread's CPU time: with less of it a thread is not at the work.
SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Calls:
    """BLAS level-3 calls of one shape in one repetition of the region, on average.

    Attributes:
        routine: as called, for instance dgemm.
        m, n, k: of the product.
        count: calls.
        seconds: wall seconds that they took.
    """

    routine: str
    m: int
    n: int
    k: int
    count: float
    seconds: float

    @property
    def work(self) -> int:
        """Multiply-adds of one call: what a BLAS compares with its threshold."""
        return self.m * self.n * self.k


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of one measurement whose limit was missed.

    Attributes:
        result: the measurement.
        target: the workload's (agent/runner.py lists the forms).
        machine: what it grants.
        facts: what the observed child told of itself (agent/dialogue/facts.py, with ``observed``).
        seen: its threads, from outside, while its region ran.
        started_with: thread variables and flags as they were when the child was started.
        calls: BLAS level-3 calls of the region; None where they could not be recorded.
        not_recorded: why they could not; empty where they were.
        threshold: multiply-adds up to which this machine's BLAS stays on one thread, probed; None: not known.
        compilers: paths of C++ compilers, for what compiles at run time.
        mapped: names of the files that the child has mapped.
        quota: of the control group that the child is in, in cores: a program may enter one of its own; None without.
        throttled_s: for how long that group was held back while the child was looked on, summed over its cores.
    """

    result: Result
    target: str
    machine: Machine
    facts: Mapping[str, Any] = field(default_factory=dict)
    seen: ThreadSamples = field(default_factory=lambda: ThreadSamples(0.0, (), (), {}))
    started_with: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[Calls, ...] | None = None
    not_recorded: str = ""
    threshold: int | None = None
    compilers: tuple[str, ...] = ()
    mapped: tuple[str, ...] = ()
    quota: float | None = None
    throttled_s: float = 0.0

    @property
    def missed(self) -> tuple[str, ...]:
        """The limits that were missed, by name."""
        return tuple(one.quantity for one in self.result.verdicts if one.outcome is Outcome.FAILED)

    @property
    def wanted(self) -> float:
        """Cores that the program could have used: its threads, as far as the machine grants them."""
        granted = self.machine.cores_granted
        return min(self.result.threads or granted, granted)

    @property
    def cores(self) -> float:
        """Cores busy."""
        return self.result.measurement.cores.estimate if self.result.measurement else 0.0

    @property
    def demanded(self) -> float:
        """Cores demanded: busy, or waited for by threads that were ready to run, as beside a neighbour."""
        measured = self.result.measurement
        return max(self.cores, measured.demand.estimate) if measured and measured.demand else self.cores

    @property
    def sharing(self) -> Sequence[ThreadSample]:
        """The threads that do a share of the work: whoever only hands it over to a pool is none of them."""
        return [task for task in self.seen.at_work if task.cpu_s > SHARE * self.seen.tasks[0].cpu_s]

    @property
    def wall_s(self) -> float:
        """Seconds of one repetition of the region."""
        return self.result.measurement.wall_s.estimate if self.result.measurement else math.inf

    @property
    def too_little(self) -> bool:
        """Whether a minimum was missed; else something was too much."""
        return any(name.startswith("min_") for name in self.missed)

    @property
    def minimum_open(self) -> bool:
        """Whether a minimum stayed open for what the machine did not give."""
        return any(
            one.quantity.startswith("min_") and one.open_reason in (OpenReason.MACHINE, OpenReason.DISTURBED)
            for one in self.result.verdicts
        )

    @property
    def idle(self) -> bool:
        """Whether cores stood idle that the program could have used."""
        return self.too_little and self.cores < NEARLY_BUSY * self.wanted

    @property
    def useful(self) -> float:
        """Cores' worth of work: those busy, less what they only burn; those busy, where nothing was compared."""
        compared = self.result.comparison
        return min(self.cores, compared.useful_cores) if compared else self.cores

    @property
    def underused(self) -> bool:
        """Whether cores stood idle, or were busy with what made nothing faster: a pool's threads spin for a while."""
        return self.too_little and self.useful < NEARLY_BUSY * self.wanted

    @property
    def comparable(self) -> bool:
        """Whether there is another thread count to compare with."""
        return self.result.comparison is not None

    @property
    def inflation(self) -> float:
        """CPU time over the baseline's; 1 where there is none to compare with."""
        return self.result.comparison.cpu_inflation.estimate if self.result.comparison else 1.0

    @property
    def observed(self) -> Mapping[str, Any]:
        """What was seen from within; empty where nobody looked."""
        found: Mapping[str, Any] = self.facts.get("observed") or {}
        return found

    @property
    def variables(self) -> Mapping[str, str]:
        """Thread variables and flags as the program sees them, whenever they were set."""
        found: Mapping[str, str] = self.facts.get("variables", {})
        return found

    @property
    def libraries(self) -> Sequence[Mapping[str, Any]]:
        """The numeric libraries that are mapped."""
        found: Sequence[Mapping[str, Any]] = self.facts.get("libraries", ())
        return found

    def kinds(self, *kinds: str) -> list[Mapping[str, Any]]:
        """The mapped libraries of these kinds."""
        return [one for one in self.libraries if one["kind"] in kinds]

    def pools(self, when: str) -> list[int]:
        """Sizes of the thread pools at a moment: start, opened, region or after."""
        return [one["threads"] for one in self.observed.get("pools", {}).get(when, ()) if one["threads"] is not None]

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        """The hottest lines, with the operations and operands on them."""
        found: Sequence[Mapping[str, Any]] = self.observed.get("lines", ())
        return found

    def looked(self, what: str) -> float:
        """A figure of the look from within: samples, sampled_s, late_s, slept_s, python_threads; 0 where unknown."""
        return float(self.observed.get(what) or 0.0)

    @property
    def callers(self) -> int:
        """Threads of Python, in all processes, that can have called a library at the same time: at least one."""
        return max(1, int(self.looked("python_threads")), len({task.pid for task in self.seen.at_work}))

    def share(self, *operations: str) -> float:
        """Of the samples, those on a line with one of these operations."""
        return float(sum(line["share"] for line in self.lines if line.get("operation") in operations))
