"""What a session that ends early has not measured; and its JSON report, which is written as results come."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_multicore.interpreters.library_at_start import library_at_start
from pytest_multicore.reports.cut_short import cut_short_in_words
from pytest_multicore.reports.visible import visible_line
from pytest_multicore.settings import clocks

from .ending_signals import NAMES as SIGNALS
from .ending_signals import EndingSignals
from .options import is_worker, report_file

if TYPE_CHECKING:
    from pytest_multicore.reports.growing_report import GrowingReport

#: Why a report is not whole while its session lasts. It is replaced at the end, unless the session is killed.
UNFINISHED_TEXT = "the session had not ended when this was written: it was still running, or was killed"
#: Writing the report before the session's end may take so many CPU seconds each time, or this share of its time.
SHORT_WRITING_S, MAX_WRITING_SHARE = 0.1, 0.05


class CutShort:
    """A plugin of a measuring session that knows which tests are yet to be measured.

    Attributes:
        by: what ended the session early; empty where nothing did.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._expected: dict[str, None] = {}
        self._done: set[str] = set()
        self._pid = os.getpid()
        self._write_next_s = 0.0
        self._is_told = False
        self._report: GrowingReport | None = None
        self._files = ExitStack()
        self.by = ""

    def expect(self, nodeids: Iterable[str]) -> None:
        """Tests that are to be measured: from now on it matters how the session ends."""
        known = bool(self._expected)
        self._expected.update(dict.fromkeys(nodeids))
        if self._expected and not known:
            self._begin()
            self._config.pluginmanager.register(EndingSignals(self._config), "multicore-ending-signals")

    @property
    def measures(self) -> bool:
        """Whether the session has tests that may be measured."""
        return bool(self._expected)

    def results_replaced(self) -> None:
        """Results that the report holds have been replaced by those of a further attempt."""
        if self._report is not None:
            self._report.start_anew()

    def as_data(self, *, ended: bool = True) -> dict[str, Any] | None:
        """For the JSON report; None where nothing was cut short.

        Args:
            ended: whether the session has.
        """
        left = [nodeid for nodeid in self._expected if nodeid not in self._done]
        if ended and not left and not self.by:
            return None
        by = (self.by or "an early end of the session") if ended else UNFINISHED_TEXT
        return {"by": by, "not_measured": left}

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that is over, or measured, and write the results so far. Other plugins have collected them."""
        self.expect(getattr(report, "multicore_expected", ()))
        if report.when == "teardown" or hasattr(report, "multicore"):
            self._done.add(report.nodeid)
        if hasattr(report, "multicore"):
            self.write_so_far()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, a signal, pytest.exit, or a wish of a plugin."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            name = excinfo.value.msg
            self.by = name if name in SIGNALS else f"pytest.exit: {name}"
        elif isinstance(excinfo.value, pytest.Session.Interrupted):  # by what a plugin stops the session with
            self.by = str(excinfo.value)
        else:
            self.by = "Ctrl-C (KeyboardInterrupt)"

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object) -> None:
        """A fault of pytest or a plugin."""
        last = str(excrepr).strip().splitlines()[-1:]
        self.by = f"an internal error of pytest or a plugin: {''.join(last)}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A limit of failures, ``-x`` say."""
        stopped = session.shouldfail or session.shouldstop
        self.by = self.by or (stopped if isinstance(stopped, str) else "")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """What was cut short, below all else."""
        self._tell()

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Where pytest has ended with a status for which it writes no summary, as by a signal or an internal error."""
        self._files.close()
        self._write_summary()
        self._tell()

    def _write_summary(self) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not is_worker():
            from .session_end import write_summary

            write_summary(reporter, self._config)

    def _tell(self) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if (cut_short := self.as_data()) and reporter is not None and not self._is_told:
            self._is_told = True
            reporter.ensure_newline()
            reporter.write_line(visible_line(f"multicore: cut short by {cut_short_in_words(cut_short)}"), yellow=True)

    def _begin(self) -> None:
        """Replace the report of an earlier session, which would be taken for that of this one if it were killed now.

        Not before it is known that tests will be measured: other sessions leave that report alone.
        """
        if (file := report_file(self._config, "json")) and self._report is None:
            from pytest_multicore.reports.growing_report import GrowingReport

            report = GrowingReport(self._config.invocation_params.dir / file)
            self._report = self._files.enter_context(report)
            self.write_so_far()
            self._write_next_s = 0.0  # it has imported much, which is done once

    def write_so_far(self) -> None:
        """Write the report. The end reports a full disk.

        It would take too much of the session's time where a file cannot grow, as without hard links. A child that was
        forked for a test, as by pytest-forked, leaves it to the session.
        """
        if self._report is None or clocks.monotonic() < self._write_next_s or os.getpid() != self._pid:
            return
        from .session_end import session_report

        begin_s = clocks.thread_time()
        with suppress(OSError), library_at_start():
            self._report.write(session_report(self._config, ended=False))
        taken_s = clocks.thread_time() - begin_s
        if taken_s > SHORT_WRITING_S:
            self._write_next_s = clocks.monotonic() + taken_s / MAX_WRITING_SHARE
