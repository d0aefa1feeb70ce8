"""Later calls that are none of the test's work are not judged; those after a warm-up are, from a user's side."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.fixture_types import Undecided

Told = Callable[..., tuple[dict[str, dict[str, Any]], pytest.RunResult]]

#: A serial test of ours: at max_cores=1.5 it would pass.
HEAD = """
import functools, hashlib
from concurrent.futures import ThreadPoolExecutor
import pytest

limited = pytest.mark.multicore(max_cores=1.5)
bare = pytest.mark.multicore
POOL = ThreadPoolExecutor(2)

def loop(steps=20_000):
    return sum(number * number for number in range(steps))

def on_two_cores(block=bytes(200_000_000)):  # for long: at first a scheduler may leave both on one core
    list(POOL.map(lambda _: hashlib.sha256(block).digest(), range(2)))
"""

USED_UP = """
@pytest.fixture
def blocks(): return iter(range(10))

@pytest.fixture(scope="session")
def lines(): yield (number for number in range(10))

@pytest.fixture
def stack(): return list(range(20))

@functools.lru_cache
def cached(steps): return loop(steps)

@MARK
def test_iterator(blocks):
    for _ in blocks: loop(100_000)

@MARK
def test_iterator_and_more(blocks):
    for _ in blocks: loop(100_000)
    loop()

@MARK
def test_generator_of_a_session(lines):
    for _ in lines: loop(100_000)
    loop()

@MARK
def test_cache():
    assert cached(1_000_000) > 0
"""
NAMES = ["test_iterator", "test_iterator_and_more", "test_generator_of_a_session", "test_cache"]


@pytest.fixture
def told(pytester: pytest.Pytester) -> Told:
    """Run a module of tests; gives their results by name, and the session's."""

    def told(source: str, *options: str, **files: str) -> tuple[dict[str, dict[str, Any]], pytest.RunResult]:
        pytester.makepyfile(test_it=HEAD + source, **files)
        run = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json", *options)
        report = json.loads((pytester.path / "report.json").read_text())
        jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
        return {one["nodeid"].partition("::")[2]: one for one in report["results"]}, run

    return told


def test_they_decide_no_limit(told: Told, pytester: pytest.Pytester) -> None:
    results, run = told(USED_UP.replace("MARK", "limited"), "-rs")
    run.assert_outcomes(skipped=len(NAMES))
    assert list(results) == NAMES
    for name, result in results.items():
        assert result["outcome"] == result["verdicts"][0]["outcome"] == "inconclusive", name
        assert result["reason"].startswith("not repeatable: the first call took "), name
        assert result["reason"].endswith(": use fresh=True (a new interpreter for every round), or let each call start from the same state")  # fmt: skip # noqa: E501
        assert result["rounds"][-1]["began_s"] < 10, "the budget is 60 s"
    assert "fixture lines: an iterator" in results["test_generator_of_a_session"]["reason"]
    assert "fixture blocks: an iterator" in results["test_iterator_and_more"]["reason"]
    assert "(a cache, a used-up iterator?)" in results["test_cache"]["reason"]
    judged = pytester.run(sys.executable, "-m", "pytest_multicore", "judge", "report.json")
    assert judged.ret == 0
    assert judged.stdout.str().count(": inconclusive") == len(NAMES)


def test_without_limits_they_are_warned_of(told: Told) -> None:
    results, run = told(USED_UP.replace("MARK", "bare"), "--multicore-strict")
    run.assert_outcomes(passed=len(NAMES))
    for name, result in results.items():
        assert (result["outcome"], result["reason"]) == ("measured", ""), name
        (warning,) = result["warnings"]
        assert warning.startswith("not repeatable: "), name
        assert f"warning: {name}: {warning}" in run.stdout.str()
        assert not [note for note in result["notes"] if "no bounds" in note]


def test_strict_fails_what_they_leave_open(told: Told) -> None:
    _, run = told("@limited\ndef test_a(cached=functools.lru_cache(loop)): cached(1_000_000)\n", "--multicore-strict")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["*inconclusive, which --multicore-strict fails*", "*why *not repeatable: *"])


@pytest.mark.parametrize("scope", ["function", "session"])
def test_what_is_used_up_on_more_cores_needs_no_iterator(told: Told, scope: str, undecided: Undecided) -> None:
    source = f"""
@pytest.fixture(scope="{scope}")
def stack(): return list(range(3))

@bare
def test_a(stack):
    while stack:
        stack.pop()
        on_two_cores()
    loop()
"""
    results, run = told(source, "--multicore-budget=10")
    run.assert_outcomes(passed=1)
    (calls, *_) = results["test_a"]["first_calls"]
    if calls["anew"]["cpu_s"] < 1.5 * calls["anew"]["wall_s"]:
        undecided("two cores were not to be had")
    assert "is used up (an iterator, a cache?)" in results["test_a"]["warnings"][0]


WARMED_UP = """
TABLE, POOLS = [], []

def table():
    if not TABLE:
        TABLE.extend(loop(100) for _ in range(10_000))
    return TABLE

@bare
def test_import():
    import slow_to_import
    loop()

@bare
def test_table():
    assert sum(table()) > 0
    loop()

@bare
def test_pool():
    if not POOLS:
        POOLS.append(ThreadPoolExecutor(2))
        loop(1_000_000)
    list(POOLS[0].map(loop, [20_000] * 2))

class Model:
    ready = False
    def fit(self):
        if not self.ready:
            loop(1_000_000)
            self.ready = True
        loop()

@pytest.fixture
def model(): return Model()

@bare
def test_model(model):
    model.fit()
"""


@pytest.mark.slow
def test_a_warm_up_is_told_apart(told: Told) -> None:
    """Its calls are judged as ever: a bare mark says so without a warning."""
    results, run = told(
        WARMED_UP, "--multicore-budget=2", slow_to_import="sum(number * number for number in range(1_000_000))"
    )
    run.assert_outcomes(passed=4)
    for name, result in results.items():
        assert (result["outcome"], result["warnings"]) == ("measured", []), name
        assert len(result["rounds"]) > 2, name
        tried = [one for one in result["first_calls"] if one["anew"]]
        assert len(tried) == 1, name
        assert (tried[0]["failed"], tried[0]["iterators"]) == ("", []), name
        slow_again = tried[0]["anew"]["cpu_s"] > 0.5 * tried[0]["first"]["cpu_s"]
        assert slow_again is (name == "test_model"), name
        told_of = [note for note in result["notes"] if "after each set-up the first call takes" in note]
        assert len(told_of) == slow_again, name


@pytest.mark.slow
def test_nothing_is_tried_where_the_first_call_was_like_the_others(told: Told) -> None:
    """Long ones: what a host does in a first call of 6 ms made it look unlike the others."""
    source = """
numpy = pytest.importorskip("numpy")

@bare
def test_loop(): loop(2_000_000)

@bare
def test_blas(a=numpy.ones((400, 400))): a @ a

@pytest.fixture
def product(): return numpy.ones((600, 600)) @ numpy.ones((600, 600))

@bare
def test_loop_after_the_blas_of_a_fixture(product): loop(400_000)
"""
    results, run = told(source, "--multicore-budget=5", "--multicore-threads=2")
    run.assert_outcomes(passed=3)
    for name, result in results.items():
        assert result["warnings"] == [], name
        untried: list[Mapping[str, Any]] = [one for one in result["first_calls"] if one["anew"] is None]
        assert len(untried) == 2 or name != "test_loop", "a BLAS may start, or spin, for a while"


def test_each_first_call_counts_where_each_is_in_a_new_interpreter(told: Told) -> None:
    source = USED_UP.partition("@MARK")[0] + (
        "@pytest.mark.multicore(fresh=True, budget=2)\ndef test_a(blocks):\n    for _ in blocks: loop(100_000)\n"
    )
    results, run = told(source)
    run.assert_outcomes(passed=1)
    assert results["test_a"]["first_calls"] == [None, None]
    assert results["test_a"]["warnings"] == []
    assert results["test_a"]["wall_s"]["estimate"] > 0.005
