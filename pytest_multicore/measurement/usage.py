"""What a process tree used between two snapshots."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_multicore.rounds.round import ThreadUse, accounts_for

from .snapshots import TaskTimes, TreeSnapshot

#: CPU time that a thread does not owe to the region: going on after a pause wakes all threads, for 5 to 28 us here.
WOKEN_S = 0.0002


@dataclass(frozen=True, slots=True)
class Usage:
    """A tree's use of the machine in one round.

    Attributes:
        cpu_s: CPU seconds of the whole tree, ended threads and processes included.
        delay_s: seconds that its threads stood runnable without a core, summed, less ``throttled_s``: what a quota of
            the program's own holds back nobody else took. None where the system does not say.
        threads: those that got CPU time and still live, the busiest first.
        throttled_s: time that control groups of the program's own were held back by a quota, summed over CPUs.
        tree_cpu_s: the tree's CPU seconds between the snapshots: what its threads spun beyond the region, too.
        others_s: CPU seconds of all other processes that are to be seen and lived throughout, to the nanosecond; None
            where they are not read, or one ended.
        all_seen: whether everybody is to be seen.
    """

    cpu_s: float
    delay_s: float | None
    threads: tuple[ThreadUse, ...]
    throttled_s: float = 0.0
    tree_cpu_s: float = 0.0
    others_s: float | None = None
    all_seen: bool = False

    @property
    def all_threads_seen(self) -> bool:
        """Whether no thread can have ended meanwhile, and taken its waits along."""
        return accounts_for(self.threads, self.cpu_s, in_ticks=self.delay_s is None)


@dataclass(frozen=True, slots=True)
class OwnClock:
    """What the agent read of itself right at the region's edges, in CPU seconds.

    The parent's snapshots lie a message's way outside the region; for the agent's own process, which does nearly all of
    the work, its own readings are exact.
    """

    process_cpu_s: float
    reaped_cpu_s: float


def threads_unseen(before: TreeSnapshot, after: TreeSnapshot, started: int | None) -> int | None:
    """How many threads of the tree may have ended between its snapshots, at most; None where nobody tells.

    Those that are gone, and those that were started and are gone already: whatever anybody on the machine started may
    have been one, unless it is among ours now, or a process of somebody else's.

    Args:
        before: the tree, after the machine was looked at first.
        after: the tree, before the machine was looked at again.
        started: processes and threads that were started on the machine between these looks; None where unknown.
    """
    if started is None:
        return None
    gone, new = before.tasks.keys() - after.tasks.keys(), after.tasks.keys() - before.tasks.keys()
    then, now = before.others_cpu_s, after.others_cpu_s
    others = 0 if then is None or now is None else len(now.keys() - then.keys())
    return len(gone) + max(0, started - len(new) - others)


def usage(root: int, before: TreeSnapshot, after: TreeSnapshot, own: OwnClock) -> Usage:
    """What the tree under ``root`` used between the snapshots, with the root's own clock in place of ours.

    The CPU time of a process that ended is in its parent's ``reaped`` entry, whole, so its part from before the round,
    which the first snapshot holds, is taken off again.
    """
    offspring_s = _total_without(root, after) - _total_without(root, before)
    # One that left the tree without being waited for took its time along.
    cpu_s = max(0.0, own.process_cpu_s + own.reaped_cpu_s + offspring_s)
    throttled_s, delays_s = max(0.0, after.throttled_s - before.throttled_s), _delays(before, after)
    waited_s = None if delays_s is None else max(0.0, sum(delays_s) - throttled_s)
    return Usage(
        cpu_s=cpu_s,
        delay_s=waited_s,
        threads=_threads(before, after),
        throttled_s=throttled_s,
        tree_cpu_s=offspring_s + after.process_cpu_s.get(root, 0.0) - before.process_cpu_s.get(root, 0.0),
        others_s=_others_s(before, after),
        all_seen=after.all_seen,
    )


def _others_s(before: TreeSnapshot, after: TreeSnapshot) -> float | None:
    then, now = before.others_cpu_s, after.others_cpu_s
    if then is None or now is None or then.keys() - now.keys():
        return None
    return sum(now[pid] - then_s for pid, then_s in then.items())


def _total_without(root: int, snapshot: TreeSnapshot) -> float:
    total_s = sum(snapshot.process_cpu_s.values()) + sum(snapshot.reaped_cpu_s.values())
    return total_s - snapshot.process_cpu_s.get(root, 0.0) - snapshot.reaped_cpu_s.get(root, 0.0)


def _delays(before: TreeSnapshot, after: TreeSnapshot) -> list[float] | None:
    delays = [_grown(before, key, task, "delay_s") for key, task in after.tasks.items()]
    known = [delay for delay in delays if delay is not None]
    return known if delays and len(known) == len(delays) else None


def _threads(before: TreeSnapshot, after: TreeSnapshot) -> tuple[ThreadUse, ...]:
    used = [
        ThreadUse(task.name, pid, tid, cpu_s)
        for (pid, tid), task in after.tasks.items()
        if (cpu_s := _grown(before, (pid, tid), task, "cpu_s")) and cpu_s > WOKEN_S
    ]
    return tuple(sorted(used, key=lambda thread: -thread.cpu_s))


def _grown(before: TreeSnapshot, key: tuple[int, int], task: TaskTimes, field: str) -> float | None:
    now: float | None = getattr(task, field)
    if now is None:
        return None
    then = before.tasks.get(key)
    return max(0.0, now - (getattr(then, field) if then else 0.0))
