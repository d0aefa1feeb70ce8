"""This process's turns on the host: measurements and ordinary tests of all pytest processes take turns.

Where the system has flock(2) the turns are taken by it (flock_turns.py), elsewhere by a database that filelock locks
(database_turns.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from pytest_multicore.settings.system import HAS_FLOCK

#: The variable that names the process whose descendants take no turns: it holds the machine, and waits for them. They
#: would wait for it.
HOLDER_VARIABLE = "PYTEST_MULTICORE_HOLDER"


class Turns(Protocol):
    """One process's part in the host's lock.

    Attributes:
        wait_s: seconds that one turn may be waited for.
        waits_s: seconds of each turn that had to be waited for, until somebody takes them.
        why_none: why this process takes no turns, for the reader; empty where it does.
    """

    wait_s: float
    waits_s: list[float]
    why_none: str

    def shared(self, report: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold the machine together with other ordinary tests, never with a measurement.

        ``report`` gets a line of text where there is a measurement to wait for.

        Raises:
            HostBusy: that measurement took too long.
        """
        ...

    def exclusive(self, report: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold the machine alone; ``report`` gets a line of text where another process holds it.

        A test that holds it together with others gives it back meanwhile: it would wait for itself.

        Raises:
            HostBusy: the other process held it for too long.
        """
        ...


class NoHostLock:
    """For a process that takes no turns.

    Attributes:
        wait_s, waits_s: as in HostLock; it waits for nobody.
        why_none: why it takes none, for the reader; empty in a pytest that a test of another one started, since its
            ancestor holds the machine already.
    """

    def __init__(self, why_none: str = "") -> None:
        self.why_none = why_none
        self.wait_s = float("inf")
        self.waits_s: list[float] = []

    @contextmanager
    def shared(self, _report: Callable[[str], None]) -> Iterator[None]:
        """Go on."""
        yield

    @contextmanager
    def exclusive(self, _report: Callable[[str], None]) -> Iterator[None]:
        """Go on; if others disturb, the rounds show it."""
        yield


@cache
def host_lock() -> Turns:
    """This process's part in the host's lock.

    The files lie in /tmp, which belongs to the host and is open to all: a home folder may be shared by several hosts,
    and TMPDIR may be one job's own.
    """
    if os.environ.setdefault(HOLDER_VARIABLE, str(os.getpid())) != str(os.getpid()):
        return NoHostLock()
    shared = Path("/tmp")  # noqa: S108 - nothing is written, and whose file it is does not matter
    try:
        return _turns_in(shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir()))
    except OSError as error:
        return NoHostLock(
            f"{error.filename}: {error.strerror}; expected a plain file that this user may read. Measurements take no "
            "turns with those of other pytest processes until that file is removed"
        )


def _turns_in(folder: Path) -> Turns:
    """Turns by files in a folder; each way loads what the other system lacks."""
    if HAS_FLOCK:
        from .flock_turns import HostLock

        return HostLock(folder)
    from .database_turns import DatabaseTurns

    return DatabaseTurns(folder)
