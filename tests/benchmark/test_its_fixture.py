"""pytest-benchmark's own fixture in marked tests: what is measured, and what is told."""

import pytest

from tests.fixture_types import Benchmarks, Decided, Run


@pytest.mark.slow
def test_pedantic_keeps_setup_and_teardown_out_of_the_time(
    bench: Run, decided: Decided, benchmarks: Benchmarks
) -> None:
    source = """
@compared
def test_a(benchmark):
    log = []
    def setup():
        time.sleep(0.05)
        log.append("setup")
        return (20000,), {"m": 1}
    def function(n, m):
        log.append("call")
        return work(n) + m
    def teardown(n, m):
        time.sleep(0.05)
        log.append("teardown")
    assert benchmark.pedantic(function, setup=setup, teardown=teardown, rounds=3, warmup_rounds=2) == work(20000) + 1
    assert log == ["setup", "call", "teardown"] * (len(log) // 3)
    assert len(log) // 3 >= 2 + 1 + 8 + 1
"""
    decided(bench(source, "--benchmark-json=b.json")).assert_outcomes(passed=1)
    for one in benchmarks().values():
        assert one["stats"]["max"] < 0.05
        assert one["stats"]["iterations"] == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("benchmark(work); benchmark(work)", "*FixtureAlreadyUsed: Fixture can only be used once*benchmark(...) mode*"),
        ("benchmark.pedantic(work, rounds=0)", "*ValueError: Must have positive int for `rounds`*"),
        ("benchmark.pedantic(work, setup=lambda: None, iterations=2)", "*ValueError: Can't use more than 1*"),
        ("benchmark.pedantic(work, (1,), setup=lambda: ((1,), {}))", "*TypeError: Can't use `args` or `kwargs`*"),
        ("benchmark(lambda: 1 / 0)", "*ZeroDivisionError*"),
        ("n = []; benchmark(lambda: n.append(work()) or 1 / (len(n) < 9))", "*not repeatable*ZeroDivisionError*"),
        ("n = []; benchmark.pedantic(work, setup=lambda: n.append(1) or n[len(n) // 9:].pop(-3))", "*IndexError*"),
        (
            "benchmark.pedantic(lambda: 1, setup=lambda: None)",
            "*each round is one call of the function*at least 100 us*",
        ),
        ("benchmark(work); assert 'its own' == 'failure'", "*AssertionError: assert 'its own' == 'failure'"),
        ("benchmark(work); import sys; sys.exit(3)", "*SystemExit: 3*"),
        ("benchmark(work); import os; os._exit(3)", "*ended by itself with exit status 3*"),
    ],
)
def test_what_goes_wrong_is_told(bench: Run, body: str, expected: str) -> None:
    result = bench(f"@gated\ndef test_a(benchmark):\n    {body}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([expected])
    result.stdout.no_fnmatch_line("*agent/runner.py*")


@pytest.mark.slow
def test_its_own_failure_comes_before_the_verdict(bench: Run, decided: Decided, benchmarks: Benchmarks) -> None:
    source = """
@pytest.mark.multicore(max_cores=0.5, threads=1)
@pytest.mark.parametrize("expected", [0, 1])
def test_a(benchmark, expected):
    assert (benchmark(work) > 0) == expected
"""
    result = decided(bench(source, "--benchmark-json=b.json"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *assert (* > 0) == 0", "test_a[[]1[]]*max_cores missed", "*limit *max_cores=0.5*"])
    assert [one["extra_info"]["outcome"] for one in benchmarks().values()] == ["failed", "failed"]


@pytest.mark.slow
def test_kinds_of_tests(bench: Run, decided: Decided, benchmarks: Benchmarks) -> None:
    source = """
import unittest

@gated
class TestUnit(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def given(self, benchmark): self.benchmark = benchmark
    def test_u(self): self.assertEqual(self.benchmark(work), work())

@gated
@pytest.mark.asyncio
async def test_async(benchmark): assert benchmark(work) == work()

@gated
def test_on_demand(request): assert request.getfixturevalue("benchmark")(work) == work()

@gated
@pytest.mark.benchmark(group="of the marker")
def test_decorated(benchmark):
    @benchmark
    def value(): return work()
    assert value == work()

@pytest.mark.multicore(min_cores=0.5, threads=1, fresh=True)
def test_fresh(benchmark):
    time.sleep(0.3)
    assert benchmark(work, 200000) and benchmark.stats["rounds"] == 1

@gated
@pytest.mark.xfail(strict=True)
def test_xfail(benchmark): assert benchmark(work) < 0

@gated
def test_skip(benchmark):
    benchmark(work)
    pytest.skip("enough")
"""
    pytest.importorskip("pytest_asyncio")
    decided(bench(source, "--benchmark-json=b.json")).assert_outcomes(passed=5, xfailed=1, skipped=1)
    found = benchmarks()
    assert len(found) == 7
    assert found["test_it.py::test_decorated[1 thread]"]["group"] == "of the marker"
    assert all(one["stats"]["max"] < 0.3 for one in found.values())


def test_weave(bench: Run, decided: Decided) -> None:
    pytest.importorskip("aspectlib")
    source = """
class Thing:
    def method(self, n): return work(n)

@gated
def test_a(benchmark_weave):
    benchmark_weave(Thing.method)
    assert Thing().method(20000) == work(20000)
"""
    decided(bench(source)).assert_outcomes(passed=1)


def test_a_fixture_that_is_not_used_measures_the_whole_call(
    bench: Run, decided: Decided, benchmarks: Benchmarks
) -> None:
    source = """
@gated
def test_a(benchmark): work()

@gated
def test_raises(benchmark):
    with pytest.raises(ZeroDivisionError): benchmark(lambda: work() / 0)
"""
    result = decided(bench(source, "--benchmark-json=b.json", "-W", "error:Benchmark fixture"))
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["*Benchmark fixture was not used at all in this test! *whole call was measured.*"])
    assert len(benchmarks()) == 2
