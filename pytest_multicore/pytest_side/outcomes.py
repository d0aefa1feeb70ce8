"""What a measured test must come to, and what its report carries. Light: plugin.py always imports it."""

from __future__ import annotations

import pytest

from pytest_multicore.errors import LimitMissed, MulticoreError, Undecided, first_line
from pytest_multicore.settings.marker import BASE_LIMITS, LIMITS

from .collection import is_marked, uses_our_fixtures, why_plain
from .options import is_child, session_settings
from .stash import EXPECTED_TESTS, GATE, MARKER_VALUES, MEASURED_ITEM


def check_measured(item: pytest.Item) -> None:
    """Fail a test that has limits and ended without a measurement: nothing measured is no pass."""
    gate = item.stash.get(GATE, None)
    if why_plain(item.config) and not uses_our_fixtures(item):
        return
    marker = item.stash.get(MARKER_VALUES, {})
    has_base = marker.get("against") or session_settings(item.config).against
    limits = [name for name in LIMITS if name in marker and (has_base or name not in BASE_LIMITS)]
    if limits and not (gate and (gate.records or gate.settings.off)):
        pytest.fail(
            f"the test carries limits ({', '.join(limits)}) but measured nothing: call the fixture, "
            "for instance multicore.run('module:function') or dot_product()",
            pytrace=False,
        )


def check_marked_in_time(item: pytest.Item) -> None:
    """Fail a test that a fixture or its own body has marked: by then it was set up, and was not measured."""
    late = is_marked(item.own_markers) and MARKER_VALUES not in item.stash and not isinstance(item, pytest.DoctestItem)
    if late and not is_child(item.config) and not why_plain(item.config):
        pytest.fail(
            f"{item.nodeid} was marked with @pytest.mark.multicore while it ran (request.node.add_marker), too late to "
            "be measured: mark it in its module, or in the hook pytest_collection_modifyitems",
            pytrace=False,
        )


def put_figures_first(report: pytest.TestReport, excinfo: pytest.ExceptionInfo[BaseException] | None) -> None:
    """Give pytest's short summary of an error of ours what matters: 80 columns have room for the class alone."""
    error, crash = excinfo and excinfo.value, getattr(report.longrepr, "reprcrash", None)
    if crash is not None and isinstance(error, LimitMissed | Undecided | MulticoreError):
        from pytest_multicore.reports.visible import visible_line

        told = getattr(error, "summary", "") or f"{type(error).__name__}: {first_line(error)}"
        crash.message = visible_line(told)


def report_despite(error: Exception, item: pytest.Item, report: pytest.TestReport) -> pytest.TestReport:
    """Have the report tell, as a failure, what a project's hook raised as it was made. Plain tests' hooks raise on."""
    if MEASURED_ITEM not in item.stash:
        raise error
    import traceback

    text = (
        f"the project's hook pytest_runtest_makereport raised {type(error).__name__} in the process that collects the "
        "tests. The fixtures of a marked test, and what its set-up keeps with its instance, are in an isolated "
        'interpreter, where the hook runs too: ask first, as by item.funcargs.get("name")\n\n'
    ) + "".join(traceback.format_exception(error))
    if report.failed:
        report.sections.append(("a hook's error", text))
    else:
        report.outcome, report.longrepr = "failed", text
    return report


def attach_results(item: pytest.Item, report: pytest.TestReport) -> None:
    """Give the test's new results to its report, as plain data: so they reach the controller of pytest-xdist too.

    In such a worker the facts of its machine go with them, and pytest's JUnit file gets their figures as properties.
    """
    if measured_item := item.stash.get(MEASURED_ITEM, None):
        measured_item.copy_child_sections(report)
    if EXPECTED_TESTS in item.config.stash:
        report.multicore_expected = item.config.stash[EXPECTED_TESTS]  # type: ignore[attr-defined]
        del item.config.stash[EXPECTED_TESTS]
    gate = item.stash.get(GATE, None)
    if gate and report.when == "setup" and gate.records:
        from .properties import remove_properties

        remove_properties(item, report)
    if gate and (records := gate.new_records()):
        from .properties import add_properties

        report.multicore = records  # type: ignore[attr-defined]
        add_properties(item, report, records)
        if hasattr(item.config, "workerinput"):
            from .hosts import machine_facts

            report.multicore_machine = machine_facts()  # type: ignore[attr-defined]
