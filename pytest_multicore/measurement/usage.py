"""What a process tree used between two snapshots."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_multicore.rounds.round import ThreadUse, accounts_for
from pytest_multicore.rounds.tolerances import MAX_REAPED_TICKS_S, MAX_WAKE_UP_CPU_S

from .snapshots import TaskTimes, TreeSnapshot


@dataclass(frozen=True, slots=True)
class Usage:
    """What one side used of the machine in one round.

    Attributes:
        cpu_s: CPU seconds of the whole process tree, ended threads and processes included.
        delay_s: run-queue delay: seconds that its threads could run and had no core, summed, without ``throttled_s``: a
            quota of the program's own is its own doing. None where the system does not tell it.
        threads: those that got CPU time and still live, the busiest first.
        throttled_s: seconds that quotas held threads back in control groups of the program's own, summed over CPUs.
        tree_cpu_s: the tree's CPU seconds between the snapshots: what its threads spun beyond the region, too.
        others_s: CPU seconds of all other visible processes that lived throughout, to the nanosecond; None where they
            are not read, or a process ended.
        all_visible: whether all processes of the machine are visible.
    """

    cpu_s: float
    delay_s: float | None
    threads: tuple[ThreadUse, ...]
    throttled_s: float = 0.0
    tree_cpu_s: float = 0.0
    others_s: float | None = None
    all_visible: bool = False

    @property
    def all_threads_seen(self) -> bool:
        """Whether no thread can have ended within the round, and taken its waits along."""
        return accounts_for(self.threads, self.cpu_s, in_ticks=self.delay_s is None)


@dataclass(frozen=True, slots=True)
class OwnClock:
    """What the agent read of its own process right at the region's edges.

    The parent's snapshots lie a message's way outside the region. The agent's process does nearly all of the work, and
    its own readings are exact.

    Attributes:
        process_cpu_s, reaped_cpu_s: CPU seconds of the process, and of the children that it waited for.
        ended_cpu_s, ended_wait_s: CPU seconds of threads that began and ended within the region and told of it, and how
            long they may have waited for a core, at most.
    """

    process_cpu_s: float
    reaped_cpu_s: float
    ended_cpu_s: float = 0.0
    ended_wait_s: float = 0.0


def threads_unseen(before: TreeSnapshot, after: TreeSnapshot, started: int | None) -> int | None:
    """How many threads of the tree may have ended between its snapshots, at most; None where that is unknown.

    They are the threads that are gone, and those that were started and are gone already. Whatever was started on the
    machine may have been one of the latter, unless it is in the tree now, or is another process.

    Args:
        before: the tree, after the machine's first snapshot.
        after: the tree, before the machine's second snapshot.
        started: processes and threads that were started on the machine between its snapshots; None where unknown.
    """
    if started is None:
        return None
    gone, new = before.tasks.keys() - after.tasks.keys(), after.tasks.keys() - before.tasks.keys()
    then, now = before.others_cpu_s, after.others_cpu_s
    others = 0 if then is None or now is None else len(now.keys() - then.keys())
    return len(gone) + max(0, started - len(new) - others)


def usage(root: int, before: TreeSnapshot, after: TreeSnapshot, own: OwnClock, wall_s: float = math.inf) -> Usage:
    """What the tree under ``root`` used between the snapshots, with the root's CPU time by its own clock.

    The CPU time of a process that ended is in its parent's ``reaped`` entry, whole. Its part from before the round is
    in the first snapshot, and is taken off again.

    Args:
        root: its process id.
        before: the tree before the region.
        after: the tree after it.
        own: what the root read of itself, around the region.
        wall_s: seconds of the region. A thread waits only while it is not at work. What it waited beyond that, it
            waited for between the snapshots and the region: to be told to begin, and to tell that it is done.
    """
    offspring_s = _total_without_root(root, after) - _total_without_root(root, before)
    # What the root waited for between a snapshot and the region is in no reading of its own. The kernel tells it in
    # ticks, so what the root read itself counts where both agree.
    reaped_s = after.reaped_cpu_s.get(root, 0.0) - before.reaped_cpu_s.get(root, 0.0)
    reaped_s = reaped_s if reaped_s > own.reaped_cpu_s + MAX_REAPED_TICKS_S else own.reaped_cpu_s
    # A process that left the tree without being waited for took its time along.
    cpu_s = max(0.0, own.process_cpu_s + reaped_s + offspring_s)
    root_s = after.process_cpu_s.get(root, 0.0) - before.process_cpu_s.get(root, 0.0)
    longest_s = wall_s + max(0.0, root_s - own.process_cpu_s)  # the snapshots have the dialogue's CPU time, too
    throttled_s, delays_s = max(0.0, after.throttled_s - before.throttled_s), _delays(before, after, longest_s)
    delay_s = None if delays_s is None else max(0.0, sum(delays_s) - throttled_s)
    return Usage(
        cpu_s=cpu_s,
        delay_s=delay_s,
        threads=_threads(before, after, longest_s),
        throttled_s=throttled_s,
        tree_cpu_s=offspring_s + root_s,
        others_s=_others_s(before, after),
        all_visible=after.all_visible,
    )


def _others_s(before: TreeSnapshot, after: TreeSnapshot) -> float | None:
    then, now = before.others_cpu_s, after.others_cpu_s
    if then is None or now is None or then.keys() - now.keys():
        return None
    return sum(now[pid] - then_s for pid, then_s in then.items())


def _total_without_root(root: int, snapshot: TreeSnapshot) -> float:
    total_s = sum(snapshot.process_cpu_s.values()) + sum(snapshot.reaped_cpu_s.values())
    return total_s - snapshot.process_cpu_s.get(root, 0.0) - snapshot.reaped_cpu_s.get(root, 0.0)


def _delays(before: TreeSnapshot, after: TreeSnapshot, longest_s: float) -> list[float] | None:
    delays = [_delay_s(before, key, task, longest_s) for key, task in after.tasks.items()]
    known = [delay for delay in delays if delay is not None]
    return known if delays and len(known) == len(delays) else None


def _delay_s(before: TreeSnapshot, key: tuple[int, int], task: TaskTimes, longest_s: float) -> float | None:
    delay_s = _difference(before, key, task, "delay_s")
    at_work_s = _difference(before, key, task, "cpu_s") or 0.0
    return None if delay_s is None else min(delay_s, max(0.0, longest_s - at_work_s))


def _threads(before: TreeSnapshot, after: TreeSnapshot, longest_s: float) -> tuple[ThreadUse, ...]:
    used = [
        ThreadUse(task.name, pid, tid, cpu_s, _delay_s(before, (pid, tid), task, longest_s))
        for (pid, tid), task in after.tasks.items()
        if (cpu_s := _difference(before, (pid, tid), task, "cpu_s")) and cpu_s > MAX_WAKE_UP_CPU_S
    ]
    return tuple(sorted(used, key=lambda thread: -thread.cpu_s))


def _difference(before: TreeSnapshot, key: tuple[int, int], task: TaskTimes, field: str) -> float | None:
    now: float | None = getattr(task, field)
    if now is None:
        return None
    then = before.tasks.get(key)
    return max(0.0, now - (getattr(then, field) if then else 0.0))
