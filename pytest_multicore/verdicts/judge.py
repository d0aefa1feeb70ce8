"""Rows of rounds and limits in, verdicts out.

The rules, in the order in which they are applied. The names are those of rules.py, which says what each guards against;
a rule without a name cannot be left out.

Before a round is taken
  1. A limit that no program could reach or miss on this machine is not measured (limits.py, ``why_unreachable``).

What one round bounds (bounds.py)
  2. CLOCKS: cores busy at least are CPU time / (wall time + the lateness of the CPU clock).
  3. ENDED_THREADS: where waits are unknown, background load stands in for them.
  4. WAITS: cores busy at most are CPU time / (wall time - waits - steal - throttling); not waits for each other, where
     the machine was idle, and gave the control its cores.
  5. CAP: neither is over the cores online, the cores open, or the threads that got CPU time.

Which rows count (row_sets.py)
  6. A round is undisturbed if the other sides were at rest, steal is small, and so are waits for others.
  7. UNKNOWN_WAITS: a row with unknown waits is disturbed, if there was background load over all such rows.
  8. UNDISTURBED_ROWS: all rows give an interval, and the undisturbed ones another. What both allow holds.
  9. SPAN: undisturbed rows from less than half of the measurement bound nothing from above.

The interval of each figure: what the program does on a machine that gives it all its cores (figures.py, speedup.py)
  10. The median's interval holds however often it is looked at (statistics.py).
  11. Busy cores: the high end allows for threads that rest while one of them is on a slow core.
  12. HELD_UP: the low end of a speed-up leaves out the time for which others held up the baseline, where the
      contender's threads rest in between or are more than the cores, and for which a quota did.
      SLOW_CORE: where the baseline was on a slower core, it is as much lower.
  13. FEWER_CORES: a contender that keeps fewer cores busy than its baseline has no low end. Of a change by itself, as
      in an explanation's trials, that holds only beside others.
  14. CONTROL: the high end of a speed-up allows for what the machine did not attain, by the control.
  15. CAP: the high end of a speed-up is at most the ratio of the cores, but never below the measured one.
  16. MEMORY: beside a neighbour that streams memory, and is driven away, a speed-up has no low end.
  17. Efficiency is speed-up / attained speed-up, pair by pair. Rules 12, 13 and 16 hold for its low end.

A verdict for each limit (limits.py)
  18. An interval beyond the limit decides it. Else it is open, by the machine where the figure as it was measured would
      decide it, by the rows where that would not. Without an interval it is open, too.

What a comparison leaves open all the same (this module)
  -  A limit on the speed-up beyond the ratio of the cores is reached anew: what waits is not bound by cores, and what
     would need more of them than there are is left open (more_cores.py).
  19. MEMORY: a limit that is open by rule 16 says so.
  20. ONE_THREAD: where one thread did all the work on both sides, a limit is decided only as two sides of the same
      speed would decide it.
  21. OWN_POOL: what claims that there is no gain is open where the baseline used more cores than it was told to, or
      waited with as many threads as the contender, unless more threads made the program clearly slower.

What a program lost against a base (base_comparison.py)
  22. Pairs of program and base decide, where both keep as many cores busy. Else rule 14 holds for the one that keeps
      more busy.
  23. OWN_POOL: a loss is told of sides that take the threads that they are told to, or by the time at N threads alone.
      SLOW_CORE: what the times of one thread say is as much wider as their cores differ in speed.

When measuring ends (stopping.py), and what is left open then
  24. It ends when every limit is decided, or one is missed. Without limits it ends when the medians are bounded, with
      some rows to spare.
  25. A passed ``min_cores``, or a ``min_speedup`` that asks for no gain, waits until it is known whether the cores are
      useful (warnings.py), or for rule 26's time. A passed ``max_loss`` waits until it is known whether a program that
      seems slower than its base is slower, or for rule 27's time.
  26. SETTLE: a miss, or a ``max_`` limit that is met, must last for the settle time, and the rows after half of it must
      show it by themselves. What is called slower than its base must last as long.
  27. FUTILITY: it ends when rows like the last ones could not decide, and not in the first seconds.
  28. Where later calls do none of the first one's work, every limit is open (repeatable.py).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from pytest_multicore.rounds.tolerances import MIN_EQUAL_SPEEDUP

from . import figures
from .base_comparison import BaseComparison, Change, base_comparison, needs_further_processes
from .figures import Comparison, Measurement
from .limits import (
    COMPARISON_LIMITS,
    Limits,
    OpenReason,
    Outcome,
    Verdict,
    claims_no_gain,
    comparison_figures,
    leave_open,
    measurement_figures,
    outcome_of,
    verdicts_on,
)
from .more_cores import beyond_cores, waits
from .row_sets import Rows
from .rules import NO_RULES, Rule
from .statistics import Interval


@dataclass(frozen=True, slots=True)
class Judgement:
    """What rows say of limits.

    Attributes:
        verdicts: one for each limit.
        measured: the side in question.
        compared: the two sides; None where there is one.
        against: the program against its base; None without one.
    """

    verdicts: tuple[Verdict, ...]
    measured: Measurement
    compared: Comparison | None
    against: BaseComparison | None = None

    @property
    def outcome(self) -> Outcome:
        """Of all limits together."""
        return outcome_of(self.verdicts)

    @property
    def change(self) -> Change | None:
        """What became of the program against its base; None without one."""
        return self.against.change(self.verdicts) if self.against else None


def judgement(limits: Limits, rows: Rows, confidence: float, without: frozenset[Rule] = NO_RULES) -> Judgement:
    """What the rows say of each limit.

    Args:
        limits: those asked for.
        rows: of one round, of the contender's and the baseline's, or of these and the base's two.
        confidence: of each verdict.
        without: rules to leave out (benchmarks/ablation.py).
    """
    if len(rows[0]) == 1:
        measured = figures.measurement([row[0] for row in rows], confidence, without)
        return Judgement(verdicts_on(limits, measurement_figures(measured)), measured, None)
    compared = figures.comparison([row[:2] for row in rows], confidence, without)
    verdicts = judge_comparison(limits.without_base(), compared, without)
    if len(rows[0]) == 2:
        return Judgement(verdicts, compared.contender, compared)
    against = base_comparison(rows, confidence, compared, without)
    on_base = _judge_against_base(limits.on_base(), compared, against, without)
    return Judgement((*verdicts, *on_base), compared.contender, compared, against)


def judge_comparison(limits: Limits, compared: Comparison, without: frozenset[Rule] = NO_RULES) -> tuple[Verdict, ...]:
    """What a comparison says of each limit; see ``judgement``."""
    verdicts: Sequence[Verdict] = verdicts_on(limits, comparison_figures(compared))
    verdicts = beyond_cores(verdicts, compared, without)
    if compared.memory_impaired and Rule.MEMORY not in without:
        verdicts = [_with_memory_reason(verdict) for verdict in verdicts]
    if compared.both_single_threaded and Rule.ONE_THREAD not in without:
        verdicts = _without_process_speed(limits, compared, verdicts)
    if _has_its_own_pool(compared) and Rule.OWN_POOL not in without:
        verdicts = [
            leave_open(verdict, OpenReason.OWN_POOL) if _is_no_gain(verdict) else verdict for verdict in verdicts
        ]
    return tuple(verdicts)


def _judge_against_base(
    limits: Limits, compared: Comparison, against: BaseComparison, without: frozenset[Rule]
) -> tuple[Verdict, ...]:
    """What a program's comparison with its base says of each limit on that."""
    verdicts = verdicts_on(
        limits,
        {
            "max_loss": (against.loss, against.measured_loss),
            "max_slowdown": (against.slowdown, against.measured_slowdown),
        },
    )
    pools = any(_uses_its_own_pool(one) for one in (compared, against.base))
    if not pools or Rule.OWN_POOL in without:
        return verdicts
    # The baseline's time says nothing of one thread then. That at N threads does: who keeps it has lost nothing.
    return tuple(
        verdict
        if verdict.quantity != "max_loss" or against.slowdown_at_threads.high <= verdict.limit
        else leave_open(verdict, OpenReason.OWN_POOL)
        for verdict in verdicts
    )


def to_bear_out(judged: Judgement, fixed_layout: bool) -> frozenset[str]:
    """What further processes could turn of what is said against a base: limits, and that the program is slower."""
    near = {one.quantity for one in judged.verdicts if needs_further_processes(one, fixed_layout)}
    slower = judged.change is Change.SLOWER and judged.against and judged.against.is_barely_slower and not fixed_layout
    return frozenset({*near, "slower"} if slower else near)


def borne_out(judged: Judgement, others: Judgement, near: Container[str]) -> Judgement:
    """What a first set of processes says against a base, as far as further ones bear it out.

    Args:
        judged: of the first ones.
        others: of the further ones.
        near: limits that processes could turn.
    """
    said = {verdict.quantity: verdict.outcome for verdict in others.verdicts}
    verdicts = (
        leave_open(verdict, OpenReason.LAYOUT)
        if verdict.quantity in near and verdict.outcome is not said[verdict.quantity]
        else verdict
        for verdict in judged.verdicts
    )
    against = judged.against and others.against and judged.against.borne_out_by(others.against)
    return replace(judged, verdicts=tuple(verdicts), against=against)


def decide(limits: Limits, rows: Rows, confidence: float, without: frozenset[Rule] = NO_RULES) -> tuple[Verdict, ...]:
    """The verdicts alone; see ``judgement``."""
    return judgement(limits, rows, confidence, without).verdicts


def _has_its_own_pool(compared: Comparison) -> bool:
    """Unless more threads made it clearly slower: that is said whatever the baseline used."""
    return _uses_its_own_pool(compared) and compared.ratio.high >= MIN_EQUAL_SPEEDUP


def _uses_its_own_pool(compared: Comparison) -> bool:
    """Whether the baseline used more threads than it was set to; those that wait keep no cores busy."""
    return compared.baseline_ignores_thread_count or (waits(compared) and compared.baseline_has_all_threads)


def _is_no_gain(verdict: Verdict) -> bool:
    return verdict.quantity in COMPARISON_LIMITS and claims_no_gain(verdict)


def _without_process_speed(limits: Limits, compared: Comparison, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts; those are left open that two sides of the same speed would not have."""
    same = Interval(1.0, 1.0, 1.0, compared.ratio.confidence)
    efficiency = compared.efficiency and same.scaled(compared.efficiency.estimate / compared.ratio.estimate)
    alike = replace(compared, ratio=same, speedup=same, efficiency=efficiency)
    return [
        leave_open(verdict, OpenReason.OWN_SPEED)
        if verdict.outcome is not Outcome.INCONCLUSIVE and verdict.outcome is not other.outcome
        else verdict
        for verdict, other in zip(verdicts, verdicts_on(limits, comparison_figures(alike)), strict=True)
    ]


def _with_memory_reason(verdict: Verdict) -> Verdict:
    open_by_machine = verdict.quantity in COMPARISON_LIMITS and verdict.open_reason is OpenReason.MACHINE
    return leave_open(verdict, OpenReason.MEMORY) if open_by_machine and not claims_no_gain(verdict) else verdict
