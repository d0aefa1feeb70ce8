"""The front door: pytest's hooks, each a line or a few. It loads with every pytest, so it loads nothing heavy."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from . import configured, front, settings
from . import start as start  # it notes what is true before any test module is imported
from .errors import UsageError
from .fixtures import dot_product, isolated_interpreter, keras_fit, multicore

__all__ = ["dot_product", "isolated_interpreter", "keras_fit", "multicore"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--multicore-NAME`` and ``multicore_NAME`` for each option; unset is None, so that each source can be told."""
    group = parser.getgroup("multicore", "threading regressions (pytest-multicore)")
    for option in settings.OPTIONS:
        if option.metavar is None:
            group.addoption(
                option.flag, dest=option.ini, action="store_const", const=True, default=None, help=option.help
            )
        else:
            group.addoption(option.flag, dest=option.ini, metavar=option.metavar, default=None, help=option.help)
        if option.name != "doctor":  # in a file it would put an end to every run
            parser.addini(option.ini, option.help, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Say what the marker takes, and refuse a wrong option before anything is collected."""
    arguments = "; ".join(f"{name}: {meaning}" for name, (_, meaning) in settings.MARKER.items())
    config.addinivalue_line(
        "markers", f"multicore(*, {', '.join(settings.MARKER)}): hold the test to limits. {arguments}"
    )
    if not configured.is_child(config):
        configured.check(config)
    if getattr(config.option, "dist", "no") != "no":
        # The controller of pytest-xdist collects nothing: what its workers measure comes with their reports.
        config.pluginmanager.register(Collected(config), "multicore-collected")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """``--multicore-doctor`` in place of the tests."""
    try:
        asked = settings.option_value("doctor", lambda option: configured.given(config, option))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    if not asked:
        return None
    front.doctor(config)
    return 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Wrong markers are errors here, before any test has run: all markers, for other plugins may add some."""
    yield
    if not configured.is_child(config):
        front.read_markers(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Only now is known which tests will run: a session that measures takes turns with others on the host."""
    if not configured.is_child(session.config) and front.measures(session):
        from .time_limits import TimeLimits

        plugins = session.config.pluginmanager
        plugins.register(front.TakeTurns(session.config), "multicore-turns")
        plugins.register(Measuring(), "multicore-measuring")
        plugins.register(TimeLimits(), "multicore-time-limits")
        if not plugins.has_plugin("multicore-collected"):
            plugins.register(Collected(session.config), "multicore-collected")
        front.measure_calls(session.config, session.items)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A test that was marked while it ran does not pass unmeasured: half a microsecond for one that was not."""
    front.check_marked_in_time(item)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | list[str]:
    """Say when marked tests run plainly."""
    return front.say_what_runs_plainly(config, items) or []


class Measuring:
    """What happens at each test of a session that measures; others do without, at some microseconds a test."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test that carries limits must have measured something."""
        outcome = yield
        if front.MARKER_VALUES in item.stash:
            front.check_measured(item)
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Results travel with the test's report."""
        report = yield
        front.attach_results(item, report)
        return report


class Collected:
    """What becomes of reports: here, or in the controller of pytest-xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the results that a report brought."""
        if hasattr(report, "multicore"):
            from . import reporting

            reporting.collect(self._config, report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Benchmarks, before pytest-benchmark, a wrapper itself, saves and compares what it has."""
        from . import reporting

        reporting.add_benchmarks(session)
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A row a measurement."""
        from . import reporting

        reporting.tell(terminalreporter, self._config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The JSON report; a child has none, and must not write the run's."""
    if not configured.is_child(session.config) and configured.json_file(session.config):
        from . import reporting

        reporting.write_json(session)
