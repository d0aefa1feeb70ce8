"""What becomes of the tests' results at the end of a session. Loaded where there are some, or a file is asked for."""

from __future__ import annotations

import os

import pytest

from .options import json_file
from .stash import LAST, MEASURED, PLACES, RECORDS


def collect(config: pytest.Config, report: pytest.TestReport) -> None:
    """Keep what a test's report brought."""
    if found := getattr(report, "multicore", None):
        config.stash.setdefault(RECORDS, []).extend(found)
        config.stash.setdefault(LAST, {}).setdefault(report.nodeid, {})[report.when or ""] = found
        file, line, _ = report.location
        config.stash.setdefault(PLACES, {})[report.nodeid] = file, None if line is None else line + 1


def tell(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section on the terminal, and where GitHub runs the tests its annotations and the job's summary."""
    from pytest_multicore.reports import github, terminal

    records = config.stash.get(RECORDS, [])
    if not records:
        return
    terminal.write(reporter, records)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        failures_too = not config.pluginmanager.hasplugin("pytest_github_actions_annotate_failures")
        places = config.stash[PLACES]
        for line in github.commands(records, github.Places(config.rootpath, places), failures_too=failures_too):
            reporter.write_line(line)
        if file := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                github.add_summary(file, records)
            except OSError as error:
                reporter.write_line(f"warning: GITHUB_STEP_SUMMARY={file} cannot be written: {error}", yellow=True)


def write_json(session: pytest.Session) -> None:
    """Write the report where ``--multicore-json`` says; a worker of pytest-xdist leaves that to its controller."""
    config = session.config
    file = json_file(config)
    if file and "PYTEST_XDIST_WORKER" not in os.environ:
        from pytest_multicore.reports.json_report import write

        try:
            write(config.invocation_params.dir / file, config.stash.get(RECORDS, []))
        except OSError as error:
            # The tests' outcomes stand, and so does pytest's summary; but what was asked for is not there.
            session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_line(f"ERROR: --multicore-json={file} cannot be written: {error}", red=True)


def add_benchmarks(session: pytest.Session) -> None:
    """Give the measurements to pytest-benchmark, unless it is missing or does not measure in this process."""
    measured = session.config.stash.get(LAST, {})
    theirs = getattr(session.config, "_benchmarksession", None)
    # Version 4 does not know that it runs in a worker of pytest-xdist; in the controller it is disabled.
    if not measured or theirs is None or theirs.disabled or theirs.skip or "PYTEST_XDIST_WORKER" in os.environ:
        return
    from pytest_multicore.reports.benchmark import Test, add

    for item in session.items:
        if item.nodeid in measured:
            told = item.stash[MEASURED].benchmarks if MEASURED in item.stash else ()
            add(theirs, Test.of(item, told), [one for found in measured[item.nodeid].values() for one in found])
