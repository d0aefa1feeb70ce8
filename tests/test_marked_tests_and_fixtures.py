"""Fixtures of a marked test that are common in projects work there as they do in a plain run."""

from tests.fixture_types import Run

KEEPING_REPORTS = """
import pytest

@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, "rep_" + report.when, report)

@pytest.fixture
def kept(request):
    yield
    assert request.node.rep_setup.passed
    assert request.node.rep_call.passed
"""


def test_a_fixture_finds_the_reports_that_a_hook_has_kept(run: Run) -> None:
    source = """
@gated
def test_a(kept): work()
@gated
@pytest.mark.xfail
def test_xpass(kept): work()
"""
    run(source, conftest=KEEPING_REPORTS).assert_outcomes(passed=1, xpassed=1)
