"""What all ways of taking turns on the host share: which turn is held, what was waited for, and who was named."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from pytest_multicore.errors import HostBusy, SessionEnds
from pytest_multicore.settings import clocks

#: Gets a line of text.
Report = Callable[[str], None]


class Turns(ABC):
    """One process's part in the host's lock. Not for several threads of one process.

    Attributes:
        wait_s: seconds that one turn may be waited for.
        waits_s: seconds of each turn that had to be waited for, until somebody takes them.
        why_none: why this process takes no turns, for the reader; empty where it does.
    """

    def __init__(self, why_none: str = "") -> None:
        self.why_none = why_none
        self.wait_s = float("inf")
        self.waits_s: list[float] = []
        self._reading = 0
        self._named: set[str] = set()

    @contextmanager
    def shared(self, report: Report) -> Iterator[None]:
        """Hold the machine together with other ordinary tests, never with a measurement.

        ``report`` gets a line of text where there is a measurement to wait for, once for each process that holds it.

        Raises:
            HostBusy: that measurement took too long.
        """
        self._enter(report)
        try:
            yield
        finally:
            if self._reading == 1:
                self._give_back(alone=False)
            self._reading = max(0, self._reading - 1)  # 0 already where a measurement within it did not get its turn

    @contextmanager
    def exclusive(self, report: Report) -> Iterator[None]:
        """Hold the machine alone; ``report`` gets a line of text where another process holds it, once for each.

        A test that holds it together with others gives it back meanwhile: it would wait for itself.

        Raises:
            HostBusy: the other process held it for too long.
        """
        reading, self._reading = self._reading, 0
        if reading:
            self._give_back(alone=False)
        self._turn(True, report)  # where Ctrl-C, or a time limit, ends the wait, it does not wait again
        goes_on = True
        try:
            yield
        except BaseException as error:
            goes_on = isinstance(error, Exception) and not isinstance(error, SessionEnds)
            raise
        finally:
            self._give_back(alone=True)
            if reading and goes_on:
                with suppress(HostBusy):  # what was done alone is done: the rest goes on without a turn
                    self._enter(report)
                    self._reading = reading

    @abstractmethod
    def _take(self, alone: bool, wait: Callable[[Sequence[str]], None]) -> None:
        """Hold the machine, alone or together with others that hold it so.

        Args:
            alone: whether nobody else may hold it.
            wait: to be called before a wait, with the processes that hold it, as far as they are known.

        Raises:
            HostBusy: the turn had to be waited for longer than wait_s. After this and any other exception nothing is
                held.
        """

    @abstractmethod
    def _give_back(self, alone: bool) -> None:
        """Hold it no longer."""

    def _enter(self, report: Report) -> None:
        if not self._reading:
            self._turn(False, report)
        self._reading += 1

    def _turn(self, alone: bool, report: Report) -> None:
        """Take a turn, and note what that took if another process held the machine."""
        began_s, waited = clocks.monotonic(), False

        def wait(holders: Sequence[str]) -> None:
            nonlocal waited
            waited = True
            self._name(alone, holders, report)

        try:
            self._take(alone, wait)
        finally:
            if waited:
                self.waits_s.append(clocks.monotonic() - began_s)

    def _name(self, alone: bool, holders: Sequence[str], report: Report) -> None:
        """Say who is waited for, unless all of them were named before: each test of a session may wait for them."""
        who = set(holders or ("",))
        if not who <= self._named:
            self._named |= who
            report(
                f"waiting for another pytest on this machine{_in_brackets(holders)} to finish {_work(alone)}"
                " (one at a time, by pytest-multicore)"
            )

    def _busy(self, alone: bool, holders: Sequence[str]) -> HostBusy:
        """The error where the turn was waited for in vain."""
        return HostBusy(
            f"not measured: another pytest{_in_brackets(holders)} did not finish {_work(alone)} on this machine within "
            f"{self.wait_s:g} s; end it, or raise --multicore-wait"
        )


def _work(alone: bool) -> str:
    """What the process that is waited for does."""
    return "a test or a measurement" if alone else "a measurement"


def _in_brackets(holders: Sequence[str]) -> str:
    return f" ({', '.join(holders)})" if holders else ""
