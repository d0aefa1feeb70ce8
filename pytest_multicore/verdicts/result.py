"""One measurement as a whole: the request, the figures, and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .base_comparison import BaseComparison
from .figures import Comparison, Measurement, Scaling
from .limits import Outcome, Verdict
from .repeatable import FirstCalls


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that the reports hold of one measurement.

    Attributes:
        test: the test's node id.
        workload, arguments: its label and arguments.
        environment: the environment's name.
        threads, baseline: threads of the contender and of the baseline, or their cores; None for inherited threads, or
            without that side.
        outcome: of the whole.
        reason: why it is inconclusive or an error; empty otherwise.
        verdicts: one for each limit.
        measurement, comparison, scaling: the figures; None where nothing was measured.
        base: what the user calls the base; empty without one.
        against: the program against its base.
        further_losses: shares of the base's speed-up that further processes lost, where those were measured.
        differences: what differs between the environments of program and base, in words.
        python: the child's version.
        facts: what the child reported of itself (agent/dialogue/facts.py).
        blas: the BLAS in use, in words; None when none is in use.
        warnings: what passed its limits and is wrong all the same (warnings.py).
        notes: what the reader should know: overridden variables, more threads than cores, priority.
        collection_changes: what collecting the tests changed in pytest itself, as data.
        budget_s, duration_s: seconds allowed for the rounds, and used for everything.
        confidence: of each verdict.
        seed: of the order in which sides take turns.
        causes: why a limit was missed, as data (diagnosis/suspicions.py, Explanation), the likeliest first.
        evidence: what the causes rest on; empty where none were looked for.
        first_calls: of each side in the rounds' order, before them; None where every round is a first call.
        lacks_cores: whether a limit asks for more cores than the machine grants.
        vary: what the sides differ in: threads or cores.
        settle_s: seconds for which a miss had to last; None where nothing was measured.
    """

    test: str
    workload: str
    arguments: Mapping[str, Any]
    environment: str
    threads: int | None
    baseline: int | None
    outcome: Outcome
    reason: str
    budget_s: float
    duration_s: float
    confidence: float
    seed: int
    verdicts: tuple[Verdict, ...] = ()
    measurement: Measurement | None = None
    comparison: Comparison | None = None
    scaling: Scaling | None = None
    base: str = ""
    against: BaseComparison | None = None
    further_losses: tuple[float, ...] = ()
    differences: tuple[str, ...] = ()
    python: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    blas: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    collection_changes: tuple[Mapping[str, Any], ...] = ()
    causes: tuple[Mapping[str, Any], ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    first_calls: tuple[FirstCalls | None, ...] = ()
    lacks_cores: bool = False
    settle_s: float | None = None
    vary: str = "threads"
