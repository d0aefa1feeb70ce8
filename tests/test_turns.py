"""Which sessions take turns with measurements on the host: none that measures nothing."""

from collections.abc import Iterator

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE, host_lock

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
