"""What can go wrong, sorted by whose fault it was.

Every message names the thing, what was found, what was expected and what to do next.
"""

from __future__ import annotations


class MulticoreError(Exception):
    """Base of all errors that this package raises on purpose.

    A missed or undecided limit is not among them: ``LimitMissed`` and ``Undecided`` are assertion errors.
    """


class UsageError(MulticoreError):
    """The user asked for something that does not exist or cannot be: a wrong argument, option or setting.

    Wrong markers and options become pytest's own usage errors, before any test runs.
    """


class EnvironmentError_(MulticoreError):  # noqa: N801, N818 - the plain name is a builtin
    """An environment cannot be had: no such interpreter, no network, a package that does not install.

    It leaves the test inconclusive; it is not raised in the test.
    """


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


class InterpreterCrashed(MulticoreError):  # noqa: N818 - it is what happened
    """The isolated interpreter ended by itself: a signal, ``os._exit``, a broken start.

    Attributes:
        log_tail: the last lines that it printed.
    """

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail

    def __str__(self) -> str:
        return _with_sections(self.args[0], "", self.log_tail)


class TimedOut(InterpreterCrashed):
    """The isolated interpreter gave no answer for too long, so the plugin ended it and all that it had started."""


class ProtocolError(MulticoreError):
    """The two sides of the dialogue do not understand each other: a fault of this package, or of a broken pipe."""


class LimitMissed(AssertionError):  # noqa: N818 - it is what happened
    """A limit was missed: its figure's interval lies beyond the limit, at the stated confidence.

    The text gives limit, measurement, interval and, where it was looked for, the cause. It is raised in the test that
    has the limit, so ``xfail(raises=LimitMissed, strict=True)`` expects it.
    """


class Undecided(AssertionError):  # noqa: N818 - it is what happened
    """A limit could not be decided, and ``--multicore-strict`` is set; otherwise the test is skipped.

    Not a LimitMissed: a test that expects its limit to be missed expects a measurement, not the lack of one.
    """


def _with_sections(message: str, child_traceback: str, log_tail: str) -> str:
    parts = [message]
    if child_traceback:
        parts.append(child_traceback.rstrip())
    if log_tail:
        parts.append("last lines printed by the interpreter:\n" + log_tail.rstrip())
    return "\n".join(parts)
