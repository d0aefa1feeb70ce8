"""Functions whose result is kept: measured through a fixture, or handed to pytest-benchmark's."""

import json
import re

import pytest

from pytest_multicore.verdicts.repeatable import FRESH_ADVICE, SAME_STATE_ADVICE

WORK = """
import functools

def loop(steps):
    return sum(number * number for number in range(steps))

@functools.lru_cache
def cached(steps=1_000_000):
    return loop(steps)

def set_up(steps=1_000_000):
    blocks = iter([steps])

    def region():
        for steps in blocks:
            loop(steps)

    return region

def warming_up(steps=20_000):
    if not hasattr(loop, "warm"):
        loop.warm = loop(1_000_000)
    return loop(steps)
"""


@pytest.mark.parametrize(
    ("fixtures", "body", "remedy"),
    [
        ("multicore", "multicore.run('work:cached')", SAME_STATE_ADVICE),
        ("multicore", "multicore.run('work:set_up')", SAME_STATE_ADVICE),
        ("isolated_interpreter", "isolated_interpreter().call('work:cached', steps=1_000_000)", SAME_STATE_ADVICE),
        pytest.param(
            *("benchmark", "benchmark(work.cached, 1_000_000)", FRESH_ADVICE), marks=pytest.mark.other_plugins
        ),
    ],
    ids=["function", "set-up", "call", "benchmark"],
)
def test_it_decides_no_limit(pytester: pytest.Pytester, fixtures: str, body: str, remedy: str) -> None:
    if fixtures == "benchmark":
        pytest.importorskip("pytest_benchmark", reason="pytest-benchmark (extra `benchmark`) is not installed")
    marked = "@pytest.mark.multicore(max_cores=1.5)"
    pytester.makepyfile(work=WORK, test_it=f"import pytest, work\n{marked}\ndef test_a({fixtures}): {body}\n")
    run = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json")
    run.assert_outcomes(skipped=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["reason"].startswith("not repeatable: the first call took ")
    crowded = r"( \(a bound: other load disturbed every round\))?"
    assert re.search(rf"s{crowded} \(a cache, a used-up iterator\?\): {re.escape(remedy)}$", told["reason"])


def test_one_that_only_warms_up_is_measured(pytester: pytest.Pytester) -> None:
    test = "def test_a(multicore): multicore.run('work:warming_up')\n"
    pytester.makepyfile(work=WORK, test_it=test)
    run = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json", "--multicore-budget=2")
    run.assert_outcomes(passed=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert (told["outcome"], told["warnings"]) == ("measured", [])
    assert told["first_calls"][0]["first"]["wall_s"] > 5 * told["wall_s"]["estimate"]
    assert told["first_calls"][0]["anew"] is None
