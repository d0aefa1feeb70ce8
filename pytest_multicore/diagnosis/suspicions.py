"""The words of a diagnosis: a suspicion, the change that would prove it, and what came of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .evidence import Evidence

#: Threads of a changed side that are those of the original.
SAME = "same"


class Effect(Enum):
    """What a change brings about if its cause is the right one."""

    MORE_CORES = "keeps more cores busy"
    FASTER = "is faster"
    LESS_CPU = "takes less CPU time, and no longer"
    FEWER_THREADS = "runs on fewer threads"
    SCALES = "gains more from threads than the original does"


@dataclass(frozen=True, slots=True)
class Change:
    """One knob turned.

    Attributes:
        variables: environment variables to set, or to remove (None), before the interpreter starts.
        theano_flags: flags to set.
        arguments: the workload's, where it takes them by name.
        child: what the child does otherwise (agent/change/changing.py).
        blas: another BLAS.
        threads: another thread count (None: inherit).
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    theano_flags: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    child: tuple[str, ...] = ()
    blas: str | None = None
    threads: int | str | None = SAME


UNCHANGED = Change()


@dataclass(frozen=True, slots=True)
class Replay:
    """An operation of the program taken out and run alone, as it was and changed (agent/workloads/replay_numpy.py).

    Attributes:
        original, changed: the workload's arguments.
    """

    original: Mapping[str, Any]
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """A measurement of the original against a changed one.

    Attributes:
        knob: what is changed, for the report: ``MKL_THREADING_LAYER=GNU``.
        effect: what proves the cause.
        change: to the program itself.
        replay: an operation in the program's place.
        refutes: whether no difference speaks against the cause; not where the change costs something itself.
    """

    knob: str
    effect: Effect
    change: Change = UNCHANGED
    replay: Replay | None = None
    refutes: bool = True

    @property
    def other_work(self) -> bool:
        """Whether the changed side does other work, as with a larger batch: its time is nothing to compare."""
        return self.replay is not None or bool(self.change.arguments)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A cause that the evidence suggests.

    Attributes:
        key: of the catalogue.
        weight: how much speaks for it, 0 to 1: the order of the trials.
        evidence: what suggests it, in a sentence.
        remedy: what to do, with the exact variable or line.
        trials: what would prove it, the likeliest first.
        shown: the evidence is a proof already: the curve of ``serial-fraction``.
        also: tried beside a proof, for what its reader would try next.
    """

    key: str
    weight: float
    evidence: str
    remedy: str
    trials: Sequence[Trial] = ()
    shown: bool = False
    also: Sequence[Trial] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is said of one cause.

    Attributes:
        key, evidence, remedy: see Suspicion.
        proven: by a trial, or by evidence that is a proof.
        trial: what was changed and what came of it; empty when nothing was tried.
        also: the same of what was tried beside.
    """

    key: str
    proven: bool
    evidence: str
    remedy: str
    trial: str = ""
    also: tuple[str, ...] = ()


Detector = Callable[[Evidence], Suspicion | None]
