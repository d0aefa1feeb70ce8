"""Signals that end a process at once have a measuring session end in order: reports are written, folders removed."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import pytest

from pytest_multicore.errors import SessionEnds
from pytest_multicore.settings import clocks

#: By their names: Windows has no SIGHUP.
NAMES = ("SIGTERM", "SIGHUP")
#: Within so many seconds a second signal is the first one again: timeout(1) sends it to a process and to its group.
SAME_SIGNAL_S = 1.0


class Ended(pytest.exit.Exception, SessionEnds):  # type: ignore[name-defined,misc]
    """What ``pytest.exit`` raises, and what no other room takes for a fault."""


class EndingSignals:
    """A plugin of a session that measures."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._status: int | None = None
        self._ended_s = 0.0
        self._pid = os.getpid()
        self._taken: list[signal.Signals] = []
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.Signals[name] for name in NAMES if name in signal.Signals.__members__):
            # Ignored, as by nohup, or another plugin's: it stays so.
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._end)
                self._taken.append(number)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        is_forked, is_again = os.getpid() != self._pid, self._status is not None
        if is_again and not is_forked and clocks.monotonic() < self._ended_s + SAME_SIGNAL_S:
            return
        if is_again or is_forked:  # a test forked this process: it ends as it would have
            self.give_back()
            os.kill(os.getpid(), number)
            return
        self._ended_s = clocks.monotonic()
        name, self._status = signal.Signals(number).name, 128 + number
        # A test's or a library's ``except Exception`` catches what this raises: then the session ends after that test.
        if session := self._config.pluginmanager.get_plugin("session"):
            session.shouldstop = name
        raise Ended(name, self._status)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """The status of a process that the signal ended, whoever caught what it raised."""
        session.exitstatus = session.exitstatus if self._status is None else self._status

    def give_back(self) -> None:
        """Let the next signal end the process at once."""
        while self._taken:
            signal.signal(self._taken.pop(), signal.SIG_DFL)

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """The session is over."""
        self.give_back()
