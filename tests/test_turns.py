"""Which sessions take turns with measurements on the host: none that measures nothing."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE, host_lock
from pytest_multicore.pytest_side.waits import MIN_TOLD_WAIT_S, Waits

TESTS = """
import pytest

{mark}
@pytest.mark.multicore(min_cores=0.5)
def test_marked():
    sum(range(300000))

def test_plain():
    pass
"""


@pytest.fixture
def measured_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody else holds the machine alone: not an ancestor of the sessions that the test starts."""
    with host_lock().exclusive(lambda _: None):
        monkeypatch.delenv(HOLDER_VARIABLE, raising=False)
        yield


@pytest.mark.usefixtures("measured_elsewhere")
@pytest.mark.parametrize(
    ("mark", "options", "outcomes"),
    [
        ("", ["--multicore-off"], {"passed": 2}),
        ("", ["--setup-only"], {}),
        ("@pytest.mark.skip", [], {"passed": 1, "skipped": 1}),
        ("@pytest.mark.skipif(True, reason='not here')", [], {"passed": 1, "skipped": 1}),
    ],
)
def test_a_session_that_measures_nothing_waits_for_no_measurement(
    pytester: pytest.Pytester, mark: str, options: list[str], outcomes: dict[str, int]
) -> None:
    pytester.makepyfile(TESTS.format(mark=mark))
    result = pytester.runpytest_subprocess(*options, timeout=60)
    result.assert_outcomes(**outcomes)
    result.stdout.no_fnmatch_line("*waiting for another pytest*")


@pytest.mark.usefixtures("measured_elsewhere")
@pytest.mark.parametrize("mark", ["", "@pytest.mark.skipif('1 > 2', reason='nowhere')"])
def test_one_that_may_measure_waits(pytester: pytest.Pytester, mark: str) -> None:
    pytester.makepyfile(TESTS.format(mark=mark))
    with pytest.raises(pytest.Pytester.TimeoutExpired):
        pytester.runpytest_subprocess(timeout=5)


@pytest.mark.usefixtures("measured_elsewhere")
def test_a_wait_has_a_limit_after_which_the_verdict_is_left_open(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS.format(mark=""))
    result = pytester.runpytest_subprocess("--multicore-wait=0.5", "-rs", timeout=120)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*inconclusive: test_marked: not measured: another pytest (process *) did not*"])
    result.stdout.fnmatch_lines(["*within 0.5 s; end it, or raise --multicore-wait. This test runs all the same*"])


def test_the_longest_wait_is_told_in_the_end(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # A condition in words is looked at when the test runs: until then it may measure, and it takes turns.
    tests = TESTS.format(mark="@pytest.mark.skipif('1 < 2', reason='not here')")
    pytester.makepyfile(tests.partition("def test_plain")[0])  # it would wait for what another session measures then
    with host_lock().exclusive(lambda _: None):
        monkeypatch.delenv(HOLDER_VARIABLE, raising=False)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
        session = pytester.popen(command, stdout=subprocess.PIPE, text=True)
        assert session.stdout is not None
        said = iter(session.stdout.readline, "")
        assert any("waiting for another pytest" in line for line in said)
        time.sleep(MIN_TOLD_WAIT_S + 0.1)
    told = "".join(said)
    session.wait(60)
    line = (
        r"^multicore: waited \d+ s in all for other sessions of pytest on this machine, \d+ times?; at most \d+ s for "
    )
    assert re.search(
        line + r"one turn, of test_the_longest_wait_is_told_in_the_end.py::test_marked$", told, re.MULTILINE
    ), told


def test_short_waits_are_not_told_and_long_ones_add_up() -> None:
    waits = Waits()
    waits.add("test_a", [MIN_TOLD_WAIT_S - 1])
    assert waits.in_words() == ""
    waits.add("test_b", [1.0, 20.0])
    waits.add("test_c", [10.0])
    assert waits.in_words() == (
        "waited 35 s in all for other sessions of pytest on this machine, 4 times; at most 20 s for one turn, of test_b"
    )


def test_many_short_waits_are_told() -> None:
    waits = Waits()
    for number in range(50):
        waits.add(f"test_{number}", [0.5])
    assert waits.in_words().startswith("waited 25 s in all for other sessions of pytest on this machine, 50 times; ")
