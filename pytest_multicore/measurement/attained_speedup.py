"""What the granted cores attain just now, for the doctor: the control's speed-up, and the time that others took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_multicore.rounds.tolerances import (
    DOCTOR_ROWS,
    MAX_DOCTOR_ROWS,
    MIN_BURST_S,
    MIN_CONTROL_CPU_SHARE,
    MIN_UNDISTURBED_BURSTS,
)

from .control_workers import Burst


@dataclass(frozen=True, slots=True)
class AttainedSpeedup:
    """What a compute loop got on all granted cores, and on one.

    Attributes:
        speedup: of all cores over one; None where no figure would be true: one worker alone was disturbed in nearly all
            of its bursts, or one of several got no time at all.
        alone_share: CPU time that one worker alone got, as a share of the bursts: 1 where its core was its own.
        least_share: the same of the worker that got the least, while all cores were at work.
    """

    speedup: float | None
    alone_share: float
    least_share: float


class Workers(Protocol):
    """What runs the bursts; see control.ControlRuns."""

    def bursts(self, cores: int, length_s: float) -> list[Burst] | None:
        """One burst on so many cores; None where the workers have ended."""
        ...


def attained_now(workers: Workers, cores: int) -> AttainedSpeedup | None:
    """Take rows of two bursts, on one core and on so many; None where the workers have ended.

    A busy machine gets more rows, so that some bursts on one core are undisturbed.
    """
    alone, together = list[Burst](), list[Sequence[Burst]]()
    while not _is_enough(alone):
        one, several = workers.bursts(1, MIN_BURST_S), workers.bursts(cores, MIN_BURST_S)
        if not one or not several:
            return None
        alone += one
        together.append(several)
    return attained(alone, together)


def attained(alone: Sequence[Burst], together: Sequence[Sequence[Burst]]) -> AttainedSpeedup:
    """What these bursts show.

    In a burst of some milliseconds a worker may get no time at all beside other processes. No program stands still for
    longer than they run, so each worker counts with its mean, without its best and its worst burst.

    Args:
        alone: bursts of one worker.
        together: each row's bursts of all workers, which keep their order.
    """
    workers = [list(bursts) for bursts in zip(*together, strict=True)]
    slowest = min(_middle(burst.speed for burst in bursts) for bursts in workers)
    own = [burst.speed for burst in _undisturbed(alone)]
    is_known = len(own) >= MIN_UNDISTURBED_BURSTS and slowest > 0
    return AttainedSpeedup(
        speedup=len(workers) * slowest / _middle(own) if is_known else None,
        alone_share=_middle(burst.cpu_share for burst in alone),
        least_share=min(_middle(burst.cpu_share for burst in bursts) for bursts in workers),
    )


def _is_enough(alone: Sequence[Burst]) -> bool:
    wanted = DOCTOR_ROWS if len(_undisturbed(alone)) >= MIN_UNDISTURBED_BURSTS else MAX_DOCTOR_ROWS
    return len(alone) >= wanted


def _undisturbed(alone: Sequence[Burst]) -> list[Burst]:
    """The bursts in which one worker had its core."""
    return [burst for burst in alone if burst.cpu_share >= MIN_CONTROL_CPU_SHARE]


def _middle(values: Sequence[float] | Iterator[float]) -> float:
    """The mean without the least and the greatest, where there are more than two."""
    ordered = sorted(values)
    kept = ordered[1:-1] if len(ordered) > 2 else ordered
    return sum(kept) / len(kept)
