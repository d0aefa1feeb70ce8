"""One machine, one measurement at a time: a lock that all pytest processes on this host share.

Ordinary tests hold it for reading, many at a time; a measurement holds it for writing, alone. A waiting measurement
goes first: it closes a turnstile that every reader passes, so that a stream of short tests cannot starve it.

Both are flock(2) on files without content: the system gives a lock back when its holder dies, however it dies. The
readers' way is four system calls, some microseconds; filelock's ReadWriteLock (SQLite) and fasteners' take 219 and 37.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

LOCK_NAMES = ("pytest-multicore-turnstile.lock", "pytest-multicore-machine.lock")

#: The variable that names the process whose descendants take no turns: it holds the machine, and waits for them. They
#: would wait for it.
HOLDER_VARIABLE = "PYTEST_MULTICORE_HOLDER"


class HostLock:
    """One process's part in the host's lock. Not for several threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._turnstile, self._machine = (_open(folder / name) for name in LOCK_NAMES)
        self._reading = 0

    @contextmanager
    def shared(self, report: Callable[[str], None]) -> Iterator[None]:
        """Hold the machine together with other ordinary tests, never with a measurement.

        ``report`` gets a line of text where there is a measurement to wait for.
        """
        self._enter(report)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def exclusive(self, report: Callable[[str], None]) -> Iterator[None]:
        """Hold the machine alone; ``report`` gets a line of text where another process holds it.

        A test that holds it together with others gives it back meanwhile: it would wait for itself.
        """
        reading, self._reading = self._reading, 0
        if reading:
            fcntl.flock(self._machine, fcntl.LOCK_UN)
        alone = False
        try:
            for lock in (self._turnstile, self._machine):
                _acquire(lock, fcntl.LOCK_EX, report)
            alone = True
            yield
        finally:
            fcntl.flock(self._machine, fcntl.LOCK_UN)
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            if reading and alone:  # else Ctrl-C, or a time limit, ended the wait: do not wait again
                self._enter(report)
                self._reading = reading

    def _enter(self, report: Callable[[str], None]) -> None:
        if not self._reading:
            _acquire(self._turnstile, fcntl.LOCK_SH, report)
            _acquire(self._machine, fcntl.LOCK_SH, report)
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self._reading += 1

    def _leave(self) -> None:
        self._reading = max(0, self._reading - 1)
        if not self._reading:
            fcntl.flock(self._machine, fcntl.LOCK_UN)


class NoHostLock:
    """For a pytest that a test of another one started: its ancestor holds the machine already."""

    @contextmanager
    def shared(self, _report: Callable[[str], None]) -> Iterator[None]:
        """Go on."""
        yield

    @contextmanager
    def exclusive(self, _report: Callable[[str], None]) -> Iterator[None]:
        """Go on; if others disturb, the rounds show it."""
        yield


@cache
def host_lock() -> HostLock | NoHostLock:
    """This process's part in the host's lock.

    The files lie in /tmp, which belongs to the host and is open to all: a home folder may be shared by several hosts,
    and TMPDIR may be one job's own.
    """
    if os.environ.setdefault(HOLDER_VARIABLE, str(os.getpid())) != str(os.getpid()):
        return NoHostLock()
    shared = Path("/tmp")  # noqa: S108 - nothing is written, and whose file it is does not matter
    return HostLock(shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir()))


def _open(file: Path) -> int:
    # flock needs no right to write, so one user's file serves all. A kernel may forbid O_CREAT on another user's file
    # in a sticky folder (fs.protected_regular), hence first without.
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT | os.O_EXCL, os.O_RDONLY):
        try:
            descriptor = os.open(file, flags | os.O_CLOEXEC, 0o644)
        except (FileNotFoundError, FileExistsError):
            continue
        if flags & os.O_CREAT:
            os.fchmod(descriptor, 0o644)  # whatever this user's umask hides: others must be able to open it
        return descriptor
    raise FileNotFoundError(file)


def _acquire(lock: int, mode: int, report: Callable[[str], None]) -> None:
    try:
        fcntl.flock(lock, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        waited_for = "a measurement" if mode == fcntl.LOCK_SH else "a test or a measurement"
        report(
            f"waiting for another pytest on this machine{_in_words(_holders(lock))} to finish {waited_for}"
            " (one at a time, by pytest-multicore)"
        )
        fcntl.flock(lock, mode)


def _in_words(holders: list[int]) -> str:
    return f" (process {', '.join(map(str, holders))})" if holders else ""


def _holders(lock: int) -> list[int]:
    """The processes that hold a lock, as Linux lists them in /proc/locks; empty where that is unknown.

    A holder in another container has no id here, and is left out.
    """
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    file, pids = os.fstat(lock), []
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for fields in map(str.split, lines):
        # number, kind, how binding, READ or WRITE, process, device:inode, and the range; "->" marks one that waits.
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == place:
            pids.append(int(fields[4]))
    return [pid for pid in pids if pid > 0]
