"""pytest-benchmark beside this plugin: measurements as its benchmarks, and its fixture in marked tests."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pytest_multicore
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import prepare
from pytest_multicore.errors import EnvironmentError_

pytest.importorskip("pytest_benchmark", reason="pytest-benchmark (extra `benchmark`) is not installed")

HEAD = """
import contextlib, os, time
from pathlib import Path
import pytest

gated = pytest.mark.multicore(max_cores=1.5, threads=1)
compared = pytest.mark.multicore(max_speedup=1.6, threads=2)

def work(n=int(os.environ.get("SIZE", 20000))):
    return sum(i * i for i in range(n))

def note(what):
    with open(Path(__file__).with_name("diary"), "a") as diary:
        diary.write(what + " ")
"""
TWO_SIDES = "@compared\ndef test_a():\n    work()\n"
THROUGH_ITS_CALL = "@gated\ndef test_a(benchmark):\n    assert benchmark(work) == work()\n"

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def bench(pytester: pytest.Pytester) -> Run:
    """Run one test module with the pytest-benchmark that is installed."""

    def bench(source: str, *options: str, **files: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + source, **files)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return bench


@pytest.fixture(params=["installed", "4.0.0"])
def both(request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch, bench: Run) -> Run:  # type: ignore[no-untyped-def]
    """Run one test module, with each version."""
    if request.param == "installed":
        return bench
    pins = (f"pytest-benchmark=={request.param}", "pytest==8.4.2")  # with later ones its own fixture breaks
    needs = ("psutil", "numpy", "filelock", "platformdirs")
    try:
        python = prepare(Environment("benchmark-4", python=(sys.executable,), requires=(*pins, *needs))).python
    except EnvironmentError_ as error:
        pytest.skip(f"pytest-benchmark {request.param} cannot be had: {error}")
    # The package alone: the metadata beside it would register the plugin a second time.
    alone = pytester.mkdir("alone")
    (alone / "pytest_multicore").symlink_to(Path(pytest_multicore.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", str(alone))

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=HEAD + source)
        return pytester.run(str(python), "-m", "pytest", "-p", "pytest_multicore.plugin", *options)

    return run


@pytest.fixture
def benchmarks(pytester: pytest.Pytester) -> Callable[[], dict[str, dict]]:
    """What ``--benchmark-json=b.json`` wrote, by full name."""

    def benchmarks() -> dict[str, dict]:
        found = json.loads((pytester.path / "b.json").read_text())["benchmarks"]
        by_name = {one["fullname"]: one for one in found}
        assert len(by_name) == len(found), "a full name came twice"
        return by_name

    return benchmarks


def nothing_in(file: Path) -> bool:
    """Whether no benchmarks were written; version 4 opens the file when it reads the command line."""
    return not file.exists() or file.read_text() == ""


def test_both_sides_are_benchmarks(both: Run, benchmarks, pytester: pytest.Pytester) -> None:  # type: ignore[no-untyped-def]
    result = both(TWO_SIDES, "--benchmark-json=b.json", "--multicore-json=m.json")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*benchmark 'test_it.py::test_a': 2 tests*"])
    (told,) = json.loads((pytester.path / "m.json").read_text())["results"]
    found = benchmarks()
    assert set(found) == {"test_it.py::test_a[2 threads]", "test_it.py::test_a[1 thread]"}
    for threads, one in zip((2, 1), found.values(), strict=True):
        counted = [taken for taken in told["rounds"] if taken["counted"] and taken["threads"] == threads]
        assert one["stats"]["data"] == [taken["wall_s"] / taken["repeat"] for taken in counted]
        assert one["stats"]["iterations"] == counted[0]["repeat"]
        info = one["extra_info"]
        assert info["threads"] == threads
        assert (info["environment"], info["outcome"]) == ("current", "passed")
        assert info["disturbed_rounds"] == told["rounds"][-1]["row"] + 1 - len(counted)
    contender, baseline = (one["extra_info"] for one in found.values())
    for name in ("cores", "demand", "blas", "baseline", "speedup", "efficiency", "useful_cores"):
        assert contender[name] == told[name], name
    assert baseline["cores"] == told["baseline_cores"]
    assert "speedup" not in baseline


def test_saved_runs_are_compared(both: Run, pytester: pytest.Pytester, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    both(TWO_SIDES, "--benchmark-save=before").assert_outcomes(passed=1)
    compare = ("--benchmark-compare", "--benchmark-compare-fail=min:99%")
    same = both(TWO_SIDES, *compare)
    assert same.ret == 0
    same.stdout.re_match_lines_random([r"test_a\[2 threads\] \(0001_before\)", r"test_a\[1 thread\] \(NOW\)"])
    monkeypatch.setenv("SIZE", "200000")
    slower = both(TWO_SIDES, *compare)
    assert slower.ret != 0
    slower.stderr.fnmatch_lines(["*Performance has regressed*"])
    for side in ("2 threads", "1 thread"):
        slower.stderr.fnmatch_lines([f"*test_a[[]{side}]*Field 'min' has failed PercentageRegressionCheck*"])


def test_unmarked_benchmarks_are_unchanged(both: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
    source = (
        "def test_plain(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n    assert benchmark.stats['min'] > 0\n"
    )
    both(source + TWO_SIDES, "--benchmark-json=b.json", "--benchmark-max-time=0.01").assert_outcomes(passed=2)
    found = benchmarks()
    assert len(found) == 3
    plain = found["test_it.py::test_plain"]
    assert (plain["group"], plain["extra_info"], plain["params"]) == (None, {}, None)


def test_a_marked_test_is_measured_through_its_own_call(both: Run, benchmarks, pytester) -> None:  # type: ignore[no-untyped-def]
    source = """
@compared
def test_a(benchmark, tmp_path, capsys):
    note("body")
    time.sleep(0.3)
    with open(tmp_path / "x", "w") as open_file:
        def function(n, m):
            open_file.write("x")
            print("called")
            return work(n) + m
        assert benchmark(function, 20000, m=1) == work(20000) + 1
    assert "called" in capsys.readouterr().out
    benchmark.extra_info["colour"] = "blue"
    benchmark.group = "mine"
    note("end %d" % (benchmark.stats["rounds"] >= 8 and benchmark.stats.stats.max < 0.3))
"""
    both(source, "--benchmark-json=b.json").assert_outcomes(passed=1)
    assert (pytester.path / "diary").read_text().split() == ["body", "body", "end", "1", "end", "1"]
    for one in benchmarks().values():
        assert (one["group"], one["extra_info"]["colour"]) == ("mine", "blue")
        assert one["stats"]["max"] < 0.3


def test_names_hold_the_threads_and_are_unique(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
    source = """
class TestIt:
    @gated
    @pytest.mark.parametrize("n", [10, "x]"])
    def test_p(self, n): work()

@pytest.mark.multicore(threads="inherit")
def test_inherit(benchmark): benchmark(work)

def test_several(multicore):
    multicore.run("workloads:first", threads=1)
    multicore.run("workloads:first", threads=1)
    multicore.run("workloads:second", threads=1, n=10000)
    multicore.speedup("workloads:second", threads=1, baseline=1)

def test_scaling(multicore): multicore.scaling("workloads:first", threads=[1, 2, 3])
"""
    workloads = "def first(n=20000): return sum(i * i for i in range(n))\nsecond = first\n"
    result = bench(source, "--benchmark-json=b.json", "--benchmark-group-by=param:threads", workloads=workloads)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines_random(["*benchmark 'threads=2': 1 tests*", "*benchmark 'threads=inherit': 1 tests*"])
    found = benchmarks()
    assert {name.removeprefix("test_it.py::") for name in found} == {
        "TestIt::test_p[10-1 thread]",
        "TestIt::test_p[x]-1 thread]",
        "test_inherit[inherited threads]",
        "test_several[workloads:first, 1 thread]",
        "test_several[workloads:first, 1 thread #2]",
        "test_several[workloads:second (n=10000), 1 thread]",
        "test_several[workloads:second, 1 thread]",
        "test_several[workloads:second, 1 thread, baseline]",
        *(f"test_scaling[workloads:first, {threads}]" for threads in ("1 thread", "2 threads", "3 threads")),
    }
    parametrized = found["test_it.py::TestIt::test_p[10-1 thread]"]
    assert (parametrized["param"], parametrized["params"]) == ("10", {"threads": 1, "n": 10})
    series = [found[name]["extra_info"] for name in found if "test_scaling" in name]
    assert [("speedup" in one, "useful_cores" in one) for one in series] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_pedantic_keeps_setup_and_teardown_out_of_the_time(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
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
    bench(source, "--benchmark-json=b.json").assert_outcomes(passed=1)
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


def test_its_own_failure_comes_before_the_verdict(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
    source = """
@pytest.mark.multicore(max_cores=0.5, threads=1)
@pytest.mark.parametrize("expected", [0, 1])
def test_a(benchmark, expected):
    assert (benchmark(work) > 0) == expected
"""
    result = bench(source, "--benchmark-json=b.json")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E *assert (* > 0) == 0", "test_a[[]1[]]*max_cores missed", "*limit *max_cores=0.5*"])
    assert [one["extra_info"]["outcome"] for one in benchmarks().values()] == ["failed", "failed"]


def test_kinds_of_tests(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
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

@pytest.mark.multicore(max_cores=1.5, threads=1, fresh=True)
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
    bench(source, "--benchmark-json=b.json").assert_outcomes(passed=5, xfailed=1, skipped=1)
    found = benchmarks()
    assert len(found) == 7
    assert found["test_it.py::test_decorated[1 thread]"]["group"] == "of the marker"
    assert all(one["stats"]["max"] < 0.3 for one in found.values())


def test_weave(bench: Run) -> None:
    pytest.importorskip("aspectlib")
    source = """
class Thing:
    def method(self, n): return work(n)

@gated
def test_a(benchmark_weave):
    benchmark_weave(Thing.method)
    assert Thing().method(20000) == work(20000)
"""
    bench(source).assert_outcomes(passed=1)


def test_a_fixture_that_is_not_used_measures_the_whole_call(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
    source = """
@gated
def test_a(benchmark): work()

@gated
def test_raises(benchmark):
    with pytest.raises(ZeroDivisionError): benchmark(lambda: work() / 0)
"""
    result = bench(source, "--benchmark-json=b.json", "-W", "error:Benchmark fixture")
    assert result.parseoutcomes() == {"passed": 2, "errors": 1}
    result.stdout.fnmatch_lines(["*Benchmark fixture was not used at all in this test! *whole call was measured.*"])
    assert len(benchmarks()) == 2


def test_disabled_it_is_measured_all_the_same(bench: Run, pytester: pytest.Pytester) -> None:
    source = THROUGH_ITS_CALL + "    assert benchmark.stats is None and benchmark.disabled and not benchmark.enabled\n"
    result = bench(source, "--benchmark-disable", "--benchmark-json=b.json")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_a .* passed"])
    result.stdout.no_fnmatch_line("*benchmark*1 tests*")
    assert nothing_in(pytester.path / "b.json")


def test_only_and_skip_keep_their_meaning(bench: Run) -> None:
    source = THROUGH_ITS_CALL + "@gated\ndef test_b(): work()\ndef test_c(benchmark): benchmark(work)\n"
    bench(source, "--benchmark-only", "--benchmark-max-time=0.01").assert_outcomes(passed=2, skipped=1)
    skipped = bench(source, "--benchmark-skip")
    skipped.assert_outcomes(passed=1, skipped=2)
    skipped.stdout.no_fnmatch_line("*benchmark*1 tests*")


def test_without_pytest_benchmark_nothing_changes(bench: Run) -> None:
    source = THROUGH_ITS_CALL + "@gated\ndef test_b(): work()\n"
    result = bench(source, "-p", "no:benchmark")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *fixture 'benchmark' not found"])


def test_options_of_the_run_do_not_reach_the_children(bench: Run, pytester: pytest.Pytester) -> None:
    options = ("--benchmark-save=a", "--benchmark-autosave", "--benchmark-histogram=h", "--benchmark-cprofile=tottime")
    storage = pytester.path / "saved"
    result = bench(THROUGH_ITS_CALL, *options[:2], *options[3:], f"--benchmark-storage=file://{storage}")
    result.assert_outcomes(passed=1)
    assert [file.name for file in storage.rglob("*.json")] == ["0001_a.json"]
    assert not (pytester.path / ".benchmarks").exists()


def test_under_xdist_it_is_disabled(bench: Run, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    result = bench(THROUGH_ITS_CALL + TWO_SIDES.replace("_a", "_b"), "-n", "2", "--benchmark-json=b.json")
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines_random([r"test_a .* passed", r"test_b .* passed"])
    assert nothing_in(pytester.path / "b.json")


def test_the_last_attempt_counts(bench: Run, benchmarks) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("pytest_rerunfailures")
    source = """
tries = Path(__file__).with_name("tries")

@gated
def test_a(benchmark):
    first = not tries.exists()
    tries.touch()
    benchmark(work)
    benchmark.extra_info["first"] = first
    assert not first
"""
    result = bench(source, "--reruns=1", "--benchmark-json=b.json")
    assert result.parseoutcomes() == {"passed": 1, "rerun": 1}
    (one,) = benchmarks().values()
    assert one["extra_info"]["first"] is False


def test_an_environment_needs_no_pytest_benchmark_and_no_new_pytest(
    bench: Run, benchmarks, pytester: pytest.Pytester
) -> None:  # type: ignore[no-untyped-def]
    pytester.makepyprojecttoml(
        '[tool.pytest-multicore.environments.other]\npython = "3.6"\nrequires = ["pytest==5.4.3"]\n'
    )
    source = """
@pytest.mark.multicore(environment="other", max_cores=1.5, threads=1)
@pytest.mark.benchmark(group="old")
def test_a(benchmark):
    import sys
    benchmark.extra_info["python"] = "%d.%d" % sys.version_info[:2]
    assert benchmark.pedantic(work, setup=lambda: time.sleep(0.01)) == work()
"""
    result = bench(source, "-rs", "--benchmark-json=b.json", "--strict-markers")
    if "no Python" in result.stdout.str():
        pytest.skip("no Python 3.6 on this machine")
    result.assert_outcomes(passed=1)
    (one,) = benchmarks().values()
    assert one["extra_info"]["python"] == "3.6"
    assert one["group"] == "old"
