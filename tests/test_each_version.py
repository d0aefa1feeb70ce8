"""A test of each kind, with limits that any machine decides: ``nox -s versions`` runs it on each Python and pytest."""

import json

import pytest

SOURCE = """
import os, pytest
gated = pytest.mark.multicore(min_cores=0.001, threads=1)

@gated
def test_met(tmp_path): sum(i * i for i in range(20000))

@gated
@pytest.mark.parametrize("n", [1, 2])
def test_parameters(n): sum(range(20000 * n))

@gated
def test_fixture(multicore_threads): sum(range(20000))

@pytest.mark.xfail(raises=AssertionError)
@gated
def test_expected(): assert 0

@gated
def test_failed(): assert 1 == 2

@gated
def test_crash(): os._exit(3)

def test_run(multicore): multicore.run("work:loop")

def test_plain(): pass
"""


@pytest.mark.slow
@pytest.mark.other_plugins
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["", "xdist"])
def test_each_kind_of_test_has_its_outcome(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    pytester.makepyfile(test_it=SOURCE, work="def loop(): return sum(i * i for i in range(20000))\n")
    brief = ("--multicore-budget=4", "--multicore-json=report.json", "-p", "no:randomly")
    result = pytester.runpytest_subprocess(*brief, *options)
    result.assert_outcomes(passed=6, failed=2, xfailed=1)
    results = json.loads((pytester.path / "report.json").read_text())["results"]
    assert sorted((one["nodeid"].partition("::")[2], one["outcome"]) for one in results) == [
        ("test_fixture", "passed"),
        ("test_met", "passed"),
        ("test_parameters[1]", "passed"),
        ("test_parameters[2]", "passed"),
        ("test_run", "measured"),
    ]
