"""A marked test with a new interpreter for each round: what goes wrong in a later one is told as well."""

import pytest

from pytest_multicore.interpreters.process import CLOSE_TIMEOUT_S
from tests.fixture_types import Run, Undecided

FRESH = """
import os, warnings
from pathlib import Path
TRIES = Path(__file__).with_name("tries")

def tries():
    with open(TRIES, "a") as file:
        file.write("x")
    return TRIES.stat().st_size

fresh = pytest.mark.multicore(min_cores=0.5, threads=1, fresh=True)
"""


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (
            "raise OSError('no disk')",
            ["*set up once and not again*failed there*", "*def sometimes*", "E *OSError: no disk"],
        ),
        ("pytest.skip('no more')", ["*set up once and not again*skipped there: no more*"]),
    ],
    ids=["failure", "skip"],
)
def test_a_set_up_that_does_not_succeed_again(run: Run, second: str, told: list[str]) -> None:
    source = f"""
@pytest.fixture
def sometimes():
    if tries() > 1:
        {second}

@fresh
def test_a(sometimes): work()
"""
    result = run(FRESH + source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(told)
    result.stdout.no_fnmatch_line("*out of turn*")
    result.stdout.no_fnmatch_line("*use fresh=True*")


def test_a_later_failure_is_shown_as_pytest_shows_it(run: Run) -> None:
    result = run(FRESH + "@fresh\ndef test_a():\n    work()\n    assert tries() < 2\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the test passed once and not again*failed there*", ">*assert tries() < 2", "E *"])


@pytest.mark.slow
def test_a_later_teardown_that_fails_is_an_error_and_its_warnings_are_told(run: Run) -> None:
    source = """
@pytest.fixture
def late():
    yield
    n = tries()
    warnings.warn("beware" if n < 3 else "of the third" if n == 3 else "of later ones")
    if n == 2:
        raise OSError("no disk")

@fresh
def test_a(late): work()
"""
    result = run(FRESH + source)
    result.assert_outcomes(passed=1, errors=1, warnings=3)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_a*", ">*raise OSError(*", "E *OSError: no disk"])
    for warning in ("beware", "of the third", "of later ones"):
        assert result.stdout.str().count(f"UserWarning: {warning}") == 1


@pytest.mark.slow
def test_the_last_interpreter_has_the_time_that_its_teardown_needs(run: Run, pytester: pytest.Pytester) -> None:
    """More than what a closed one has left: only this process knows which round was the last."""
    conftest = """
        import os
        from pathlib import Path

        def pytest_runtest_teardown(item):
            if "PYTEST_MULTICORE_INTERPRETER" not in os.environ:
                Path(__file__).with_name("last").touch()
    """
    source = f"""
import time

@pytest.fixture
def slow():
    yield
    if TRIES.with_name("last").exists():
        time.sleep({CLOSE_TIMEOUT_S} + 1)
        tries()

@fresh
def test_a(slow): work()
"""
    run(FRESH + source, conftest=conftest).assert_outcomes(passed=1)
    assert (pytester.path / "tries").read_text() == "x"


@pytest.mark.slow
def test_a_thread_that_ends_within_a_short_round_is_not_overlooked(run: Run, undecided: Undecided) -> None:
    """It takes less CPU time than the clocks differ by: a pool of one call, in an interpreter that makes one call."""
    source = """
import threading
@pytest.mark.multicore(max_threads=1, fresh=True, budget=10)
def test_a():
    sum(number * number for number in range(20_000))
    helper = threading.Thread(target=sum, args=(range(10_000),))
    helper.start()
    helper.join()
"""
    result = run(FRESH + source, "-rs")
    result.assert_outcomes(skipped=1)
    if "max_threads=1 lies within" not in result.stdout.str():
        undecided("too few rows to say more than that")
    result.stdout.fnmatch_lines(["*in * of the rows a thread or process was started or ended*"])


def test_rounds_keep_one_folder_for_temporary_files(run: Run, pytester: pytest.Pytester) -> None:
    """Each round's interpreter had one of its own, and a hundred of them filled the disk."""
    source = "@fresh\ndef test_a(tmp_path):\n    (tmp_path / 'large').write_text('x')\n    tries()\n    work()\n"
    run(FRESH + source, "--basetemp=temporary").assert_outcomes(passed=1)
    assert (pytester.path / "tries").stat().st_size > 5
    kept = [*(pytester.path / "temporary").glob("**/large")]
    assert len(kept) == 1
