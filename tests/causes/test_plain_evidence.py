"""Where no cause is found the report says what a maintainer can go by: the pool, the line, and what was asked for."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from typing import Any

import pytest

from tests.fixture_types import Undecided

from .conftest import PROGRAMS

pytestmark = [
    pytest.mark.explained,
    pytest.mark.exhaustive,
    pytest.mark.usefixtures("two_cores", "no_thread_variables"),
]

TEST = """
import pytest

@pytest.mark.multicore({marker}, budget=30)
def test_it(multicore):
    multicore.run({workload!r})
"""


def skip_without(package: str) -> None:
    """Skip a test whose program needs a package; NumPy cannot be imported here, and again by the next test."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


def ran(pytester: pytest.Pytester, undecided: Undecided, marker: str, workload: str) -> tuple[Any, pytest.RunResult]:
    """The decided result of a test with this marker and program, and its session."""
    pytester.makepyfile(TEST.format(marker=marker, workload=f"{PROGRAMS}/{workload}"))
    session = pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json")
    (result,) = json.loads((pytester.path / "report.json").read_text())["results"]
    if result["outcome"] == "inconclusive":
        undecided(result["reason"])
    return result, session


@pytest.mark.parametrize(
    "program",
    [
        "numpy_product.py:product",
        pytest.param("one_job.py:suffers", id="joblib#1764: inner threads are not limited with one job"),
    ],
)
def test_a_pool_over_a_maximum_is_named_with_the_line_that_calls_it(
    program: str, pytester: pytest.Pytester, undecided: Undecided
) -> None:
    if program.startswith("one_job"):
        skip_without("joblib")
    result, session = ran(pytester, undecided, "max_cores=1.3, threads=2", program)
    assert result["outcome"] == "failed"
    session.stdout.re_match_lines(
        [rf".*why +no cause was found; seen: .*most at {program.partition('.')[0]}\.py:\d+ \(.*@.*openblas 2"]
    )


def test_what_is_slow_by_its_runtime_and_by_no_thread_has_no_proven_cause(
    pytester: pytest.Pytester, undecided: Undecided
) -> None:
    """jax#26145: many small kernels, which JAX's CPU runtime takes longer to start since 0.4.32. No cores were lost."""
    skip_without("jax")
    result, session = ran(pytester, undecided, "min_speedup=1.3, threads=2", "scanned_steps.py:suffers")
    assert result["outcome"] == "failed", result
    assert [one["key"] for one in result["causes"] if one["proven"]] == []
    session.stdout.re_match_lines([r".*(suspect|why) .*(jaxlib|XLA|scanned_steps\.py)"])


def test_a_kernel_that_is_worth_threads_has_no_cause_in_the_same_runtime(
    pytester: pytest.Pytester, undecided: Undecided
) -> None:
    skip_without("jax")
    result, _ = ran(pytester, undecided, "min_speedup=1.3, threads=2", "scanned_steps.py:healthy")
    assert (result["outcome"], result["causes"]) == ("passed", [])


def test_the_same_held_to_one_thread_in_this_process_meets_it(pytester: pytest.Pytester, undecided: Undecided) -> None:
    pytest.importorskip("joblib")
    result, _ = ran(pytester, undecided, "max_cores=1.3, threads=2", "one_job.py:healthy")
    assert (result["outcome"], result["causes"]) == ("passed", [])


@pytest.mark.skipif((os.cpu_count() or 1) >= 16, reason="there are as many as the threads that are asked for")
def test_threads_that_the_pool_does_not_have_are_told(pytester: pytest.Pytester) -> None:
    """16 threads asked for on two cores: OpenBLAS takes one for each CPU, and the comparison is of 2 against 2."""
    workload = f"{PROGRAMS}/numpy_product.py:product"
    pytester.makepyfile(TEST.format(marker="min_speedup=0.8, threads=16, baseline=2", workload=workload))
    pytester.runpytest_subprocess("-p", "no:randomly", "--multicore-json=report.json")
    (result,) = json.loads((pytester.path / "report.json").read_text())["results"]

    assert result["causes"] == []
    cpus = len(os.sched_getaffinity(0))
    assert f"16 threads were asked for, and the pool of openblas has {cpus}" in result["notes"], result["notes"]
