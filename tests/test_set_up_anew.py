"""A marked test whose first call took long is set up anew in its process: what its fixtures and reports see of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Told = Callable[..., tuple[dict[str, dict[str, Any]], pytest.RunResult]]

HEAD = """
import os, sys, warnings
from pathlib import Path
import pytest

bare = pytest.mark.multicore(threads=1, budget=1)
WARM = []

def loop(steps=20_000):
    return sum(number * number for number in range(steps))

def work():
    if not WARM:
        WARM.append(loop(1_000_000))
    return loop()

def note(what):
    with open(Path(__file__).with_name("diary"), "a") as diary:
        diary.write(what + " ")

def times(what):
    note(what)
    return (Path(__file__).with_name("diary")).read_text().split().count(what)
"""


@pytest.fixture
def told(pytester: pytest.Pytester) -> Told:
    """Run a module of tests; gives their results by name, and the session's."""

    def told(source: str, *options: str) -> tuple[dict[str, dict[str, Any]], pytest.RunResult]:
        pytester.makepyfile(test_it=HEAD + source)
        run = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json", *options)
        report = json.loads((pytester.path / "report.json").read_text())
        return {one["nodeid"].partition("::")[2]: one for one in report["results"]}, run

    return told


@pytest.mark.slow
def test_fixtures_of_every_scope_are_made_anew(told: Told, pytester: pytest.Pytester) -> None:
    source = """
def made(scope):
    @pytest.fixture(scope=scope, name="of_" + scope, autouse=True)
    def made():
        note("+" + scope)
        yield scope
        note("-" + scope)
    return made

of_session, of_module, of_class, of_function = made("session"), made("module"), made("class"), made("function")

@bare
class TestIt:
    def test_a(self, of_module, tmp_path, request):
        assert of_module == "module" and tmp_path.is_dir() and request.getfixturevalue("of_class") == "class"
        if not WARM:
            note("called")
        work()
"""
    results, run = told(source)
    run.assert_outcomes(passed=1)
    assert results["TestIt::test_a"]["first_calls"][0]["anew"]
    scopes = ["session", "module", "class", "function"]
    set_up, torn_down = ["+" + one for one in scopes], ["-" + one for one in reversed(scopes)]
    diary = (pytester.path / "diary").read_text().split()
    assert diary == [*set_up, "called", *torn_down, *set_up, *torn_down]


@pytest.mark.slow
def test_kinds_of_tests(told: Told) -> None:
    source = """
import unittest

@bare
class TestUnit(unittest.TestCase):
    def setUp(self): self.fresh = True
    def test_unit(self):
        work()

@bare
class TestPlain:
    seen = 0
    def test_plain(self):
        work()

@bare
@pytest.mark.parametrize("value", [3])
def test_parametrized(value, capsys, caplog, monkeypatch):
    print("printed")
    monkeypatch.setenv("X", "1")
    work()
    assert "printed" in capsys.readouterr().out

@bare
def test_by_default(default=3):
    work()
"""
    # Each runs in a process of its own, so that each has something to warm up.
    results, run = told(source)
    run.assert_outcomes(passed=4)
    for name, result in results.items():
        (calls,) = result["first_calls"]
        assert calls["anew"], name
        assert calls["anew"]["cpu_s"] < 0.5 * calls["first"]["cpu_s"], name
        assert result["warnings"] == [], name
        assert len(result["rounds"]) > 1, name


def test_its_reports_are_those_of_the_first_time(told: Told, pytester: pytest.Pytester) -> None:
    source = """
@pytest.fixture
def noisy(request):
    print("set up", times("+"))
    request.applymarker(pytest.mark.xfail(reason="known"))
    yield
    print("torn down", times("-"))

@bare
def test_a(noisy, record_property):
    record_property("colour", "blue")
    print("called", len(WARM))
    warnings.warn("beware")
    work()
"""
    _, run = told(source, "-rA", "--junitxml=junit.xml")
    run.assert_outcomes(xpassed=1, warnings=1)
    text = run.stdout.str()
    assert "set up 1" in text
    assert "called 0" in text
    for later in ("set up 2", "called 1", "torn down 1"):
        assert later not in text, later
    assert text.count("UserWarning: beware") == 1
    assert (pytester.path / "junit.xml").read_text().count('name="colour" value="blue"') == 1
    assert (pytester.path / "diary").read_text().split() == ["+", "-", "+", "-"]


@pytest.mark.parametrize(
    ("second", "told_of"),
    [
        ("raise OSError('no disk')", "set up anew in the same process, then its setup failed"),
        ("pytest.skip('no more')", "set up anew in the same process, then its setup skipped"),
        ("os._exit(3)", "set up anew in the same process, the isolated interpreter"),
    ],
    ids=["failure", "skip", "crash"],
)
def test_a_test_that_cannot_be_set_up_twice_is_undecided(told: Told, second: str, told_of: str) -> None:
    source = f"""
@pytest.fixture(scope="session")
def once():
    if times("+") > 1:
        {second}

@pytest.mark.multicore(max_cores=1.5)
def test_a(once): work()

def test_b(): pass
"""
    results, run = told(source, "-rs")
    run.assert_outcomes(skipped=1, passed=1)
    assert f"whether that is a warm-up is not to be told: {told_of}" in results["test_a"]["reason"]
    (calls,) = results["test_a"]["first_calls"]
    assert (calls["anew"], bool(calls["failed"])) == (None, True)


def test_a_call_that_does_not_pass_again_is_undecided(told: Told) -> None:
    source = """
@pytest.fixture
def number(): return times("+")

@pytest.mark.multicore(max_cores=1.5)
def test_a(number):
    assert number == 1
    work()
"""
    results, run = told(source)
    run.assert_outcomes(skipped=1)
    assert "set up anew in the same process, then its call failed" in results["test_a"]["reason"]


def test_a_teardown_that_fails_in_between_is_an_error(told: Told) -> None:
    source = """
@pytest.fixture
def once():
    yield
    if times("-") == 1:
        raise OSError("no disk")

@bare
def test_a(once): work()
"""
    results, run = told(source)
    run.assert_outcomes(passed=1, errors=1)
    run.stdout.fnmatch_lines(["*ERROR at teardown of test_a*", "E *OSError: no disk"])
    assert results["test_a"]["first_calls"][0]["anew"]


def test_pytest_exit_ends_the_session_as_ever(told: Told, pytester: pytest.Pytester) -> None:
    source = """
@pytest.fixture
def once():
    if times("+") == 2:
        pytest.exit("enough", 7)

@bare
def test_a(once): work()

def test_b(): pass
"""
    pytester.makepyfile(test_it=HEAD + source)
    run = pytester.runpytest_subprocess("-p", "no:randomly")
    assert run.ret == 7
    run.stdout.fnmatch_lines(["*Exit: enough*"])
