"""Turns on the host where there is no flock(2), as on Windows: SQLite locks a small database for readers or a writer.

The system gives the lock back when its holder dies. Who holds it is unknown here, and so is who waits: a stream of
tests that overlap may keep a measurement waiting until ``--multicore-wait`` is over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock

from .turns import Turns

LOCK_NAME = "pytest-multicore-machine.db"


class DatabaseTurns(Turns):
    """One process's part in a database's lock."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._lock = filelock.ReadWriteLock(folder / LOCK_NAME, is_singleton=False)

    def _take(self, alone: bool, wait: Callable[[Sequence[str]], None]) -> None:
        acquire = self._lock.acquire_write if alone else self._lock.acquire_read
        try:
            acquire(blocking=False)
            return
        except filelock.Timeout:
            wait(())
        try:
            acquire(timeout=min(self.wait_s, threading.TIMEOUT_MAX))
        except filelock.Timeout:
            raise self._busy(alone, ()) from None

    def _give_back(self, alone: bool) -> None:
        self._lock.release()
