"""Gated tests from a user's side: real pytest, real interpreters, workloads whose answer is known on any machine.

A Python loop keeps one core busy at any thread count, however busy the machine is: ``min_cores=1.5`` is missed by it
and ``max_cores=1.5`` is met.
"""

import json
import re

import psutil
import pytest

from pytest_multicore.errors import WorkloadError
from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.fixture_types import Undecided

jsonschema = pytest.importorskip("jsonschema")

needs_two_cores = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="min_cores=1.5 is out of reach on one core: inconclusive at once"
)

SERIAL = """
def serial(steps=20000):
    return sum(i * i for i in range(steps))
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(work=SERIAL)
    return pytester


def gated(project: pytest.Pytester, marker: str, body: str, fixture: str = "multicore") -> None:
    project.makepyfile(
        test_gated=f"""
        import pytest
        from pytest_multicore import LimitMissed

        @pytest.mark.multicore({marker})
        def test_it({fixture}):
            {body}
        """
    )


@pytest.mark.quick
def test_a_met_limit_passes_and_is_told(project: pytest.Pytester) -> None:
    gated(project, "max_cores=1.5", "measured = multicore.run('work.py:serial'); assert measured.cores.estimate < 1.1")
    result = project.runpytest_subprocess("--multicore-json=out/report.json")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines(
        [r"=+ multicore =+", r"test .*outcome", r"test_it: work\.py:serial .* current .* passed"]
    )
    report = json.loads((project.path / "out" / "report.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    (told,) = report["results"]
    assert told["nodeid"] == "test_gated.py::test_it"
    assert told["verdicts"][0]["quantity"] == "max_cores"
    assert told["speedup"] is None, "one side was asked for"
    assert 0.9 < told["cores"]["estimate"] < 1.1
    assert sum(one["counted"] for one in told["rounds"]) >= 1


@needs_two_cores
def test_a_missed_limit_fails_with_limit_and_measurement(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1.5", "multicore.run('work:serial')")
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"E .*LimitMissed: work:serial in environment current: min_cores missed",
            r"E +limit +min_cores=1.5; measured [01]\.\d\d \[[01]\.\d\d, [01]\.\d\d\] "
            r"(\(\S+ at most on cores of its own\) )?at confidence 0.99 a side",
            r"E +threads .*",
            r"E +cores .* busy; .* demanded",
            r"E +rounds .*",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_side/gate.py*")


@needs_two_cores
def test_a_miss_can_be_expected(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1.5", "with pytest.raises(LimitMissed): multicore.run('work:serial')")
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_limit_beyond_the_machine_is_inconclusive_before_anything_runs(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1000", "multicore.run('work:not_even_there')")
    result = project.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.re_match_lines(
        [r"SKIPPED .*inconclusive.*min_cores=1000 cannot be reached on this machine: it grants .* cores"]
    )
    strict = project.runpytest_subprocess("--multicore-strict")
    strict.assert_outcomes(failed=1)
    strict.stdout.fnmatch_lines(["*inconclusive, which --multicore-strict fails*"])


def test_an_expected_miss_is_not_an_undecided_one(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1000", "multicore.run('work:serial')")
    file = project.path / "test_gated.py"
    marker = "@pytest.mark.xfail(raises=LimitMissed, strict=True)\n@pytest.mark.multicore"
    file.write_text(file.read_text().replace("@pytest.mark.multicore", marker))
    project.runpytest_subprocess().assert_outcomes(skipped=1)
    project.runpytest_subprocess("--multicore-strict").assert_outcomes(failed=1)


def test_a_budget_too_small_says_what_would_do(project: pytest.Pytester) -> None:
    gated(project, "max_cores=1.5, budget=0.3", "multicore.run('work:serial', steps=2_000_000)")
    result = project.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.re_match_lines([r".*rows? of rounds fit the budget of 0.3 s, at least 9 are needed.*use budget="])


def test_a_workload_that_raises_is_an_ordinary_failure(project: pytest.Pytester) -> None:
    project.makepyfile(work="def broken():\n    raise RuntimeError('out of cheese')\n")
    gated(project, "max_cores=1.5", "multicore.run('work:broken')")
    result = project.runpytest_subprocess("--multicore-json=report.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*WorkloadError*", "*RuntimeError: out of cheese*"])
    (told,) = json.loads((project.path / "report.json").read_text())["results"]
    assert told["outcome"] == "error"
    assert "out of cheese" in told["reason"]


def test_limits_without_a_measurement_are_no_pass(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1.5", "pass")
    result = project.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*carries limits (min_cores) but measured nothing*"])


def test_two_sides_give_a_comparison(project: pytest.Pytester, undecided: Undecided) -> None:
    gated(
        project,
        "max_speedup=1.5, threads=2",
        "c = multicore.speedup('work:serial'); assert 0.5 < c.speedup.estimate < 1.5; "
        # An interval at 0.99 a side needs seven rows (0.5 ** 7 < 0.01); c.pairs are those that nothing disturbed.
        "assert len(c.rows) >= 7 and 0 < c.pairs <= len(c.rows)",
    )
    result = project.runpytest_subprocess("--multicore-priority=auto", "-rs")
    if result.parseoutcomes().get("skipped"):
        undecided("the machine was too busy to compare two sides")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_\w+: work:serial .* 2 vs 1 .*passed"])


def test_a_series_scales_or_does_not(project: pytest.Pytester, undecided: Undecided) -> None:
    gated(project, "", "s = multicore.scaling('work:serial', threads=[1, 2]); assert set(s.speedups) == {1, 2}")
    result = project.runpytest_subprocess("--multicore-json=report.json")
    result.assert_outcomes(passed=1)
    (told,) = json.loads((project.path / "report.json").read_text())["results"]
    assert [one["threads"] for one in told["scaling"]] == [1, 2]
    jsonschema.validate(
        [told],
        json.loads(SCHEMA_FILE.read_text())["properties"]["results"]
        | {"$defs": json.loads(SCHEMA_FILE.read_text())["$defs"]},
    )


def test_off_measures_nothing(project: pytest.Pytester) -> None:
    gated(project, "min_cores=1.5", "multicore.run('work:serial')")
    result = project.runpytest_subprocess("--multicore-off", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*--multicore-off: nothing is measured*"])


@pytest.mark.other_plugins
@pytest.mark.parametrize("counters", ["proc", "psutil"])
def test_results_come_together_from_xdist_workers(
    project: pytest.Pytester, counters: str, monkeypatch: pytest.MonkeyPatch, undecided: Undecided
) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTEST_MULTICORE_COUNTERS", counters)
    project.makepyfile(
        test_many="""
        import pytest

        @pytest.mark.multicore(min_cores=0.5, threads=1)
        @pytest.mark.parametrize("n", range(3))
        def test_it(multicore, n):
            multicore.run("work:serial", steps=20000 + n)
        """
    )
    result = project.runpytest_subprocess("-n", "2", "--multicore-json=report.json", "-rs")
    if counters == "psutil" and result.parseoutcomes().get("skipped"):
        undecided("the machine was too busy to decide by CPU time alone")
    result.assert_outcomes(passed=3)
    report = json.loads((project.path / "report.json").read_text())
    assert sorted(one["arguments"]["steps"] for one in report["results"]) == [20000, 20001, 20002]
    if counters == "psutil":
        assert all(one["demand"] is None for one in report["results"])
    assert sum(bool(re.match(r"test_it\[\d\]: work:serial .* passed$", line)) for line in result.outlines) == 3


@pytest.mark.explained
@needs_two_cores
def test_an_import_that_pins_pytest_itself_is_told(project: pytest.Pytester) -> None:
    """The machine is not to blame where a test module's import leaves one CPU to the whole session."""
    project.makepyfile(pinner="import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n")
    gated(project, "min_speedup=1.3, threads=2", "import pinner; multicore.run('work:serial')")
    result = project.runpytest_subprocess("--multicore-json=report.json")
    result.assert_outcomes(skipped=1)
    (told,) = json.loads((project.path / "report.json").read_text())["results"]
    assert "when it started, and was pinned to 1 since" in " ".join([told["reason"], *told["notes"]])
    assert [cause["key"] for cause in told["causes"]] == ["affinity-narrowed"]


@needs_two_cores
@pytest.mark.parametrize("priority", ["auto", "realtime", "off"])
@pytest.mark.parametrize("limit", ["min_cores=1.5", "min_speedup=1.5"])
def test_threads_that_share_a_pinned_core_miss_their_limit(
    project: pytest.Pytester, priority: str, limit: str, undecided: Undecided
) -> None:
    """They wait for each other, and a core is free: but not for them, and that is what the gate is to tell."""
    project.makepyfile(
        pinned="""
        import hashlib, os
        from concurrent.futures import ThreadPoolExecutor
        def program():
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            threads = int(os.environ["OMP_NUM_THREADS"])
            pool, block = ThreadPoolExecutor(threads), bytes(12_000_000 // threads)
            return lambda: list(pool.map(lambda _: hashlib.sha256(block).digest(), range(threads)))
        """
    )
    gated(project, limit, "multicore.run('pinned:program')")
    result = project.runpytest_subprocess(f"--multicore-priority={priority}", "--multicore-explain=never", "-rs")
    told = result.parseoutcomes()
    if "skipped" in told:
        undecided("others kept the machine busy throughout")
    assert told == {"failed": 1}
    result.stdout.fnmatch_lines([f"*LimitMissed*{limit.partition('=')[0]} missed*"])


@pytest.mark.parametrize("fixed", [True, False])
def test_a_layout_that_cannot_be_fixed_is_told(project: pytest.Pytester, fixed: bool) -> None:
    """As in a container whose filter of system calls does not permit it."""
    project.makeconftest(
        f"""
        from pytest_multicore.interpreters import process
        process.has_fixed_addresses = lambda pid: {fixed}
        """
    )
    gated(project, "max_speedup=1.9, threads=2", "multicore.run('work.py:serial')")

    result = project.runpytest_subprocess("--multicore-budget=10")

    assert ("note: memory layout: cannot be fixed here" in result.stdout.str()) is not fixed


def test_what_is_wrong_is_told_once_and_fits_pytests_summary(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is missing was told three times, and at 80 columns the summary was the exception's module."""
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile(test_it="def test_a(multicore): multicore.run('nomod:f')\n")
    result = pytester.runpytest_subprocess()
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_a - WorkloadError: nomod:f cannot be loaded: *"])
    told = [line for line in result.stdout.lines if line.startswith("E  ")]
    assert len(told) == 1, told
    assert told[0].endswith("WorkloadError: nomod:f cannot be loaded: ModuleNotFoundError: No module named 'nomod'")


def test_a_traceback_with_frames_is_shown() -> None:
    frames = "Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: wrong\n"
    assert str(WorkloadError("a:f raised ValueError: wrong", frames)).splitlines()[1:] == frames.splitlines()
    assert str(WorkloadError("a:f raised ValueError: wrong", "ValueError: wrong\n")) == "a:f raised ValueError: wrong"
