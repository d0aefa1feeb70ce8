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
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_multicore.rounds.tolerances import MAX_WAKE_UP_S
from pytest_multicore.settings import clocks

from .lock_wait import LockFile, let_others_go_first, wait_for_lock
from .turns import Turns

with contextlib.suppress(ImportError):  # used where HAS_FLOCK is true alone
    import fcntl

LOCK_NAMES = ("pytest-multicore-turnstile.lock", "pytest-multicore-machine.lock")


class HostLock(Turns):
    """One process's part in the locks of two files."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._turnstile, self._machine = (LockFile(_open(folder / name), folder / name) for name in LOCK_NAMES)
        self._released_s = 0.0
        self._waited_for_it: list[int] = []

    def _take(self, alone: bool, wait: Callable[[Sequence[str]], None]) -> None:
        mode, began_s = fcntl.LOCK_EX if alone else fcntl.LOCK_SH, clocks.monotonic()
        if alone:
            let_others_go_first(self._turnstile, self._waited_for_it, self._released_s + MAX_WAKE_UP_S)
        try:
            for lock in (self._turnstile, self._machine):
                try:
                    lock.lock(mode | fcntl.LOCK_NB)
                except BlockingIOError:
                    wait(lock.holders_in_words())
                    if not wait_for_lock(lock, mode, began_s + self.wait_s, _open):
                        raise self._busy(alone, lock.holders_in_words()) from None
        except BaseException:
            self._give_back(alone)
            raise
        finally:
            if not alone:
                self._turnstile.release()

    def _give_back(self, alone: bool) -> None:
        if alone:
            self._waited_for_it = self._turnstile.pids(waiting=True)
            self._released_s = clocks.monotonic()
        self._machine.release()
        if alone:
            self._turnstile.release()


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
    raise FileNotFoundError(2, "its folder is missing, or it came and went", str(file))
