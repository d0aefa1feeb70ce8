"""The reports at the end of a session. Loaded where there are results, or a report file is requested."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import UsageError

from .options import report_file
from .stash import LATEST_RECORDS, LOCATIONS, MEASURED_ITEM, RECORDS


def collect(config: pytest.Config, report: pytest.TestReport) -> None:
    """Keep the results that a test's report has brought."""
    if records := getattr(report, "multicore", None):
        config.stash.setdefault(RECORDS, []).extend(records)
        config.stash.setdefault(LATEST_RECORDS, {}).setdefault(report.nodeid, {})[report.when or ""] = records
        file, line, _ = report.location
        config.stash.setdefault(LOCATIONS, {})[report.nodeid] = file, None if line is None else line + 1


def write_summary(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section on the terminal; and where GitHub runs the tests, its annotations and the job's summary."""
    from pytest_multicore.reports import github, terminal

    records = config.stash.get(RECORDS, [])
    if not records:
        return
    terminal.write(reporter, records)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        annotate_failures = not config.pluginmanager.hasplugin("pytest_github_actions_annotate_failures")
        by_nodeid = config.stash[LOCATIONS]
        locations = github.Locations(config.rootpath, by_nodeid)
        for line in github.commands(records, locations, annotate_failures=annotate_failures):
            reporter.write_line(line)
        if file := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                github.add_summary(file, records)
            except OSError as error:
                reporter.write_line(f"warning: GITHUB_STEP_SUMMARY={file} cannot be written: {error}", yellow=True)


def write_reports(session: pytest.Session) -> None:
    """Write the files that options ask for; a worker of pytest-xdist leaves that to its controller."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for name, write in (("json", _write_json), ("html", _write_html)):
        if file := report_file(session.config, name):
            try:
                write(session.config.invocation_params.dir / file, session.config.stash.get(RECORDS, []))
            except (ImportError, OSError, UsageError) as error:
                _say_not_written(session, f"--multicore-{name}={file} cannot be written: {error}")


def _write_json(file: Path, records: list[dict[str, Any]]) -> None:
    from pytest_multicore.reports.json_report import write

    write(file, records)


def _write_html(file: Path, records: list[dict[str, Any]]) -> None:
    from pytest_multicore.measurement.machine import this_machine
    from pytest_multicore.reports.html.page import write_html
    from pytest_multicore.reports.json_report import report

    write_html(file, report(records, this_machine()))


def _say_not_written(session: pytest.Session, message: str) -> None:
    """The tests' outcomes stand, and so does pytest's summary; but the requested report is missing."""
    session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"ERROR: {message}", red=True)


def add_benchmarks(session: pytest.Session) -> None:
    """Give the measurements to pytest-benchmark, unless it is missing or does not measure in this process."""
    latest = session.config.stash.get(LATEST_RECORDS, {})
    benchmarks = getattr(session.config, "_benchmarksession", None)
    if not latest or benchmarks is None or benchmarks.disabled or benchmarks.skip:
        return
    # Version 4 does not know that it runs in a worker of pytest-xdist; in the controller it is disabled.
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    from pytest_multicore.reports.benchmark import BenchmarkName, add

    for item in session.items:
        if item.nodeid in latest:
            declared = item.stash[MEASURED_ITEM].benchmarks if MEASURED_ITEM in item.stash else ()
            records = [record for of_phase in latest[item.nodeid].values() for record in of_phase]
            add(benchmarks, BenchmarkName.of(item, declared), records)
