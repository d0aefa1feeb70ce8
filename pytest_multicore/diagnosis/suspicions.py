"""The parts of a diagnosis: a suspicion, the trial that would prove it, and the explanation that results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .evidence import Evidence

#: Of the lost time: what could explain less is never told first.
MIN_SHARE_OF_LOSS = 1 / 3
#: The changed side runs on as many threads as the original.
ORIGINAL_THREADS = "same"


class Effect(Enum):
    """What a change does if the suspected cause is the right one."""

    MORE_CORES = "keeps more cores busy"
    FASTER = "is faster"
    LESS_CPU = "takes less CPU time"
    SLOWER = "takes longer, for what is changed was spared it"
    FEWER_THREADS = "runs on fewer threads"
    SCALES = "gains more from threads than the original does"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that is changed.

    Attributes:
        variables: environment variables to set, or to remove (None), before the interpreter starts.
        theano_flags: flags to set.
        arguments: other arguments of the workload, by name.
        agent_changes: changes that the agent makes in the child (agent/change/change.py lists them).
        blas: another BLAS.
        threads: another thread count (None: inherit).
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    theano_flags: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    agent_changes: tuple[str, ...] = ()
    blas: str | None = None
    threads: int | str | None = ORIGINAL_THREADS


NO_CHANGE = Change()


@dataclass(frozen=True, slots=True)
class Replay:
    """One operation of the program run alone, as it is and changed (agent/workloads/replay_numpy.py).

    Attributes:
        original, changed: arguments of that workload.
    """

    original: Mapping[str, Any]
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """A measurement of the original program against a changed one.

    Attributes:
        knob: what is changed, for the report: ``MKL_THREADING_LAYER=GNU``.
        effect: what proves the cause.
        change: the change to the program.
        replay: an operation that is measured in the program's place.
        can_refute: whether the missing effect refutes the cause; False where the change itself costs time.
        min_cores: cores that the changed side must keep busy: with fewer the change undid more than it should.
        remedy: the user's line that this trial has run; empty where the suspicion's says it.
        has_to_gain: whether more cores count only where the same work is faster by them: what was missed is a speed-up.
    """

    knob: str
    effect: Effect
    change: Change = NO_CHANGE
    replay: Replay | None = None
    can_refute: bool = True
    min_cores: float = 0.0
    remedy: str = ""
    has_to_gain: bool = False

    @property
    def changes_work(self) -> bool:
        """Whether the changed side does other work, for instance a larger batch: its time cannot be compared."""
        return self.replay is not None or bool(self.change.arguments)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A cause that the evidence suggests.

    Attributes:
        key: its key in the catalogue.
        strength: how much speaks for it, 0 to 1; the strongest is tried first.
        evidence: what suggests it, in a sentence.
        remedy: what to do, with the exact variable or line.
        trials: what would prove it, the likeliest first.
        conclusive: whether the evidence is a proof already, as the curve of ``serial-fraction`` is.
        follow_ups: trials that run after a proof: what the report's reader would try next.
        share_of_loss: of the time that the program lost, at most so much could be its doing; None: that is not known.
        told_unproven: whether it is worth a word without a proof; False where it is tried because it may be so.
        remedy_is_measured: whether the measurement itself has run the remedy.
    """

    key: str
    strength: float
    evidence: str
    remedy: str
    trials: Sequence[Trial] = ()
    conclusive: bool = False
    follow_ups: Sequence[Trial] = ()
    share_of_loss: float | None = None
    told_unproven: bool = True
    remedy_is_measured: bool = False

    @property
    def is_minor(self) -> bool:
        """Whether it could explain so little of the lost time that it is never told first."""
        return self.share_of_loss is not None and self.share_of_loss < MIN_SHARE_OF_LOSS


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause in the report; the attributes are keys of the JSON report.

    Attributes:
        key, evidence, remedy: see Suspicion.
        proven: whether a trial or conclusive evidence proved it.
        trial: what was changed, and with what result; empty when nothing was tried.
        also: the same of the follow-up trials.
    """

    key: str
    proven: bool
    evidence: str
    remedy: str
    trial: str = ""
    also: tuple[str, ...] = ()


Detector = Callable[[Evidence], Suspicion | None]
