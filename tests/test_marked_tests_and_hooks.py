"""Hooks of a project's have a marked test's outcome be what it is in a plain run."""

import pytest

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


READING_FIXTURES = """
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        if "tmp_path" in item.fixturenames:
            report.sections.append(("its folder", str(item.funcargs["tmp_path"])))
        assert item.name != "test_c" or item.funcargs["tmp_path"].exists()
    return report
"""


def test_a_hook_that_misses_what_the_interpreter_holds_is_its_tests_failure(run: Run) -> None:
    source = """
@gated
def test_a(tmp_path):
    work()
    assert 0

class TestB:
    def setup_method(self): self.value = 1
    @gated
    def test_b(self): work()

@gated
def test_c(tmp_path): work()

def test_d(): pass
"""
    of_classes = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and item.cls: item.instance.value
    return report
"""
    result = run(source, "-p", "of_classes", conftest=READING_FIXTURES, of_classes=of_classes)
    result.assert_outcomes(passed=1, failed=3)
    assert result.ret == 1
    told = ["*<tmp_path: in an isolated interpreter>*", "*the project's hook * raised AttributeError*"]
    told += ["*'TestB' object has no attribute 'value'*", "*'str' object has no attribute 'exists'*"]
    result.stdout.fnmatch_lines([*told, "TestB::test_b * passed", "test_c * passed"])


WITH_A_FOLDER = """
import os, pathlib, shutil

BUILD = pathlib.Path(__file__).with_name("build")

def pytest_sessionstart(): BUILD.mkdir(exist_ok=True)

def pytest_sessionfinish():
    if "PYTEST_MULTICORE_INTERPRETER" not in os.environ:
        shutil.rmtree(BUILD)
"""


def test_a_hook_of_the_session_can_ask_which_session_it_is_of(run: Run, pytester: pytest.Pytester) -> None:
    source = """
import conftest

@gated
def test_a():
    work()
    assert conftest.BUILD.is_dir()

def test_b(): assert conftest.BUILD.is_dir()
"""
    run(source, conftest=WITH_A_FOLDER).assert_outcomes(passed=2)
    assert not (pytester.path / "build").exists()
