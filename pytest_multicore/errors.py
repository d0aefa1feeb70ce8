"""The errors of this package, by whose fault they are.

Every message names the thing, what was found, what was expected and what to do next.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

#: What to do where the system refuses something, by the number of its error.
REMEDIES: Mapping[int, str] = {
    errno.EAGAIN: "the limit of processes is reached: see ulimit -u, or the container's pids limit",
    errno.ENOMEM: "there is not enough memory",
    errno.EMFILE: "the limit of open files is reached: see ulimit -n",
    errno.ENFILE: "the system's limit of open files is reached: see sysctl fs.file-max",
    errno.E2BIG: "the environment variables are too large: unset what no test needs, or see ulimit -s",
    errno.EPERM: "a container's filter of system calls, or its capabilities, forbid it",
    errno.EACCES: "this user lacks the right to it",
    errno.EROFS: "what holds it is read-only: choose another folder by PYTEST_MULTICORE_CACHE or TMPDIR",
    errno.ENOSPC: "a disk is full: make room, or choose another folder by PYTEST_MULTICORE_CACHE or TMPDIR",
    errno.EDQUOT: "a disk's quota is used up: make room, or choose another folder by PYTEST_MULTICORE_CACHE or TMPDIR",
}


#: What to do where a file is missing that there was; and where nothing better is known.
MISSING_FILE_REMEDY = (
    "what was there when the session began is gone: keep the folders for temporary files (TMPDIR) and of the cache"
)
OTHER_REMEDY = "the documentation's page on faults has what a measurement needs of a machine"
#: The system starts no process then, whatever the program is.
NO_PROCESS = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.E2BIG, errno.EPERM)


class MulticoreError(Exception):
    """Base of all errors that this package raises on purpose.

    A missed or undecided limit is not among them: ``LimitMissed`` and ``Undecided`` are assertion errors.
    """


class UsageError(MulticoreError):
    """A fault of the user: a wrong argument, option or setting."""


class NoSuchRelease(UsageError):  # noqa: N818 - it is what happened
    """The package index answers, and has no such package or release: another run would find none either."""


class EnvironmentUnavailable(MulticoreError):  # noqa: N818 - it is what happened
    """An environment cannot be had: no such interpreter, no network, a package that does not install."""


class HostUnfit(MulticoreError):  # noqa: N818 - it is what happened
    """Nothing can be measured on this machine as it is now: it lacks, forbids or refuses what that takes."""

    @classmethod
    def of(cls, error: OSError, what: str) -> HostUnfit:
        """What the system has refused.

        Args:
            error: the refusal.
            what: what was wanted of it: "measuring".
        """
        number = error.errno or 0
        file = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
        other = MISSING_FILE_REMEDY if number == errno.ENOENT else OTHER_REMEDY
        remedy = REMEDIES.get(number, other)
        return cls(f"{what}: the system refused it: {error.strerror or error}{file}; {remedy}")


class HostBusy(HostUnfit):
    """Another process held the machine for longer than ``--multicore-wait`` lets a measurement wait."""


class WorkloadError(MulticoreError):
    """The measured code failed: it raised, could not be imported, or called ``sys.exit``.

    Attributes:
        child_traceback: the traceback in the isolated interpreter, as text; empty where there is none.
        log_tail: the last lines that the isolated interpreter printed; empty where it printed none.
    """

    def __init__(self, message: str, child_traceback: str = "", log_tail: str = "") -> None:
        super().__init__(message)
        self.child_traceback = child_traceback
        self.log_tail = log_tail

    def __str__(self) -> str:
        return _with_sections(self.args[0], self.child_traceback, self.log_tail)


class InterpreterCrash(MulticoreError):  # noqa: N818 - it is what happened
    """The isolated interpreter ended without being told to: a signal, ``os._exit``, a broken start."""

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail

    def __str__(self) -> str:
        return _with_sections(self.args[0], "", self.log_tail)


class InterpreterTimeout(InterpreterCrash):
    """The isolated interpreter was silent for too long; it and its children were ended."""


class ProtocolError(MulticoreError):
    """The two sides of the dialogue do not understand each other: a fault of this package, or of a broken pipe."""


class LimitMissed(AssertionError):  # noqa: N818 - it is what happened
    """A limit was missed, and undisturbed measurements prove it. This is a finding and no fault.

    It is raised in the test that has the limit, so ``xfail(raises=LimitMissed, strict=True)`` can expect it.

    Attributes:
        summary: limit and figure, for a line of pytest's short summary; empty: the message's first line serves.
    """

    summary = ""


class Undecided(AssertionError):  # noqa: N818 - it is what happened
    """A limit could not be decided, and ``--multicore-strict`` fails such tests.

    This is not a LimitMissed: a test that expects a missed limit expects a measurement, not the lack of one.

    Attributes:
        summary: the reason, for a line of pytest's short summary.
    """

    summary = ""


class SessionEnds(Exception):  # noqa: N818 - it is what happens
    """A signal ends the session: whatever runs then gives way, and lets it through."""


def first_line(error: BaseException) -> str:
    """An error's first line, for a sentence that quotes it."""
    return str(error).partition("\n")[0]


def _with_sections(message: str, child_traceback: str, log_tail: str) -> str:
    parts = [message]
    # Without frames of the user's it is the exception alone, which the message has.
    if child_traceback.strip() not in message:
        parts.append(child_traceback.rstrip())
    if log_tail:
        parts.append("last lines printed by the interpreter:\n" + log_tail.rstrip())
    return "\n".join(parts)
