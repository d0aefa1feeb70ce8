"""The reports at the end of a session. Loaded where there are results, or a report file is requested."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.reports import hosts
from pytest_multicore.reports.visible import visible_line

from .options import is_worker, report_file, session_settings, uses_history
from .stash import CUT_SHORT, HOSTS, LATEST_RECORDS, LOCATIONS, MEASURED_ITEM, ORIGIN, RECORDS, WAITS, WRITTEN_SUMMARY
from .waits import Waits


def write_summary(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section on the terminal; and where GitHub runs the tests, its annotations and the job's summary.

    A worker of pytest-xdist, whose terminal nobody sees, leaves that to its controller.
    """
    from pytest_multicore.reports import github, terminal

    records = config.stash.get(RECORDS, [])
    if hasattr(config, "workerinput") or config.stash.get(WRITTEN_SUMMARY, False):
        return
    config.stash[WRITTEN_SUMMARY] = True
    if waited := config.stash.get(WAITS, Waits()).in_words():
        reporter.ensure_newline()
        reporter.write_line(visible_line(f"multicore: {waited}"), yellow=True)
    if not records:
        return
    (machines, lost), strict = _hosts(config), session_settings(config).strict
    for host, of_host in hosts.by_host(records, machines).items():
        title = "" if host is None else hosts.host_title(host, machines.get(host))
        terminal.write(reporter, of_host, title, strict=strict)
    for one in lost:
        reporter.write_line(visible_line(f"ERROR: host {hosts.lost_in_words(one)}"), red=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        annotate_failures = not config.pluginmanager.hasplugin("pytest_github_actions_annotate_failures")
        by_nodeid = config.stash[LOCATIONS]
        locations = github.Locations(config.rootpath, by_nodeid)
        for line in github.commands(records, locations, annotate_failures=annotate_failures, strict=strict):
            reporter.write_line(line)
        for line in github.lost_hosts(lost):
            reporter.write_line(line)
        if file := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                github.add_summary(file, session_report(config))
            except OSError as error:
                said = visible_line(f"warning: GITHUB_STEP_SUMMARY={file} cannot be written: {error}")
                reporter.write_line(said, yellow=True)


def session_report(config: pytest.Config, *, ended: bool = True) -> dict[str, Any]:
    """The whole JSON report as data; of a session that has not ended, with the results so far."""
    from pytest_multicore.measurement.machine import this_machine
    from pytest_multicore.reports.json_report import report, with_hosts

    whole = report(config.stash.get(RECORDS, []), this_machine(), config.stash.get(ORIGIN, None))
    cut_short = config.stash[CUT_SHORT].as_data(ended=ended) if CUT_SHORT in config.stash else None
    return with_hosts({**whole, "cut_short": cut_short} if cut_short else whole, *_hosts(config))


def _hosts(config: pytest.Config) -> tuple[Mapping[str, Mapping[str, Any]], list[dict[str, Any]]]:
    """The machines of the hosts by name, and those lost; empty where all is measured on this machine."""
    if HOSTS not in config.stash:
        return {}, []
    known, records = config.stash[HOSTS], config.stash.get(RECORDS, [])
    lost = [{**one, "not_measured": hosts.not_measured(one["host"], records)} for one in known.lost]
    return known.machines, lost


def fail_for_lost_hosts(session: pytest.Session) -> None:
    """A session that measures and has lost a host does not pass: not all was measured."""
    if session.config.stash.get(RECORDS, []) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def write_reports(session: pytest.Session) -> None:
    """Write the files that options ask for; a worker of pytest-xdist leaves that to its controller.

    A session that could not measure anything, such as one that only collects, leaves an earlier one's as they are.
    """
    if is_worker() or not _could_measure(session.config):
        return
    for name, write in (("json", _write_json), ("html", _write_html)):
        if file := report_file(session.config, name):
            try:
                write(session.config.invocation_params.dir / file, session_report(session.config))
            except (ImportError, OSError, UsageError) as error:
                _say_not_written(session, f"--multicore-{name}={file} cannot be written: {error}")


def _could_measure(config: pytest.Config) -> bool:
    """Whether tests were to be measured, whatever came of it. A lost host may have taken along that it had any."""
    expected = CUT_SHORT in config.stash and config.stash[CUT_SHORT].measures
    return expected or bool(config.stash.get(RECORDS, [])) or bool(_hosts(config)[1])


def _write_json(file: Path, report: dict[str, Any]) -> None:
    from pytest_multicore.reports.json_report import write

    write(file, report)


def _write_html(file: Path, report: dict[str, Any]) -> None:
    from pytest_multicore.reports.html.page import write_html

    write_html(file, report)


def _say_not_written(session: pytest.Session, message: str) -> None:
    """The tests' outcomes stand, and so does pytest's summary; but the requested report is missing."""
    session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(visible_line(f"ERROR: {message}"), red=True)


def write_history(session: pytest.Session) -> None:
    """Compare with the history, and append to it; a worker of pytest-xdist leaves that to its controller."""
    if uses_history(session.config) and not is_worker():
        from . import history_options

        history_options.finish(session)


def add_benchmarks(session: pytest.Session) -> None:
    """Give the measurements to pytest-benchmark, unless it is missing or does not measure in this process."""
    latest = session.config.stash.get(LATEST_RECORDS, {})
    benchmarks = getattr(session.config, "_benchmarksession", None)
    if not latest or benchmarks is None or benchmarks.disabled or benchmarks.skip:
        return
    # Version 4 does not know that it runs in a worker of pytest-xdist; in the controller it is disabled.
    if is_worker():
        return
    from pytest_multicore.reports.benchmark import BenchmarkName, add

    for item in session.items:
        if item.nodeid in latest:
            declared = item.stash[MEASURED_ITEM].benchmarks if MEASURED_ITEM in item.stash else ()
            records = [record for of_worker in latest[item.nodeid].values() for record in of_worker]
            add(benchmarks, BenchmarkName.of(item, declared), records)
