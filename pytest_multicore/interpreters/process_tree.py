"""Process trees: what belongs to one, and how to kill one where no guard has adopted its orphans (guard.py)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

#: A process without an environment may be starting while it is younger than the first; how long to wait for such
#: processes, and how often to look.
MAX_STARTING_AGE_S, MAX_STARTING_S, POLL_INTERVAL_S = 10.0, 1.0, 0.002
#: A thread's flag: it is the kernel's own (include/linux/sched.h).
PF_KTHREAD = 0x00200000

#: The environment variable that every process of an interpreter's tree inherits.
MARK = "PYTEST_MULTICORE_INTERPRETER"


def descendants(pid: int) -> list[psutil.Process]:
    """Every living process that descends from ``pid``; empty when that process is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def is_stopped(pid: int) -> bool:
    """Whether a process is there and stopped, by a signal or a debugger."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return False


def visible_pids() -> list[int]:
    """The processes that the system shows; none where /proc is missing or empty."""
    try:
        return psutil.pids()
    except (OSError, IndexError):  # psutil expects at least one
        return []


def marked_processes(mark: str) -> list[psutil.Process]:
    """Every living process of this user that inherited ``MARK=mark``, whatever its parent is now.

    When an interpreter has died, its children have another parent, and only the mark identifies them. Between fork and
    exec a process has no environment, and so no mark; on a busy machine that may last.
    """
    processes, entry = list[psutil.Process](), f"{MARK}={mark}".encode()
    pids, deadline = visible_pids(), clocks.monotonic() + MAX_STARTING_S
    while pids:
        starting = []
        for pid in pids:
            with contextlib.suppress(psutil.Error, OSError):
                environment = _environment(pid)
                if entry in environment:
                    processes.append(psutil.Process(pid))
                elif not environment and _is_starting(pid):
                    starting.append(pid)
        if starting and clocks.monotonic() > deadline:
            break
        pids = starting
        clocks.sleep(POLL_INTERVAL_S if starting else 0.0)
    return processes


def _is_starting(pid: int) -> bool:
    """Whether a process without an environment is young, and neither a kernel thread nor a zombie."""
    if not IS_LINUX:
        return False
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    is_zombie, is_kernel_thread = fields[0] in b"ZX", bool(int(fields[6]) & PF_KTHREAD)
    age_s = clocks.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return not is_zombie and not is_kernel_thread and age_s < MAX_STARTING_AGE_S


def _environment(pid: int) -> bytes:
    """A process's environment as it is in memory; on Linux psutil would take ten times as long."""
    if IS_LINUX:
        return Path(f"/proc/{pid}/environ").read_bytes()
    return "\0".join(f"{name}={value}" for name, value in psutil.Process(pid).environ().items()).encode()


def kill_group(group: int, others: Iterable[psutil.Process] = ()) -> None:
    """Kill a process group that we started, and descendants that left the group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    kill_processes(others)


def kill_processes(processes: Iterable[psutil.Process]) -> None:
    """Kill processes that we started."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
