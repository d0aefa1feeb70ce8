"""The rounds of one measurement: rows are taken until the limits are decided or the budget is spent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement import counters
from pytest_multicore.measurement.control import control_runs
from pytest_multicore.measurement.machine import busiest_processes, cpu_by_process, this_machine
from pytest_multicore.measurement.real_time import with_row
from pytest_multicore.measurement.subject import AnySubject
from pytest_multicore.measurement.take import RowTaker
from pytest_multicore.rounds.round import Round
from pytest_multicore.settings import clocks
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.judge import Judgement
from pytest_multicore.verdicts.repeatable import FirstCalls
from pytest_multicore.verdicts.stopping import StoppingRule

from .first_calls import FirstCallCheck
from .open_side import FACTS_TIMEOUT_S, SETUP_TIMEOUT_S
from .request import MeasurementRequest, Progress

#: Seconds between two checks whether further rows could decide anything.
FUTILITY_CHECK_INTERVAL_S = 1.0
#: Rows as a ratio to those that were judged last. To judge 400 rows takes nine times as long as to judge 40 (11 ms and
#: 1.2 ms of CPU time): judged after every tenth of them, a row there costs no more than at 40.
JUDGING_RATIO = 1.025


@dataclass(frozen=True, slots=True)
class MeasuredRows:
    """The rounds of one measurement, and what else was learnt while they were taken.

    Attributes:
        rows: one round a side, in the request's order.
        judgement: what they say of the limits.
        rounds_s: seconds that all rows took, waits included.
        facts: what the contender's interpreter said of itself.
        base_facts: what the base's said; nothing without a base.
        priority: whether the CPU priority of the interpreters could be raised, in words.
        fixed_layout: whether all interpreters have the same memory layout.
        busy_others: other processes that used the machine meanwhile, and how many cores.
        first_calls: each side's calls before its rounds.
        further_losses: shares of the base's speed-up that further processes lost, where they were measured.
        by_cores: the contender and the same on one core, where only that tells what its busy cores are worth.
    """

    rows: list[tuple[Round, ...]]
    judgement: Judgement
    rounds_s: float
    facts: Mapping[str, Any]
    base_facts: Mapping[str, Any]
    priority: str
    fixed_layout: bool
    busy_others: list[tuple[str, float]]
    first_calls: tuple[FirstCalls | None, ...]
    further_losses: tuple[float, ...] = ()
    by_cores: Comparison | None = None


def is_judging_due(rows: int, judged_rows: int) -> bool:
    """Whether there are so many more rows than were judged last that judging all of them anew is worth its time."""
    return rows >= judged_rows * JUDGING_RATIO


class RoundLoop:
    """Takes the rows of one measurement and decides on the way whether another one is needed."""

    def __init__(
        self, request: MeasurementRequest, workload: Workload, subjects: Sequence[AnySubject], progress: Progress
    ) -> None:
        settings = request.settings
        self._request = request
        self._workload = workload
        self._subjects = subjects
        self._progress = progress
        same_work = len(request.sides) if request.base else None
        self._row_taker = row_taker(request, workload, subjects, same_work=same_work)
        self._first_calls = FirstCallCheck(subjects, request.contender_index, SETUP_TIMEOUT_S)
        self._stopping = StoppingRule(
            request.limits, settings.confidence, settings.budget_s, settings.settle_s, len(request.sides)
        )
        self._rows: list[tuple[Round, ...]] = []
        self._judgement: Judgement | None = None
        self._judged_rows = 0
        self._longest_row_s = self._elapsed_s = self._futility_checked_s = 0.0
        self._row_began: float | None = None
        self._began = clocks.monotonic()

    def run(self) -> MeasuredRows:
        """Take rows until every limit is decided, or until another row would not fit into the budget."""
        cpu_before = cpu_by_process()
        for row in self._row_taker.rows():
            self._add(row)
            is_due = row and is_judging_due(len(self._rows), self._judged_rows)
            if (is_due and self._judge() and self._is_decided()) or self._is_budget_spent() or self._is_futile():
                break
        return self._measured_rows(cpu_before)

    def _add(self, row: tuple[Round, ...]) -> None:
        """Count a row. A row on trial is empty: it only takes time."""
        now = clocks.monotonic()
        # The first row's time may include rounds that were too short to count: the estimate would be too careful.
        if self._row_began is not None:
            self._longest_row_s = max(self._longest_row_s, now - self._row_began)
        self._row_began = now
        self._elapsed_s = now - self._began - self._first_calls.new_set_up_s
        before, self._rows = len(self._rows), with_row(self._rows, row)
        if row and len(self._rows) <= before:  # those of another scheduling class were dropped
            self._judged_rows = 0
        self._progress.live(
            f"{self._workload}: round {len(self._rows)} a side, {self._elapsed_s:.0f} s of at most "
            f"{self._stopping.budget_s:g} s"
        )

    def _judge(self) -> Judgement:
        """Judge all rows so far."""
        self._judgement = self._stopping.judge(self._request.compared(self._rows))
        self._judged_rows = len(self._rows)
        return self._judgement

    def _is_decided(self) -> bool:
        """Whether the limits are decided, or the rounds do not repeat the test's work."""
        assert self._judgement is not None  # noqa: S101 - it is asked of a row that was judged
        # Rows of an earlier scheduling class were dropped: those that are left must have lasted.
        lasted_s = min(self._elapsed_s, self._rows[-1][0].began_s - self._rows[0][0].began_s)
        if self._first_calls.is_not_repeatable(self._rows) or self._stopping.enough(self._judgement, lasted_s):
            return True
        self._row_began = max(self._row_began or 0.0, self._first_calls.new_set_up_ended)
        return False

    def _is_budget_spent(self) -> bool:
        return self._elapsed_s + self._longest_row_s > self._stopping.budget_s

    def _is_futile(self) -> bool:
        """Whether further rows could decide nothing; checked now and then, since that takes time itself."""
        if not self._judgement or self._elapsed_s - self._futility_checked_s < FUTILITY_CHECK_INTERVAL_S:
            return False
        self._futility_checked_s = self._elapsed_s
        return self._stopping.futile(self._judgement, self._request.compared(self._rows), self._elapsed_s)

    def _measured_rows(self, cpu_before: Mapping[int, tuple[str, float]]) -> MeasuredRows:
        judged = self._judgement if self._judged_rows == len(self._rows) else self._judge()
        assert judged is not None  # noqa: S101 - the first row counts
        rounds_s = clocks.monotonic() - self._began - self._first_calls.new_set_up_s
        contender = self._subjects[self._request.contender_index].interpreter
        return MeasuredRows(
            rows=self._rows,
            judgement=judged,
            rounds_s=rounds_s,
            facts=_facts(contender),
            base_facts=_facts(self._subjects[2].interpreter) if self._request.base else {},
            priority=contender.priority,
            fixed_layout=all(subject.interpreter.fixed_layout for subject in self._subjects),
            busy_others=busiest_processes(cpu_before, cpu_by_process(), rounds_s, self._own_pids()),
            first_calls=tuple(self._first_calls.calls),
        )

    def _own_pids(self) -> set[int]:
        """The processes of this measurement: their load is no neighbour's."""
        rounds = (taken for row in self._rows for taken in row)
        control = self._row_taker.control
        return {
            os.getpid(),
            *(use.pid for taken in rounds for use in taken.thread_use),
            *(control.pids if control else ()),
        }


def row_taker(
    request: MeasurementRequest, workload: Workload, subjects: Sequence[AnySubject], *, same_work: int | None = None
) -> RowTaker:
    """Takes rounds of these sides, each with the control after it; see RowTaker for ``same_work``."""
    machine = this_machine()
    return RowTaker(
        subjects,
        counters.for_this_system(),
        machine.cores_granted,
        request.seed(workload),
        control_runs(machine, priority=request.settings.priority != "off"),
        cores_online=machine.cores_online,
        cores_in_reach=machine.cores_in_reach,
        same_work=same_work,
        may_use_real_time=request.settings.priority == "realtime",
    )


def _facts(interpreter: IsolatedInterpreter) -> Mapping[str, Any]:
    """What the interpreter says of itself; nothing where a new set-up has ended it."""
    if interpreter.ended:
        return {}
    return interpreter.ask("facts", "facts", FACTS_TIMEOUT_S, variables=list(REPORTED_VARIABLES))
