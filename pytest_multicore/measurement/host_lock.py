"""This process's turns on the host: measurements and ordinary tests of all pytest processes take turns.

Where the system has flock(2) the turns are taken by it (flock_turns.py), elsewhere by a database that filelock locks
(database_turns.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from pytest_multicore.settings.system import HAS_FLOCK

from .flock_turns import HostLock
from .turns import Turns

#: The variable that names the process whose descendants take no turns: it holds the machine, and waits for them. They
#: would wait for it.
HOLDER_VARIABLE = "PYTEST_MULTICORE_HOLDER"
#: They belong to the host and are open to all: a home folder may be shared by several hosts, and TMPDIR may be one
#: job's own.
SHARED_FOLDERS = tuple(Path(folder) for folder in ("/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108 - nothing is written
NO_TURNS = "Measurements take no turns with those of other pytest processes"


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
    """This process's part in the host's lock."""
    if os.environ.setdefault(HOLDER_VARIABLE, str(os.getpid())) != str(os.getpid()):
        return NoHostLock()
    if HAS_FLOCK:
        return _by_flock()
    from .database_turns import DatabaseTurns

    return DatabaseTurns(Path(tempfile.gettempdir()))


def _by_flock() -> Turns:
    """Turns by files in the first folder where they lie or can be made."""
    folders, refused = [*SHARED_FOLDERS], OSError()
    with suppress(FileNotFoundError):  # there is none that this user may write
        folders.append(Path(tempfile.gettempdir()))
    for folder in folders:
        try:
            return HostLock(folder)
        except OSError as error:
            refused = error
            if os.path.lexists(error.filename):
                return NoHostLock(
                    f"{error.filename}: {error.strerror}; expected a plain file that this user may read. {NO_TURNS} "
                    "until that file is removed"
                )
    return NoHostLock(
        f"{refused.filename}: {refused.strerror}; nor can a file be made in any of {', '.join(map(str, folders))}. "
        f"{NO_TURNS} until one can"
    )
