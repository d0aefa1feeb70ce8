"""Measurements as pytest-benchmark's benchmarks: both sides, their names, saved and compared."""

import json

import pytest

from tests.fixture_types import Benchmarks, Decided, Run

TWO_SIDES = "@compared\ndef test_a():\n    work()\n"


@pytest.mark.slow
def test_both_sides_are_benchmarks(
    both: Run, decided: Decided, benchmarks: Benchmarks, pytester: pytest.Pytester
) -> None:
    result = decided(both(TWO_SIDES, "--benchmark-json=b.json", "--multicore-json=m.json"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*benchmark 'test_it.py::test_a': 2 tests*"])
    (told,) = json.loads((pytester.path / "m.json").read_text())["results"]
    found = benchmarks()
    assert set(found) == {"test_it.py::test_a[2 threads]", "test_it.py::test_a[1 thread]"}
    for threads, one in zip((2, 1), found.values(), strict=True):
        of_side = [taken for taken in told["rounds"] if taken["threads"] == threads]
        counted = [taken for taken in of_side if taken["counted"]] or of_side
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


@pytest.mark.slow
def test_saved_runs_are_compared(
    both: Run, decided: Decided, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(both(TWO_SIDES, "--benchmark-save=before")).assert_outcomes(passed=1)
    compare = ("--benchmark-compare", "--benchmark-compare-fail=min:99%")
    same = decided(both(TWO_SIDES, *compare))
    assert same.ret == 0
    same.stdout.re_match_lines_random([r"test_a\[2 threads\] \(0001_before\)", r"test_a\[1 thread\] \(NOW\)"])
    monkeypatch.setenv("SIZE", "200000")
    slower = decided(both(TWO_SIDES, *compare))
    assert slower.ret != 0
    slower.stderr.fnmatch_lines(["*Performance has regressed*"])
    for side in ("2 threads", "1 thread"):
        slower.stderr.fnmatch_lines([f"*test_a[[]{side}]*Field 'min' has failed PercentageRegressionCheck*"])


@pytest.mark.slow
def test_unmarked_benchmarks_are_unchanged(both: Run, decided: Decided, benchmarks: Benchmarks) -> None:
    source = (
        "def test_plain(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n    assert benchmark.stats['min'] > 0\n"
    )
    decided(both(source + TWO_SIDES, "--benchmark-json=b.json", "--benchmark-max-time=0.01")).assert_outcomes(passed=2)
    found = benchmarks()
    assert len(found) == 3
    plain = found["test_it.py::test_plain"]
    assert (plain["group"], plain["extra_info"], plain["params"]) == (None, {}, None)


def test_a_marked_test_is_measured_through_its_own_call(
    both: Run, decided: Decided, benchmarks: Benchmarks, pytester: pytest.Pytester
) -> None:
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
    benchmark.extra_info["mute"] = type("Odd", (), {"__repr__": lambda _: 1 / 0})()
    benchmark.group = "mine"
    note("end %d" % (benchmark.stats["rounds"] >= 8 and benchmark.stats.stats.max < 0.3))
"""
    decided(both(source, "--benchmark-json=b.json")).assert_outcomes(passed=1)
    assert (pytester.path / "diary").read_text().split() == ["body", "body", "end", "1", "end", "1"]
    for one in benchmarks().values():
        assert (one["group"], one["extra_info"]["colour"]) == ("mine", "blue")
        assert one["extra_info"]["mute"] == "<a Odd that cannot be printed>"
        assert one["stats"]["max"] < 0.3


@pytest.mark.slow
def test_names_hold_the_threads_and_are_unique(bench: Run, decided: Decided, benchmarks: Benchmarks) -> None:
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
    result = decided(
        bench(source, "--benchmark-json=b.json", "--benchmark-group-by=param:threads", workloads=workloads)
    )
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines_random(["*benchmark 'threads=2': 1 tests*", "*benchmark 'threads=inherit': 1 tests*"])
    found = benchmarks()
    assert {name.removeprefix("test_it.py::") for name in found} == {
        "TestIt::test_p[10-1 thread]",
        "TestIt::test_p[x]-1 thread]",
        "test_inherit[inherited threads]",
        "test_inherit[1 thread]",
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
