"""Failures that a marked test is to have, as a fixture or its body says in the child: judged as in a plain test."""

import json

import psutil
import pytest

from tests.fixture_types import Run, Undecided

needs_two_cores = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="min_cores=1.5 is out of reach on one core: inconclusive at once"
)


def marked(mark: str, limits: str = "gated") -> str:
    """A test that passes, but for its limits, and is marked by a fixture."""
    return (
        "from pytest_multicore import LimitMissed\n"
        f"@pytest.fixture\ndef expected(request):\n    class Odd(Exception): pass\n    request.applymarker({mark})\n"
        f"@{limits}\ndef test_a(expected): work()\n"
    )


@pytest.mark.parametrize(
    ("mark", "outcomes"),
    [
        ("pytest.mark.xfail(reason='known')", {"xpassed": 1}),
        ("pytest.mark.xfail(strict=True)", {"failed": 1}),
        ("pytest.mark.xfail('1 > 2', reason='never')", {"passed": 1}),
        ("pytest.mark.xfail(condition=1 < 2, reason='always')", {"xpassed": 1}),
        ("pytest.mark.xfail(run=False)", {"xfailed": 1}),
    ],
)
def test_a_mark_that_a_fixture_adds(run: Run, mark: str, outcomes: dict[str, int]) -> None:
    run(marked(mark)).assert_outcomes(**outcomes)


def test_a_mark_that_the_body_adds(run: Run) -> None:
    source = (
        "@gated\ndef test_a(request):\n    request.node.add_marker(pytest.mark.xfail(reason='known'))\n    work()\n"
    )
    run(source).assert_outcomes(xpassed=1)


@needs_two_cores
@pytest.mark.parametrize(
    ("raises", "outcomes"),
    [
        ("LimitMissed", {"xfailed": 1}),
        ("(KeyError, LimitMissed)", {"xfailed": 1}),
        ("KeyError", {"failed": 1}),
        ("Odd", {"failed": 1}),
    ],
)
@pytest.mark.slow
def test_a_missed_limit_is_expected_by_its_class(
    run: Run, raises: str, outcomes: dict[str, int], undecided: Undecided
) -> None:
    """One that this process cannot know is not taken for any."""
    result = run(marked(f"pytest.mark.xfail(raises={raises}, strict=True)", "missed"))
    if "inconclusive" in result.stdout.str():
        undecided("others use this machine")
    result.assert_outcomes(**outcomes)


@needs_two_cores
@pytest.mark.explained
def test_a_miss_that_is_expected_so_is_not_explained(run: Run, pytester: pytest.Pytester, undecided: Undecided) -> None:
    result = run(marked("pytest.mark.xfail(raises=LimitMissed)", "missed"), "--multicore-json=report.json")
    if "inconclusive" in result.stdout.str():
        undecided("others use this machine")
    result.assert_outcomes(xfailed=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["causes"] == []
