"""This process's turns on the host: measurements and ordinary tests of all pytest processes take turns.

Where the system has flock(2) the turns are taken by it (flock_turns.py), elsewhere by a database that filelock locks
(database_turns.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from pytest_multicore.settings.system import HAS_FLOCK

from .turns import Turns

#: The variable that names the process whose descendants take no turns: it holds the machine, and waits for them. They
#: would wait for it.
HOLDER_VARIABLE = "PYTEST_MULTICORE_HOLDER"


class NoHostLock(Turns):
    """For a process that takes no turns; if others disturb, the rounds show it.

    ``why_none`` is empty in a pytest that a test of another one started, since its ancestor holds the machine already.
    """

    def _take(self, alone: bool, wait: Callable[[Sequence[str]], None]) -> None:
        """Go on."""

    def _give_back(self, alone: bool) -> None:
        """Go on."""


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
