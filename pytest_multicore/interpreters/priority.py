"""A higher CPU priority for the measured children, where the system permits it.

Other busy processes make a measured program wait for a core, unless it has the highest priority: on a 2-core machine
with one other busy process, the measured speed-up of a matrix product was 1.8 to 2.0 with it and 0.9 without.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from pytest_multicore.settings.system import HAS_NICENESS, HAS_REAL_TIME

#: The highest priority of the ordinary class. It leaves the kernel's own threads their time; the real-time class may
#: not.
HIGHEST_NICE = -20
#: The lowest priority of the real-time class: above every ordinary thread, below the kernel's own.
REAL_TIME_PRIORITY = 1


def raise_priority(pid: int) -> bool:
    """Give a process that has started no threads the highest nice priority, which all that it starts inherits.

    Returns:
        Whether that is permitted, and the process is there.
    """
    if not HAS_NICENESS:
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, pid, HIGHEST_NICE)
    except (PermissionError, ProcessLookupError):
        return False
    # Linux groups threads by session (autogroup) and weighs the groups first: nice alone would rank the child only
    # within its own session, where it has no competitor. A session that it shares is not its own to raise: all of a
    # user's shell would outrank the machine from then on.
    with contextlib.suppress(OSError):
        if os.getsid(pid) == pid:
            Path(f"/proc/{pid}/autogroup").write_text(str(HIGHEST_NICE))
    return True


def set_real_time(pid: int, real_time: bool) -> bool:
    """Put a process tree's threads, and those that they start from now on, into the real-time class (SCHED_RR) or back.

    For a tree with at most as many busy threads as there are cores, on a machine where other processes are busy too. In
    the ordinary class a thread that wakes up waits for the end of another process's time slice, and may stay on a core
    that another thread of ours uses; nice matters only once both compete. On two cores with one busy loop, threads that
    wake up each 3 ms waited for 0.4 to 1.0 of a core at nice -20, and for none as real-time threads. The kernel keeps
    5 % for the others (sched(7), fair server).

    Returns:
        Whether it was permitted; threads that have ended need no permission.
    """
    if not HAS_REAL_TIME:
        return False
    policy, priority = (os.SCHED_RR, REAL_TIME_PRIORITY) if real_time else (os.SCHED_OTHER, 0)
    for thread in _threads(pid):
        try:
            os.sched_setscheduler(thread, policy, os.sched_param(priority))
        except ProcessLookupError:
            continue
        except OSError:
            if real_time:  # a tree of both classes would hinder itself
                set_real_time(pid, False)
            return False
    return True


def _threads(pid: int) -> Iterator[int]:
    """The living threads of a process tree."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                yield from (thread.id for thread in process.threads())
