"""Tests of this session and measurements of all sessions on the host take turns."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from pytest_multicore.errors import HostBusy

from .options import session_settings


class HostTurns:
    """A plugin that keeps ordinary tests and measurements apart, in this session and all others on the host."""

    def __init__(self, config: pytest.Config) -> None:
        from pytest_multicore.measurement.host_lock import host_lock
        from pytest_multicore.reports.progress import progress_of

        self._lock = host_lock()
        self._lock.wait_s = session_settings(config).wait_s
        self._report_step = progress_of(config).step
        if self._lock.why_none:
            self._report_step(self._lock.why_none)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """A whole test, fixtures included, holds the lock with others; its measurements hold it alone."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._lock.shared(self._report_step))
            except HostBusy as busy:
                self._report_step(f"{busy}. This test runs all the same")
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What was waited for travels with the test's report: so it reaches the controller of pytest-xdist too."""
        report = yield
        if self._lock.waits_s:
            report.multicore_waits_s = [*self._lock.waits_s]  # type: ignore[attr-defined]
            self._lock.waits_s.clear()
        return report
