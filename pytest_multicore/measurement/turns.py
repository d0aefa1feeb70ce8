"""One machine, one measurement at a time: a lock that all pytest processes of this user on this host share."""

from __future__ import annotations

import getpass
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

#: How long to wait before telling the user what is being waited for.
SILENT_WAIT_S = 0.2


@contextmanager
def machine_to_ourselves(say: Callable[[str], None]) -> Iterator[None]:
    """Hold the machine's lock; ``say`` is told when another measurement holds it.

    The lock file lies in the host's own temporary folder: a home folder may be shared by several hosts. When its holder
    dies, however it dies, the system gives the lock back.
    """
    lock = filelock.FileLock(Path(tempfile.gettempdir(), f"pytest-multicore-{getpass.getuser()}.lock"))
    try:
        lock.acquire(timeout=SILENT_WAIT_S)
    except filelock.Timeout:
        say("waiting for another measurement on this machine to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
