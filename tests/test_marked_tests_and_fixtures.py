"""Fixtures of a marked test that are common in projects work there as they do in a plain run."""

from xml.etree import ElementTree

import pytest

from tests.fixture_types import Run

#: Makes classes by the name Odd with methods that raise.
ODD = """
def refuse(*_): raise RuntimeError("no words")
def odd(base, **methods): return type("Odd", (base,), methods)
"""
UNPRINTABLE = "<a Odd that cannot be printed>"
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


def test_a_fixture_may_replace_sleep_or_json(run: Run) -> None:
    source = """
import json, time
from unittest import mock

@pytest.fixture
def sleeps(monkeypatch):
    seconds = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds

@pytest.fixture
def dumps():
    with mock.patch("json.dumps", return_value="{}") as dumps:
        yield dumps

@gated
def test_sleep(sleeps):
    assert sleeps == []
    work()

@gated
def test_json(dumps):
    work()
    assert dumps.call_args_list == []
"""
    run(source).assert_outcomes(passed=2)


def test_what_json_cannot_carry_is_reported_by_its_repr(run: Run, pytester: pytest.Pytester) -> None:
    source = r"""
import logging, warnings

@gated
def test_a(record_property):
    for name, value in {"nan": float("nan"), "infinite": -float("inf"), "keys": {(1, 2): "x"}}.items():
        record_property(name, value)
    logging.getLogger("mine").warning("\udc80")
    warnings.warn("\udc80")
    work()

@gated
def test_b():
    pytest.skip("\udc80")
"""
    run(source, "--junitxml=junit.xml").assert_outcomes(passed=1, skipped=1, warnings=1)
    properties = (pytester.path / "junit.xml").read_text()
    for name, value in {"nan": "nan", "infinite": "-inf", "keys": "{'(1, 2)': 'x'}"}.items():
        assert f'<property name="{name}" value="{value}"' in properties


def test_properties_that_raise_are_reported_by_what_they_can_show(run: Run, pytester: pytest.Pytester) -> None:
    source = """
@gated
def test_a(record_property):
    mute, circle = odd(object, __repr__=refuse)(), []
    circle.append(circle)
    values = {"mute": mute, "circle": circle, "dict": odd(dict, __iter__=refuse)(a=1), "key": {mute: 1}}
    values |= {"text": odd(str, __len__=refuse)("x"), "float": odd(float, __sub__=refuse)(1.5), "huge": 10**5000}
    for name, value in [*values.items(), (mute, 1)]:
        record_property(name, value)
    work()
"""
    run(ODD + source, "--junitxml=junit.xml").assert_outcomes(passed=1)
    test = ElementTree.parse(pytester.path / "junit.xml").find(".//testcase/properties")  # noqa: S314 - our own report
    assert test is not None
    told = {one.get("name"): one.get("value") for one in test}
    assert told.items() >= {"mute": UNPRINTABLE, "circle": "['[[...]]']", "dict": "{'a': 1}"}.items()
    assert told.items() >= {"key": f"{{'{UNPRINTABLE}': 1}}", "text": "x", "float": "1.5", UNPRINTABLE: "1"}.items()
    assert "huge" in told


def test_the_reason_of_an_expected_failure_may_raise(run: Run) -> None:
    source = r"""
@gated
@pytest.mark.parametrize("text", [refuse, lambda _: odd(str, encode=refuse)("\udc80")], ids=["mute", "surrogate"])
def test_a(request, text):
    request.node.add_marker(pytest.mark.xfail(reason=odd(object, __str__=text, __repr__=refuse)()))
    work()
    assert not "known"
"""
    run(ODD + source).assert_outcomes(xfailed=2)
