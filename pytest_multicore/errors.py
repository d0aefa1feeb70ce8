"""What can go wrong, sorted by whose fault it was.

Every message names the thing, what was found, what was expected and what to do next.
"""

from __future__ import annotations


class MulticoreError(Exception):
    """Base of all errors that this package raises on purpose."""


class UsageError(MulticoreError):
    """The user asked for something that does not exist or cannot be: a wrong argument, option or setting."""


class EnvironmentError_(MulticoreError):  # noqa: N801, N818 - DESIGN: the plain name is a builtin
    """An environment cannot be had: no such interpreter, no network, a package that does not install."""


class WorkloadError(MulticoreError):
    """The measured code failed: it raised, could not be imported, or called ``sys.exit``.

    Attributes:
        child_traceback: the child's own traceback, as text.
        log_tail: the last lines that the child printed.
    """

    def __init__(self, message: str, child_traceback: str = "", log_tail: str = "") -> None:
        super().__init__(message)
        self.child_traceback = child_traceback
        self.log_tail = log_tail

    def __str__(self) -> str:
        return _with_sections(self.args[0], self.child_traceback, self.log_tail)


class InterpreterCrashed(MulticoreError):  # noqa: N818 - it is what happened
    """The isolated interpreter ended by itself: a signal, ``os._exit``, a broken start."""

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail

    def __str__(self) -> str:
        return _with_sections(self.args[0], "", self.log_tail)


class TimedOut(InterpreterCrashed):
    """The isolated interpreter said nothing for too long; it and its children were ended."""


class ProtocolError(MulticoreError):
    """The two sides of the dialogue do not understand each other: a fault of this package, or of a broken pipe."""


class LimitMissed(AssertionError):  # noqa: N818 - it is what happened
    """A measured limit was missed, and clean measurements prove it. Not an error: a finding.

    Raised in the test that asked for the limit, so ``xfail(raises=LimitMissed, strict=True)`` can expect it.
    """


class Undecided(AssertionError):  # noqa: N818 - it is what happened
    """A limit could not be decided, and ``--multicore-strict`` lets no such test pass.

    Not a LimitMissed: a test that expects its limit to be missed expects a measurement, not the lack of one.
    """


def _with_sections(message: str, child_traceback: str, log_tail: str) -> str:
    parts = [message]
    if child_traceback:
        parts.append(child_traceback.rstrip())
    if log_tail:
        parts.append("last lines printed by the interpreter:\n" + log_tail.rstrip())
    return "\n".join(parts)
