"""Process trees: who belongs to one, how to end one, and the guard that ends them when this process is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import psutil

GUARD = Path(__file__).with_name("guard.py")

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
    """
    found, marking = [], f"{MARK}={mark}".encode()
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            if marking in _environment(pid):
                found.append(psutil.Process(pid))
    return found


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
