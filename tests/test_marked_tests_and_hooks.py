"""Hooks of a project's have a marked test's outcome be what it is in a plain run."""


from tests.fixture_types import Run

FAILING_BY_HOOK = """
import pytest

MESSAGES = []

@pytest.fixture
def soft():
    del MESSAGES[:]
    return MESSAGES.append

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.passed and MESSAGES:
        report.outcome, report.longrepr = "failed", " and ".join(MESSAGES)
"""


def test_a_hook_fails_a_test_that_passed(run: Run) -> None:
    source = """
@gated
@pytest.mark.parametrize("messages", [["this", "that"], []], ids=len)
def test_a(soft, messages):
    work()
    for message in messages:
        soft(message)

@gated
@pytest.mark.xfail
def test_b(soft): soft("more")

@gated
@pytest.mark.xfail(strict=True)
def test_c(soft): work()
"""
    result = run(source, "-rA", conftest=FAILING_BY_HOOK)
    result.assert_outcomes(passed=1, failed=3)
    told = ["this and that", "FAILED *test_a?2?*", "FAILED *test_b*", "FAILED *test_c*XPASS(strict)*"]
    result.stdout.fnmatch_lines(told)
