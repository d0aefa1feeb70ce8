"""Turns on the host where there is no flock(2), as on Windows: SQLite locks a small database for readers or a writer.

The system gives the lock back when its holder dies. Who holds it is unknown here, and so is who waits: a stream of
tests that overlap may keep a measurement waiting until ``--multicore-wait`` is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from pytest_multicore.errors import HostBusy

LOCK_NAME = "pytest-multicore-machine.db"


class DatabaseTurns:
    """See host_lock.Turns. Not for several threads of one process."""

    why_none = ""

    def __init__(self, folder: Path) -> None:
        self._lock = filelock.ReadWriteLock(folder / LOCK_NAME, is_singleton=False)
        self._reading = 0
        self.wait_s = float("inf")
        self.waits_s: list[float] = []

    @contextmanager
    def shared(self, report: Callable[[str], None]) -> Iterator[None]:
        """See host_lock.Turns."""
        self._enter(report)
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def exclusive(self, report: Callable[[str], None]) -> Iterator[None]:
        """See host_lock.Turns."""
        reading, self._reading = self._reading, 0
        if reading:
            self._lock.release()
        self._wait(self._lock.acquire_write, "a test or a measurement", report)
        try:
            yield
        finally:
            self._lock.release()
            if reading:
                self._enter(report)
                self._reading = reading

    def _enter(self, report: Callable[[str], None]) -> None:
        if not self._reading:
            self._wait(self._lock.acquire_read, "a measurement", report)
        self._reading += 1

    def _leave(self) -> None:
        if self._reading == 1:
            self._lock.release()
        self._reading = max(0, self._reading - 1)  # 0 already where a measurement within it did not get its turn

    def _wait(self, acquire: Callable[..., object], waited_for: str, report: Callable[[str], None]) -> None:
        """Acquire the lock for reading or writing, and say so where that takes a wait."""
        try:
            acquire(blocking=False)
            return
        except filelock.Timeout:
            what = f"waiting for another pytest on this machine to finish {waited_for}"
            report(f"{what} (one at a time, by pytest-multicore)")
        began_s = time.monotonic()
        try:
            acquire(timeout=min(self.wait_s, threading.TIMEOUT_MAX))
        except filelock.Timeout:
            raise HostBusy(
                f"not measured: another pytest did not finish {waited_for} on this machine within {self.wait_s:g} s; "
                "end it, or raise --multicore-wait"
            ) from None
        finally:
            self.waits_s.append(time.monotonic() - began_s)
