"""pytest's hooks, each a line or a few. This module loads with every pytest, so it loads nothing heavy."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .errors import UsageError
from .pytest_side import collection, options, outcomes
from .pytest_side.fixtures import dot_product, isolated_interpreter, keras_fit, multicore, multicore_threads
from .pytest_side.stash import HOSTS, LATEST_RECORDS, LATEST_REPORT, MARKER_VALUES
from .settings import clocks  # noqa: F401 - before a conftest file, a fixture or a test can replace what it holds
from .settings.marker import MARKER
from .settings.options import OPTIONS, option_value
from .settings.world_at_start import WORLD  # noted before any test module is imported

__all__ = ["dot_product", "isolated_interpreter", "keras_fit", "multicore", "multicore_threads"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--multicore-NAME`` and ``multicore_NAME`` for each option; unset is None, which tells the sources apart."""
    group = parser.getgroup("multicore", "threading regressions (pytest-multicore)")
    for option in OPTIONS:
        if option.metavar is None:
            group.addoption(
                option.flag, dest=option.ini, action="store_const", const=True, default=None, help=option.help
            )
        else:
            action = "append" if option.varies else "store"
            group.addoption(
                option.flag, dest=option.ini, metavar=option.metavar, action=action, default=None, help=option.help
            )
        if option.name != "doctor":  # in a file it would end every run
            parser.addini(option.ini, option.help, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker, and refuse a wrong option before anything is collected."""
    if world := getattr(config, "workerinput", {}).get("multicore_world"):
        WORLD.adopt(world)
    arguments = "; ".join(f"{name}: {meaning}" for name, (_, meaning) in MARKER.items())
    config.addinivalue_line("markers", f"multicore(*, {', '.join(MARKER)}): hold the test to limits. {arguments}")
    if not options.is_child(config):
        options.check_options(config)
        if options.uses_history(config) and not options.is_worker():
            from .pytest_side import history_options

            history_options.check(config)
        if options.varies(config):
            from .pytest_side.matrix import MatrixTests

            config.pluginmanager.register(MatrixTests(config), "multicore-matrix")
    if getattr(config.option, "dist", "no") != "no":
        # The controller of pytest-xdist collects no tests: its workers' results come with their reports.
        from .pytest_side.hosts import Hosts

        config.stash[HOSTS] = Hosts(config)
        config.pluginmanager.register(config.stash[HOSTS], "multicore-hosts")
        config.pluginmanager.register(ResultCollector(config), "multicore-collected")
        collection.watch_for_an_early_end(config)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """``--multicore-doctor`` in place of the tests."""
    try:
        requested = option_value("doctor", lambda option: options.raw_value(config, option))
    except UsageError as error:
        raise options.refusal(error) from None
    if not requested:
        return None
    from .pytest_side.doctor import doctor

    return doctor(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note the project's commit before tests run: what they take is time in which it may change."""
    config = session.config
    if not (options.is_child(config) or options.is_worker()) and options.keeps_results(config):
        from .pytest_side import session_start

        session_start.note_origin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of pytest-xdist on this host inherits what conftest files have changed in its controller."""
    if getattr(node.gateway.spec, "popen", False):
        node.workerinput["multicore_world"] = WORLD.as_data()


def pytest_load_initial_conftests() -> None:
    """The last moment before conftest files are imported; plugins like pytest-env have set their variables."""
    WORLD.take_variables_anew()


def pytest_plugin_registered(plugin: object) -> None:
    """Note what a conftest file changed when it was imported."""
    file = getattr(plugin, "__file__", None) or ""
    WORLD.look(file if file.endswith("conftest.py") else "")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Note what a test module changed when it was imported. This costs others two microseconds a module or class."""
    report = yield
    WORLD.look(collector.nodeid or str(collector.path))
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Refuse wrong markers before any test runs, after other plugins have added theirs."""
    yield
    if not options.is_child(config):
        collection.read_markers(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Now it is known which tests will run: a session that measures takes turns with others on the host."""
    if not options.is_child(session.config) and (expected := collection.tests_to_measure(session)):
        from .pytest_side import gate  # noqa: F401 - all that measures, before a fixture can replace what it binds
        from .pytest_side.host_turns import HostTurns
        from .pytest_side.timeouts import RunningTimers

        plugins = session.config.pluginmanager
        plugins.register(HostTurns(session.config), "multicore-turns")
        plugins.register(MeasuringSession(), "multicore-measuring")
        plugins.register(OuterHooks(), "multicore-outer-hooks")
        plugins.register(RunningTimers(), "multicore-time-limits")
        if not plugins.has_plugin("multicore-collected"):
            plugins.register(ResultCollector(session.config), "multicore-collected")
        collection.expect(session.config, expected)
        collection.install_measured_items(session.config, session.items)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """A test that was marked while it ran does not pass unmeasured. This costs others half a microsecond."""
    outcomes.check_marked_in_time(item)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | list[str]:
    """Say when marked tests run plainly."""
    return collection.plain_run_line(config, items) or []


class MeasuringSession:
    """The hooks for each test of a session that measures; other sessions save their microseconds."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note another attempt of a test. That of a worker of pytest-xdist is known by its reports."""
        if item.nodeid in item.config.stash.get(LATEST_RECORDS, {}):
            from .pytest_side import results

            results.note_attempt(item.config, item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A test that has limits must have measured something."""
        outcome = yield
        if MARKER_VALUES in item.stash:
            outcomes.check_measured(item)
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Results travel with the test's report."""
        try:
            report = yield
        except Exception as error:
            report = outcomes.report_despite(error, item, pytest.TestReport.from_item_and_call(item, call))
        outcomes.put_figures_first(report, call.excinfo)
        outcomes.attach_results(item, report)
        item.stash[LATEST_REPORT] = report
        return report


class OuterHooks:
    """The same hook, around those of the project's that are called around ours."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """What such a hook raises is its test's failure: the session goes on."""
        try:
            return (yield)
        except Exception as error:
            return outcomes.report_despite(error, item, item.stash[LATEST_REPORT])


class ResultCollector:
    """Gathers the results that reports bring: here, or in the controller of pytest-xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the results that a report has brought. Other plugins, pytest-xdist's say, have sent the report on."""
        from_worker = getattr(report, "worker_id", "")
        if from_worker and report.when == "setup" and report.nodeid in self._config.stash.get(LATEST_RECORDS, {}):
            from .pytest_side import results

            results.note_attempt(self._config, report.nodeid, from_worker)
        if hasattr(report, "multicore") or hasattr(report, "multicore_waits_s"):
            from .pytest_side import results

            results.collect(self._config, report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Add benchmarks before pytest-benchmark, a wrapper itself, saves and compares its own."""
        from .pytest_side import session_end

        session_end.add_benchmarks(session)
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A table with a row for each measurement."""
        from .pytest_side import session_end

        session_end.write_summary(terminalreporter, self._config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that lost a host; write reports and history. A child must not overwrite the run's."""
    config = session.config
    if HOSTS in config.stash and config.stash[HOSTS].lost:
        from .pytest_side import session_end

        session_end.fail_for_lost_hosts(session)
    if not options.is_child(config) and options.keeps_results(config):
        from .pytest_side import session_end

        session_end.write_reports(session)
        session_end.write_history(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What changed since an earlier run, and what was saved."""
    if not options.is_child(config) and options.uses_history(config):
        from .pytest_side import history_options

        history_options.write_lines(terminalreporter, config)
