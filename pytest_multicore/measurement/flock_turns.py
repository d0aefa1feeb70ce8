"""One machine, one measurement at a time: a lock that all pytest processes on this host share, by flock(2).

Ordinary tests hold it for reading, many at a time; a measurement holds it for writing, alone. A waiting measurement
goes first: it closes a turnstile that every reader passes, so that a stream of short tests cannot starve it.

Both are flock(2) on files without content: the system gives a lock back when its holder dies, however it dies. It
wakes all that wait, and who asks first then has it: so a session that measures test after test lets others go first.
The readers' way is four system calls, some microseconds; filelock's ReadWriteLock (SQLite) and fasteners' take 219 and
37.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_multicore.rounds.tolerances import MAX_WAKE_UP_S

from .lock_wait import LockFile, let_others_go_first, wait_for_lock

with contextlib.suppress(ImportError):  # used where HAS_FLOCK is true alone
    import fcntl

LOCK_NAMES = ("pytest-multicore-turnstile.lock", "pytest-multicore-machine.lock")


class HostLock:
    """One process's part in the host's lock. Not for several threads of one process.

    Attributes:
        wait_s: seconds that one turn may be waited for.
        waits_s: seconds of each turn that had to be waited for, until somebody takes them.
        why_none: empty; see NoHostLock.
    """

    why_none = ""

    def __init__(self, folder: Path) -> None:
        self._turnstile, self._machine = (LockFile(_open(folder / name), folder / name) for name in LOCK_NAMES)
        self._reading = 0
        self._released_s = 0.0
        self._waited_for_it: list[int] = []
        self.wait_s = float("inf")
        self.waits_s: list[float] = []

    @contextmanager
    def shared(self, report: Callable[[str], None]) -> Iterator[None]:
        """Hold the machine together with other ordinary tests, never with a measurement.

        ``report`` gets a line of text where there is a measurement to wait for.

        Raises:
            HostBusy: that measurement took too long.
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

        Raises:
            HostBusy: the other process held it for too long.
        """
        reading, self._reading = self._reading, 0
        if reading:
            self._machine.release()
        alone, began_s = False, time.monotonic()
        let_others_go_first(self._turnstile, self._waited_for_it, self._released_s + MAX_WAKE_UP_S)
        try:
            self._acquire((self._turnstile, self._machine), fcntl.LOCK_EX, report, began_s)
            alone = True
            yield
        finally:
            self._waited_for_it = self._turnstile.pids(waiting=True)
            self._released_s = time.monotonic()
            self._machine.release()
            self._turnstile.release()
            if reading and alone:  # else Ctrl-C, or a time limit, ended the wait: do not wait again
                self._enter(report)
                self._reading = reading

    def _enter(self, report: Callable[[str], None]) -> None:
        if not self._reading:
            try:
                self._acquire((self._turnstile, self._machine), fcntl.LOCK_SH, report, time.monotonic())
            finally:
                self._turnstile.release()
        self._reading += 1

    def _leave(self) -> None:
        self._reading = max(0, self._reading - 1)
        if not self._reading:
            self._machine.release()

    def _acquire(self, locks: tuple[LockFile, ...], mode: int, report: Callable[[str], None], began_s: float) -> None:
        """Take one lock after the other, and note what that took since it began, if another process held one."""
        waited_for = "a measurement" if mode == fcntl.LOCK_SH else "a test or a measurement"
        waited = False
        try:
            for lock in locks:
                try:
                    lock.lock(mode | fcntl.LOCK_NB)
                except BlockingIOError:
                    waited = True
                    wait_for_lock(lock, mode, waited_for, report, began_s + self.wait_s, self.wait_s, _open)
        finally:
            if waited:
                self.waits_s.append(time.monotonic() - began_s)


def _open(file: Path) -> int:
    """Open a file to lock; a link is not followed, and nothing is written.

    Raises:
        OSError: it cannot be opened, or it is no plain file.
    """
    # flock needs no right to write, so one user's file serves all. A kernel may forbid O_CREAT on another user's file
    # in a sticky folder (fs.protected_regular), hence first without. A pipe would have this process wait for a writer.
    always = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    for flags in (always, always | os.O_CREAT | os.O_EXCL, always):
        try:
            descriptor = os.open(file, flags, 0o644)
        except (FileNotFoundError, FileExistsError):
            continue
        if flags & os.O_CREAT:
            os.fchmod(descriptor, 0o644)  # whatever this user's umask hides: others must be able to open it
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "is no plain file", str(file))
        return descriptor
    raise FileNotFoundError(2, "is a link to nowhere, or came and went", str(file))
