"""The evidence that causes are inferred from: the measurement, the child's own facts, and samples of its threads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_multicore.interpreters.built_in_workloads import BuiltInWorkload, built_in_workload
from pytest_multicore.interpreters.native_stacks import INTERPRETER, NativeStacks
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.measurement.thread_sampler import ThreadSample, ThreadSamples
from pytest_multicore.verdicts.bounds import max_busy_cores
from pytest_multicore.verdicts.limits import COMPARISON_LIMITS, OpenReason, Outcome
from pytest_multicore.verdicts.result import Result

#: Of the usable cores: with fewer busy, some of them stood idle.
MIN_BUSY_SHARE = 0.85
#: CPU time over the baseline's: from here on threads use it without doing work.
MIN_CPU_INFLATION = 1.3
#: One thread keeps no more cores busy than this.
MAX_CORES_OF_ONE_THREAD = 1.1
#: Of the time: an operation with a smaller share cannot explain a missed limit.
MIN_TIME_SHARE = 0.3
#: Of the busiest thread's CPU time: a thread with a smaller share does none of the work.
MIN_THREAD_SHARE = 0.05

#: Of the busiest thread's CPU time: a pool's thread that works or spins has more. The observer's own had 3 to 5 %.
MIN_POOL_THREAD_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class BlasCalls:
    """BLAS level-3 calls of one shape in one repetition of the region, on average.

    Attributes:
        routine: its BLAS name, for instance dgemm.
        m, n, k: sizes of the product.
        count: number of calls.
        seconds: wall seconds in them.
    """

    routine: str
    m: int
    n: int
    k: int
    count: float
    seconds: float

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one call: what a BLAS compares with its threshold."""
        return self.m * self.n * self.k


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps that a framework dispatches in one repetition of the region.

    Attributes:
        count: how often the hottest line ran, on average.
        line: that line: file, line, function and source.
    """

    count: float
    line: Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Everything that is known of one measurement that missed a limit.

    Attributes:
        result: the measurement.
        target: the workload's (agent/runner.py lists the forms).
        machine: its cores and quotas.
        facts: what the observed child reported of itself (agent/dialogue/facts.py, with ``observed``).
        thread_samples: its threads, sampled from outside while its region ran.
        variables_at_start: thread variables and flags that the child was started with.
        calls: BLAS level-3 calls of the region; None: they could not be recorded.
        recorder_error: why they could not be recorded; empty where they were.
        threshold: multiply-adds up to which this machine's BLAS stays on one thread, probed; None: not known.
        compilers: paths of C++ compilers, for programs that compile at run time.
        mapped_files: names of the files that the child has mapped.
        quota: cores that the child's control group grants, which may be the program's own; None: no quota.
        throttled_s: for how long that group was throttled during the observation, summed over its cores.
        native: where its Python threads were by their native stacks; None: they were not looked at.
        steps: what a framework's hottest line dispatches; None: they were not counted.
    """

    result: Result
    target: str
    machine: Machine
    facts: Mapping[str, Any] = field(default_factory=dict)
    thread_samples: ThreadSamples = field(default_factory=lambda: ThreadSamples(0.0, (), (), {}))
    variables_at_start: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[BlasCalls, ...] | None = None
    recorder_error: str = ""
    threshold: int | None = None
    compilers: tuple[str, ...] = ()
    mapped_files: tuple[str, ...] = ()
    quota: float | None = None
    throttled_s: float = 0.0
    native: NativeStacks | None = None
    steps: Steps | None = None

    @property
    def built_in(self) -> BuiltInWorkload | None:
        """The built-in experiment that was measured; None for any other workload."""
        return built_in_workload(self.target)

    @property
    def missed_limits(self) -> tuple[str, ...]:
        """Names of the limits that were missed."""
        return tuple(verdict.quantity for verdict in self.result.verdicts if verdict.outcome is Outcome.FAILED)

    @property
    def usable_cores(self) -> float:
        """Cores that the program could have used: those given, or one for each thread, as far as they are granted."""
        granted = self.machine.cores_granted
        return min(self.result.threads or granted, granted)

    @property
    def inherits_variables(self) -> bool:
        """Whether the program's thread variables are the user's: no thread count was told to it."""
        return self.result.threads is None or self.result.vary == "cores"

    @property
    def busy_cores(self) -> float:
        """Cores busy."""
        return self.result.measurement.cores.estimate if self.result.measurement else 0.0

    @property
    def demanded_cores(self) -> float:
        """Cores demanded: those busy, and those that runnable threads waited for, for instance behind a neighbour."""
        measurement = self.result.measurement
        if measurement is None or not measurement.demand:
            return self.busy_cores
        return max(self.busy_cores, measurement.demand.estimate)

    @property
    def most_demanded_cores(self) -> float:
        """The same at most: threads that ended took along how long they had waited for a core that others had."""
        rounds = self.result.measurement.rounds if self.result.measurement else ()
        most = [max_busy_cores(taken) for taken in rounds if not taken.waits_are_known]
        return max(self.demanded_cores, statistics.median(most) if 2 * len(most) > len(rounds) else 0.0)

    @property
    def working_threads(self) -> Sequence[ThreadSample]:
        """The threads that do a share of the work. One that only hands it over to a pool is not among them."""
        samples = self.thread_samples
        return [thread for thread in samples.at_work if thread.cpu_s > MIN_THREAD_SHARE * samples.tasks[0].cpu_s]

    @property
    def wall_s(self) -> float:
        """Seconds of one repetition of the region."""
        return self.result.measurement.wall_s.estimate if self.result.measurement else math.inf

    @property
    def minimum_missed(self) -> bool:
        """Whether a minimum was missed; otherwise a maximum was exceeded."""
        return any(name.startswith("min_") for name in self.missed_limits)

    @property
    def only_gain_missed(self) -> bool:
        """Whether all that was missed is about what cores gain: cores that are busy for nothing help none of it."""
        missed = set(self.missed_limits)
        return bool(missed) and missed <= COMPARISON_LIMITS

    @property
    def minimum_open(self) -> bool:
        """Whether a minimum is undecided because the machine did not give its cores."""
        return any(
            verdict.quantity.startswith("min_") and verdict.open_reason in (OpenReason.MACHINE, OpenReason.DISTURBED)
            for verdict in self.result.verdicts
        )

    @property
    def has_idle_cores(self) -> bool:
        """Whether a minimum was missed while usable cores stood idle."""
        return self.minimum_missed and self.busy_cores < MIN_BUSY_SHARE * self.usable_cores

    @property
    def useful_cores(self) -> float:
        """Cores useful: the busy ones, less what they only waste; the busy ones, where there is no comparison."""
        comparison = self.result.comparison
        return min(self.busy_cores, comparison.useful_cores) if comparison else self.busy_cores

    @property
    def lacks_useful_cores(self) -> bool:
        """Whether usable cores stood idle, or were busy and made nothing faster: a pool's threads spin for a while."""
        return self.minimum_missed and self.useful_cores < MIN_BUSY_SHARE * self.usable_cores

    def share_of_loss(self, time_share: float) -> float:
        """Of the time that was lost, how much a part of it with one core at work could explain at most.

        On N cores of which u are useful, N - u are lost; in a share s of the time, at most N - 1 of them.

        Args:
            time_share: that part's share of the wall time.
        """
        lost_cores = self.usable_cores - self.useful_cores
        return min(1.0, time_share * (self.usable_cores - 1) / lost_cores) if lost_cores > 0 else 1.0

    @property
    def pool_threads(self) -> Sequence[ThreadSample] | None:
        """The threads at work that are not Python's: those of a library's pool. None where that is not known.

        Of a child process any thread but the main one may be a pool's, unless it is seen to run Python.
        """
        python_ids = self.observed.get("python_ids")
        if not (python_ids and self._at_work):
            return None
        return [one for one in self._at_work if not self._is_pythons(one, python_ids)]

    @property
    def calling_threads(self) -> int:
        """Python threads, of all processes, that may be at work in calls of a library at the same time: at least one.

        One that only hands work over, or lives for a moment, is not among them.
        """
        python_ids = self.observed.get("python_ids")
        if not (python_ids and self._at_work):
            return self.caller_count
        at_work = sum(self._is_pythons(one, python_ids) for one in self._at_work)
        return max(1, min(self.caller_count, at_work))

    @property
    def _at_work(self) -> list[ThreadSample]:
        samples = self.thread_samples
        return [one for one in samples.at_work if one.cpu_s > MIN_POOL_THREAD_SHARE * samples.tasks[0].cpu_s]

    def _is_pythons(self, thread: ThreadSample, python_ids: Sequence[int]) -> bool:
        if thread.pid == self.thread_samples.root:
            return thread.tid in python_ids
        return thread.tid == thread.pid or bool(INTERPRETER.search(thread.library))

    @property
    def has_comparison(self) -> bool:
        """Whether there is another thread count to compare with."""
        return self.result.comparison is not None

    @property
    def cpu_inflation(self) -> float:
        """CPU time over the baseline's; 1 where there is none to compare with."""
        return self.result.comparison.cpu_inflation.estimate if self.result.comparison else 1.0

    @property
    def observed(self) -> Mapping[str, Any]:
        """The observation from inside the child (agent/watch/observe.py); empty where there was none."""
        observed: Mapping[str, Any] = self.facts.get("observed") or {}
        return observed

    @property
    def variables(self) -> Mapping[str, str]:
        """Thread variables and flags as the program sees them now, whenever they were set."""
        variables: Mapping[str, str] = self.facts.get("variables", {})
        return variables

    @property
    def libraries(self) -> Sequence[Mapping[str, Any]]:
        """The numeric libraries that are mapped."""
        libraries: Sequence[Mapping[str, Any]] = self.facts.get("libraries", ())
        return libraries

    def libraries_of_kind(self, *kinds: str) -> list[Mapping[str, Any]]:
        """The mapped libraries of one of these kinds."""
        return [library for library in self.libraries if library["kind"] in kinds]

    @property
    def pool_sizes(self) -> list[int]:
        """Sizes of the thread pools once the program is set up."""
        pools = self.observed.get("pools", {}).get("opened", ())
        return [pool["threads"] for pool in pools if pool["threads"] is not None]

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        """The hottest lines, with the operations and operands on them."""
        lines: Sequence[Mapping[str, Any]] = self.observed.get("lines", ())
        return lines

    def observed_figure(self, name: str) -> float:
        """A figure of the observation: samples, sampled_s, late_s, slept_s or python_threads; 0 where unknown."""
        return float(self.observed.get(name) or 0.0)

    @property
    def caller_count(self) -> int:
        """Python threads, of all processes, that may have called a library at the same time: at least one."""
        processes = {thread.pid for thread in self.thread_samples.at_work}
        return max(1, int(self.observed_figure("python_threads")), len(processes))

    def operation_share(self, *operations: str) -> float:
        """Share of the samples that are on a line with one of these operations."""
        return float(sum(line["share"] for line in self.lines if line.get("operation") in operations))
