"""pytest-benchmark's options, re-runs, xdist and environments without it."""

from pathlib import Path

import pytest

from tests.absent import skip_where_absent
from tests.fixture_types import Benchmarks, Decided, Run

TWO_SIDES = "@compared\ndef test_a():\n    work()\n"
THROUGH_ITS_CALL = "@gated\ndef test_a(benchmark):\n    assert benchmark(work) == work()\n"


def nothing_in(file: Path) -> bool:
    """Whether no benchmarks were written; version 4 opens the file when it reads the command line."""
    return not file.exists() or file.read_text() == ""


@pytest.mark.slow
def test_disabled_it_is_measured_all_the_same(bench: Run, decided: Decided, pytester: pytest.Pytester) -> None:
    source = THROUGH_ITS_CALL + "    assert benchmark.stats is None and benchmark.disabled and not benchmark.enabled\n"
    result = decided(bench(source, "--benchmark-disable", "--benchmark-json=b.json"))
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_a .* passed"])
    result.stdout.no_fnmatch_line("*benchmark*1 tests*")
    assert nothing_in(pytester.path / "b.json")


@pytest.mark.slow
def test_only_and_skip_keep_their_meaning(bench: Run, decided: Decided) -> None:
    source = THROUGH_ITS_CALL + "@gated\ndef test_b(): work()\ndef test_c(benchmark): benchmark(work)\n"
    decided(bench(source, "--benchmark-only", "--benchmark-max-time=0.01")).assert_outcomes(passed=2, skipped=1)
    skipped = decided(bench(source, "--benchmark-skip"))
    skipped.assert_outcomes(passed=1, skipped=2)
    skipped.stdout.no_fnmatch_line("*benchmark*1 tests*")


def test_without_pytest_benchmark_nothing_changes(bench: Run, decided: Decided) -> None:
    source = THROUGH_ITS_CALL + "@gated\ndef test_b(): work()\n"
    result = decided(bench(source, "-p", "no:benchmark"))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *fixture 'benchmark' not found"])


@pytest.mark.slow
def test_options_of_the_run_do_not_reach_the_children(bench: Run, decided: Decided, pytester: pytest.Pytester) -> None:
    options = ("--benchmark-save=a", "--benchmark-autosave", "--benchmark-histogram=h", "--benchmark-cprofile=tottime")
    storage = pytester.path / "saved"
    result = decided(bench(THROUGH_ITS_CALL, *options[:2], *options[3:], f"--benchmark-storage=file://{storage}"))
    result.assert_outcomes(passed=1)
    assert [file.name for file in storage.rglob("*.json")] == ["0001_a.json"]
    assert not (pytester.path / ".benchmarks").exists()


@pytest.mark.slow
def test_under_xdist_it_is_disabled(bench: Run, decided: Decided, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    result = decided(bench(THROUGH_ITS_CALL + TWO_SIDES.replace("_a", "_b"), "-n", "2", "--benchmark-json=b.json"))
    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines_random([r"test_a .* passed", r"test_b .* passed"])
    assert nothing_in(pytester.path / "b.json")


@pytest.mark.slow
def test_the_last_attempt_counts(bench: Run, decided: Decided, benchmarks: Benchmarks) -> None:
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
    result = decided(bench(source, "--reruns=1", "--benchmark-json=b.json"))
    assert result.parseoutcomes() == {"passed": 1, "rerun": 1}
    (one,) = benchmarks().values()
    assert one["extra_info"]["first"] is False


def test_an_environment_needs_no_pytest_benchmark_and_no_new_pytest(
    bench: Run, decided: Decided, benchmarks: Benchmarks, pytester: pytest.Pytester
) -> None:
    pytester.makepyprojecttoml(
        '[tool.pytest-multicore.environments.other]\npython = "3.6"\nrequires = ["pytest==5.4.3"]\n'
    )
    source = """
@pytest.mark.multicore(environment="other", min_cores=0.5, threads=1)
@pytest.mark.benchmark(group="old")
def test_a(benchmark):
    import sys
    benchmark.extra_info["python"] = "%d.%d" % sys.version_info[:2]
    assert benchmark.pedantic(work, setup=lambda: time.sleep(0.01)) == work()
"""
    result = bench(source, "-rs", "--benchmark-json=b.json", "--strict-markers")
    skip_where_absent(result.stdout.str())
    decided(result).assert_outcomes(passed=1)
    (one,) = benchmarks().values()
    assert one["extra_info"]["python"] == "3.6"
    assert one["group"] == "old"
