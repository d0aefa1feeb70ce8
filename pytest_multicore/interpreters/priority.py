"""A higher CPU priority for the measured children, where the system permits it.

A neighbour makes a measured program wait for a core. At the highest priority it hardly does: on a 2-core machine with
one other busy process, the speed-up of a matrix product read 1.8 to 2.0 with it and 0.9 without.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

#: The highest priority that does not take the machine away from the kernel's own threads (a real-time class might).
HIGHEST_NICE = -20
#: Of the real-time class the lowest priority: it is above every ordinary thread's, and under the kernel's own.
REAL_TIME = 1


def raise_priority(pid: int) -> str:
    """Give a process that has started no thread yet the highest nice priority; what it starts inherits it.

    Returns:
        What was done, for the report: ``"raised (nice -20)"`` or ``"not permitted"``.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, HIGHEST_NICE)
    except PermissionError:
        return "not permitted"
    # Linux groups tasks by session (autogroup) and weighs the groups first: nice alone would only rank the
    # child within its own session, where it has no rival.
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(HIGHEST_NICE))
    return f"raised (nice {HIGHEST_NICE})"


def set_real_time(pid: int, real_time: bool) -> bool:
    """Put a process tree's threads, and what they start from now on, into the real-time class (SCHED_RR) or back.

    For a tree that has at most as many busy threads as there are cores, beside busy neighbours. The fair class lets a
    thread that wakes up wait for a neighbour's slice, and leaves it on a core that another of ours has; nice counts
    once both compete. On two cores beside one busy loop, threads that wake up each 3 ms waited for 0.4 to 1.0 of a core
    at nice -20, and for none as real-time threads. The kernel keeps 5 % for the others (sched(7), fair server).

    Returns:
        Whether it was permitted; what has ended meanwhile needs no permission.
    """
    if not hasattr(os, "SCHED_RR"):
        return False
    policy, priority = (os.SCHED_RR, REAL_TIME) if real_time else (os.SCHED_OTHER, 0)
    for thread in _threads(pid):
        try:
            os.sched_setscheduler(thread, policy, os.sched_param(priority))
        except ProcessLookupError:
            continue
        except OSError:
            if real_time:  # a part of the tree there, and a part not, would be in each other's way
                set_real_time(pid, False)
            return False
    return True


def _threads(pid: int) -> Iterator[int]:
    """The threads of a process tree, as far as they live."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                yield from (thread.id for thread in process.threads())
