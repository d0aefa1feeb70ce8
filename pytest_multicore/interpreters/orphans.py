"""Process trees: who belongs to one, how to end one, and the guard that ends them when this process is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import psutil

GUARD = Path(__file__).with_name("guard.py")

#: A process is executed so soon after it was forked, and its environment is there so soon after that.
YOUNG_S, STARTED_WITHIN_S, LOOK_EVERY_S = 10.0, 1.0, 0.002
#: Of a thread's flags (include/linux/sched.h).
PF_KTHREAD = 0x00200000

#: The environment variable that every process of an interpreter's tree inherits.
MARK = "PYTEST_MULTICORE_INTERPRETER"


class Guard:
    """The one process that outlives a killed pytest for as long as it takes to end its interpreters."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The guard's process id."""
        return self._process.pid

    def watch(self, group: int, mark: str) -> None:
        """Kill this process group, and what carries its mark, should this process be killed."""
        self._tell(f"+{group} {mark}\n")

    def forget(self, group: int, mark: str) -> None:
        """The group has ended; its number may be anybody's from now on."""
        self._tell(f"-{group} {mark}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        # A guard that somebody ended must not take the measurement with it: it is the second line of defence.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


@cache
def guard() -> Guard:
    """This process's guard, started at the first interpreter; it ends when this process does."""
    return Guard()


def descendants(pid: int) -> list[psutil.Process]:
    """Every living process that descends from ``pid``; empty when that process is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def marked(mark: str) -> list[psutil.Process]:
    """Every living process of this user that inherited ``MARK=mark``, wherever it hangs in the tree of processes.

    When an interpreter has died, its children belong to somebody else already and only the mark tells whose they were.
    One that is just being started has none for a moment, which beside neighbours can last: between what it was forked
    from and what it will execute. Who started it may have gone on by then.
    """
    found, marking = list[psutil.Process](), f"{MARK}={mark}".encode()
    asked, ends = psutil.pids(), time.monotonic() + STARTED_WITHIN_S
    while asked:
        starting = []
        for pid in asked:
            with contextlib.suppress(psutil.Error, OSError):
                environment = _environment(pid)
                if marking in environment:
                    found.append(psutil.Process(pid))
                elif not environment and _may_be_starting(pid):
                    starting.append(pid)
        if starting and time.monotonic() > ends:
            break
        asked = starting
        time.sleep(LOOK_EVERY_S if starting else 0.0)
    return found


def _may_be_starting(pid: int) -> bool:
    """Whether a process without an environment is a young one: no thread of the kernel's, nobody's remains."""
    if sys.platform != "linux":
        return False
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    dead, of_the_kernel = fields[0] in b"ZX", bool(int(fields[6]) & PF_KTHREAD)
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return not dead and not of_the_kernel and age_s < YOUNG_S


def _environment(pid: int) -> bytes:
    """A process's environment as it is in memory; psutil's way takes ten times as long on Linux."""
    if sys.platform == "linux":
        return Path(f"/proc/{pid}/environ").read_bytes()
    return "\0".join(f"{name}={value}" for name, value in psutil.Process(pid).environ().items()).encode()


def end_group(group: int, others: Iterable[psutil.Process] = ()) -> None:
    """Kill a process group that we started, and those of its descendants that left it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    end(others)


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill processes that we started."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
