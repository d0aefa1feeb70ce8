"""The wait for a lock that another process holds: who holds it, and for how long at most it is waited for."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakSet

from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import HAS_FORK

with contextlib.suppress(ImportError):  # used where HAS_FLOCK is true alone
    import fcntl


class LockFile:
    """A file that is open to be locked.

    A process that this one forks has the lock with it, and would keep it for as long as it lives, whatever becomes of
    this one; or give it back for both. So it closes the file, and takes no turns.

    Attributes:
        descriptor: the open file; None in a forked process.
        path: where it lies.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor: int | None = descriptor
        self.path = path
        _OPEN.add(self)

    def lock(self, mode: int) -> None:
        """Take the lock as flock does.

        Raises:
            BlockingIOError: LOCK_NB is in the mode, and another process holds it.
        """
        if self.descriptor is not None:
            fcntl.flock(self.descriptor, mode)

    def release(self) -> None:
        """Give the lock back, if it is held."""
        self.lock(fcntl.LOCK_UN)

    def pids(self, *, waiting: bool) -> list[int]:
        """The processes that hold the lock, or that wait for it, as Linux lists them in /proc/locks; else none."""
        return [] if self.descriptor is None else _pids_at(self.descriptor, waiting=waiting)

    @property
    def holders(self) -> list[int]:
        """The processes that hold the lock, without those in other containers: they have no number here."""
        return [pid for pid in self.pids(waiting=False) if pid > 0]

    def holders_in_words(self) -> list[str]:
        """Each of them, with what it was started as."""
        return [_process_in_words(pid) for pid in self.holders]

    def close(self) -> None:
        """Close the file: the lock is given back where no other process has forked it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


_OPEN: WeakSet[LockFile] = WeakSet()


def _close_in_forked_process() -> None:
    for lock in [*_OPEN]:
        lock.close()


if HAS_FORK:
    os.register_at_fork(after_in_child=_close_in_forked_process)


class _Waiter(threading.Thread):
    """Waits in the system's queue: who asks again and again would come after each that waits there.

    A wait that is given up goes on until the lock is had, and gives it back then: the file must be opened anew.
    """

    def __init__(self, descriptor: int, mode: int) -> None:
        super().__init__(daemon=True, name="multicore-lock")
        self._descriptor, self._mode = descriptor, mode
        self._deciding, self._had, self._given_up = threading.Lock(), threading.Event(), False
        self.start()

    def run(self) -> None:
        fcntl.flock(self._descriptor, self._mode)
        with self._deciding:
            if self._given_up:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # a process that was forked meanwhile has it open, too
                os.close(self._descriptor)
            self._had.set()

    def wait_until(self, ends: float) -> bool:
        """Whether the lock was had by then; the end of the wait is on the monotonic clock."""
        return self._had.wait(min(max(0.0, ends - clocks.monotonic()), threading.TIMEOUT_MAX))

    def give_up(self) -> bool:
        """Whether the wait was given up; False: the lock was had just now."""
        with self._deciding:
            self._given_up = not self._had.is_set()
            return self._given_up


def wait_for_lock(lock: LockFile, mode: int, ends: float, open_again: Callable[[Path], int]) -> bool:
    """Wait for a lock that another process holds; False: the wait was given up.

    Args:
        lock: the file.
        mode: LOCK_SH or LOCK_EX.
        ends: when the wait is given up, on the monotonic clock.
        open_again: opens the file anew where the wait was given up.
    """
    assert lock.descriptor is not None  # noqa: S101 - a forked process takes every lock at once
    waiter = _Waiter(lock.descriptor, mode)
    had = False
    try:
        had = waiter.wait_until(ends)
    finally:  # a Ctrl-C, or another plugin's time limit, ends the wait too
        had = had or not waiter.give_up()
        if not had:
            lock.descriptor = open_again(lock.path)
    return had


def let_others_go_first(lock: LockFile, waiting: list[int], ends: float) -> None:
    """Wait until one of those that waited for a lock when it was given back has it: who wakes up is on no list.

    Args:
        lock: the file.
        waiting: their processes.
        ends: when they had time enough to wake up, on the monotonic clock.
    """
    while waiting and clocks.monotonic() < ends and not lock.pids(waiting=False):
        clocks.sleep(0.002)


def _process_in_words(pid: int) -> str:
    import psutil

    try:
        process = psutil.Process(pid)
        # What it is, and none of its arguments' values.
        command = " ".join(word for word in process.cmdline()[:3] if "=" not in word)
        stopped = ", stopped" if process.status() == psutil.STATUS_STOPPED else ""
    except Exception:  # psutil's, and what a test has put in the place of the files that it reads
        return f"process {pid}"
    return f"process {pid}: {command.encode('ascii', 'replace').decode()}{stopped}"


def _pids_at(lock: int, *, waiting: bool) -> list[int]:
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    file, pids = os.fstat(lock), []
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for _, *fields in map(str.split, lines):
        # Kind, how binding, READ or WRITE, process, device:inode, and the range, after "->" for one that waits.
        kind = fields[1:] if waiting and fields[0] == "->" else fields if not waiting else []
        if len(kind) > 4 and kind[0] == "FLOCK" and kind[4] == place:
            pids.append(int(kind[3]))
    return pids
