"""The front door: pytest's hooks, each a line or a few. It loads with every pytest, so it loads nothing heavy."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .errors import UsageError
from .pytest_side import collection, options, outcomes
from .pytest_side.fixtures import dot_product, isolated_interpreter, keras_fit, multicore
from .pytest_side.stash import MARKER_VALUES
from .settings import affinity_at_start as affinity_at_start  # noted before any test module is imported
from .settings.options import MARKER, OPTIONS, option_value

__all__ = ["dot_product", "isolated_interpreter", "keras_fit", "multicore"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--multicore-NAME`` and ``multicore_NAME`` for each option; unset is None, so that each source can be told."""
    group = parser.getgroup("multicore", "threading regressions (pytest-multicore)")
    for option in OPTIONS:
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
    arguments = "; ".join(f"{name}: {meaning}" for name, (_, meaning) in MARKER.items())
    config.addinivalue_line("markers", f"multicore(*, {', '.join(MARKER)}): hold the test to limits. {arguments}")
    if not options.is_child(config):
        options.check(config)
    if getattr(config.option, "dist", "no") != "no":
        # The controller of pytest-xdist collects nothing: what its workers measure comes with their reports.
        config.pluginmanager.register(ResultCollector(config), "multicore-collected")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """``--multicore-doctor`` in place of the tests."""
    try:
        wanted = option_value("doctor", lambda option: options.given(config, option))
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    if not wanted:
        return None
    from .pytest_side.doctor import doctor

    doctor(config)
    return 0


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Wrong markers are errors here, before any test has run: all markers, for other plugins may add some."""
    yield
    if not options.is_child(config):
        collection.read_markers(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Only now is known which tests will run: a session that measures takes turns with others on the host."""
    if not options.is_child(session.config) and collection.measures(session):
        from .pytest_side.host_turns import TakeHostLock
        from .pytest_side.timeouts import TimeLimits

        plugins = session.config.pluginmanager
        plugins.register(TakeHostLock(session.config), "multicore-turns")
        plugins.register(MeasuringSession(), "multicore-measuring")
        plugins.register(TimeLimits(), "multicore-time-limits")
        if not plugins.has_plugin("multicore-collected"):
            plugins.register(ResultCollector(session.config), "multicore-collected")
        collection.measure_calls(session.config, session.items)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A test that was marked while it ran does not pass unmeasured: half a microsecond for one that was not."""
    outcomes.check_marked_in_time(item)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | list[str]:
    """Say when marked tests run plainly."""
    return collection.say_what_runs_plainly(config, items) or []


class MeasuringSession:
    """What happens at each test of a session that measures; others do without, at some microseconds a test."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test that carries limits must have measured something."""
        outcome = yield
        if MARKER_VALUES in item.stash:
            outcomes.check_measured(item)
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Results travel with the test's report."""
        report = yield
        outcomes.attach_results(item, report)
        return report


class ResultCollector:
    """What becomes of reports: here, or in the controller of pytest-xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the results that a report brought."""
        if hasattr(report, "multicore"):
            from .pytest_side import session_end

            session_end.collect(self._config, report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Benchmarks, before pytest-benchmark, a wrapper itself, saves and compares what it has."""
        from .pytest_side import session_end

        session_end.add_benchmarks(session)
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A row a measurement."""
        from .pytest_side import session_end

        session_end.tell(terminalreporter, self._config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The JSON report; a child has none, and must not write the run's."""
    if not options.is_child(session.config) and options.json_file(session.config):
        from .pytest_side import session_end

        session_end.write_json(session)
