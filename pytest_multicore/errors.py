"""The errors of this package, by whose fault they are.

Every message names the thing, what was found, what was expected and what to do next.
"""

from __future__ import annotations


class MulticoreError(Exception):
    """Base of all errors that this package raises on purpose.

    A missed or undecided limit is not among them: ``LimitMissed`` and ``Undecided`` are assertion errors.
    """


class UsageError(MulticoreError):
    """A fault of the user: a wrong argument, option or setting."""


class EnvironmentUnavailable(MulticoreError):  # noqa: N818 - it is what happened
    """An environment cannot be had: no such interpreter, no network, a package that does not install."""


class HostBusy(MulticoreError):  # noqa: N818 - it is what happened
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
    """


class Undecided(AssertionError):  # noqa: N818 - it is what happened
    """A limit could not be decided, and ``--multicore-strict`` fails such tests.

    This is not a LimitMissed: a test that expects a missed limit expects a measurement, not the lack of one.
    """


def first_line(error: Exception) -> str:
    """An error's first line, for a sentence that quotes it."""
    return str(error).partition("\n")[0]


def _with_sections(message: str, child_traceback: str, log_tail: str) -> str:
    parts = [message]
    if child_traceback:
        parts.append(child_traceback.rstrip())
    if log_tail:
        parts.append("last lines printed by the interpreter:\n" + log_tail.rstrip())
    return "\n".join(parts)
