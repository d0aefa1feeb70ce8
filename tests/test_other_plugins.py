"""Other plugins, installed and at work beside marked tests."""

import json

import pytest

from tests.fixture_types import Decided

GATED = "import pytest\ngated = pytest.mark.multicore(min_cores=0.5, threads=1)\ndef work(): return sum(range(50000))\n"


def test_asyncio(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_asyncio")
    source = (
        "import asyncio\n@gated\n@pytest.mark.asyncio\nasync def test_a():\n    await asyncio.sleep(0)\n    work()\n"
    )
    pytester.makepyfile(GATED + source)
    result = decided(pytester.runpytest_subprocess("--multicore-json=report.json"))
    result.assert_outcomes(passed=1)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["cores"]["estimate"] > 0.5, "the coroutine did its work in the rounds"


def test_cov(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_cov")
    pytester.makepyfile(GATED + "import sys\n@gated\ndef test_a():\n    assert sys.gettrace() is None\n    work()\n")
    result = decided(pytester.runpytest_subprocess("--cov=.", "--cov-report=term"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*coverage*"])


def test_timeout(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile(
        GATED + "import time\n@gated\ndef test_a(): work()\n"
        "@gated\n@pytest.mark.timeout(3, func_only=True)\ndef test_hangs(): time.sleep(60)\n"
    )
    result = decided(pytester.runpytest_subprocess("--timeout=60"))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Timeout*3.0s*"])


@pytest.mark.parametrize("method", ["signal", "thread"])
@pytest.mark.slow
def test_a_time_limit_is_not_spent_on_rounds(pytester: pytest.Pytester, method: str) -> None:
    """What neighbours cost, the wait for the machine and rounds without end, must not turn a test red."""
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile(
        "import pytest, time\n@pytest.mark.multicore(min_speedup=1.5, budget=9)\n"
        "@pytest.mark.timeout(6, func_only=True)\n"
        "def test_a(): time.sleep(0.7)\n"
    )
    result = pytester.runpytest_subprocess(f"--timeout-method={method}", "-rs")
    # Six rows fit the budget, and fewer than seven decide nothing.
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*rows of rounds fit the budget of 9 s*"])
    result.stdout.no_fnmatch_line("*Timeout*")


def test_a_time_limit_counts_again_after_the_rounds(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_timeout")
    pytester.makepyfile(
        "import pytest, time\ndef work(): return lambda: sum(range(50000))\n"
        "@pytest.mark.multicore(min_cores=0.5, threads=1)\n@pytest.mark.timeout(2, func_only=True)\n"
        "def test_a(multicore):\n    multicore.run(work)\n    time.sleep(60)\n"
    )
    result = decided(pytester.runpytest_subprocess())
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Timeout*2.0s*"])


def test_rerunfailures(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytester.makepyfile(
        GATED + "from pathlib import Path\ntries = Path(__file__).with_name('tries')\n"
        "@gated\ndef test_a():\n"
        "    first = not tries.exists()\n    tries.touch()\n    work()\n    assert not first\n"
    )
    result = decided(pytester.runpytest_subprocess("--reruns=1"))
    assert result.parseoutcomes() == {"passed": 1, "rerun": 1}


def test_of_a_test_that_ran_again_the_last_attempt_is_reported(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_rerunfailures")
    pytester.makepyfile(
        GATED + "from pathlib import Path\ntries = Path(__file__).with_name('tries')\n"
        "def made(): return work\ndef test_a(multicore):\n"
        "    first = not tries.exists()\n    tries.touch()\n"
        "    multicore.run(made, threads=1)\n    assert not first\n"
        "def test_b(multicore): multicore.run(made, threads=1)\n"
    )
    result = decided(pytester.runpytest_subprocess("--reruns=1", "--multicore-json=report.json"))
    assert result.parseoutcomes() == {"passed": 2, "rerun": 1}
    told = json.loads((pytester.path / "report.json").read_text())
    assert sorted(one["nodeid"].partition("::")[2] for one in told["results"]) == ["test_a", "test_b"]
    assert "cut_short" not in told


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="subtests came with pytest 9")
def test_each_subtest_has_results_in_the_report_and_the_history(pytester: pytest.Pytester, decided: Decided) -> None:
    pytester.makepyfile(
        GATED + "def made(): return work\ndef test_a(multicore, subtests):\n"
        "    for n in (1, 1, 2):\n        with subtests.test(n=n):\n            multicore.run(made, threads=1)\n"
    )
    result = decided(pytester.runpytest_subprocess("--multicore-json=report.json", "--multicore-save=history.jsonl"))
    assert result.ret == 0
    told = json.loads((pytester.path / "report.json").read_text())
    assert len(told["results"]) == 3
    result.stdout.fnmatch_lines(["3 results appended to *"])


def test_dependency(pytester: pytest.Pytester, decided: Decided) -> None:
    """Only the parent knows how the other tests ended."""
    pytest.importorskip("pytest_dependency")
    mark = "@pytest.mark.dependency"
    pytester.makepyfile(
        GATED + f"{mark}()\ndef test_a(): pass\n@gated\n{mark}(depends=['test_a'])\ndef test_b(): work()\n"
        f"{mark}(depends=['test_b'])\ndef test_c(): pass\n{mark}()\ndef test_d(): assert False\n"
        f"@gated\n{mark}(depends=['test_d'])\ndef test_e(): work()\n"
    )
    decided(pytester.runpytest_subprocess("-p", "no:randomly")).assert_outcomes(passed=3, failed=1, skipped=1)


def test_randomly(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("pytest_randomly")
    pytester.makepyfile(GATED + "@gated\ndef test_a(): work()\n@gated\ndef test_b(): work()\ndef test_c(): pass\n")
    decided(pytester.runpytest_subprocess("-p", "randomly")).assert_outcomes(passed=3)


def test_randomly_seeds_a_marked_test_as_a_plain_one(pytester: pytest.Pytester) -> None:
    """So that a seed that is told makes a failure happen again, whatever the order."""
    pytest.importorskip("pytest_randomly")
    pytester.makepyfile(
        GATED + "import random\ndef test_0(): pass\n@gated\n"
        "def test_a():\n    work()\n    assert False, f'drew {random.random()}'\n"
    )
    options = ("-p", "randomly", "--randomly-seed=7")
    drawn = [
        next(line for line in pytester.runpytest_subprocess(*options, *more).outlines if line.startswith("E "))
        for more in ([], ["--multicore-off"])
    ]
    assert "drew" in drawn[0]
    assert drawn[0] == drawn[1]


def test_xdist(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        GATED
        + "@gated\n@pytest.mark.parametrize('n', range(4))\ndef test_a(n, worker_id): work()\ndef test_b(): pass\n"
    )
    result = decided(pytester.runpytest_subprocess("-n", "2", "--multicore-json=report.json"))
    result.assert_outcomes(passed=5)
    assert len(json.loads((pytester.path / "report.json").read_text())["results"]) == 4


def test_xdist_tells_a_child_which_worker_it_belongs_to(pytester: pytest.Pytester, decided: Decided) -> None:
    """Tests keep apart by it what two workers must not share, and together by the run's what they must."""
    pytest.importorskip("xdist")
    pytester.makepyfile(
        GATED + "import os\n@gated\n@pytest.mark.parametrize('n', range(2))\n"
        "def test_a(n, worker_id, testrun_uid):\n    work()\n"
        "    assert worker_id == os.environ['PYTEST_XDIST_WORKER'] != 'master'\n"
        "    assert testrun_uid == os.environ['PYTEST_XDIST_TESTRUNUID']\n"
    )
    decided(pytester.runpytest_subprocess("-n", "2")).assert_outcomes(passed=2)


def test_without_xdist_there_is_no_worker(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(GATED + "@gated\ndef test_a(worker_id):\n    work()\n    assert worker_id == 'master'\n")
    decided(pytester.runpytest_subprocess("-p", "no:randomly")).assert_outcomes(passed=1)


@pytest.mark.slow
def test_no_ordinary_test_overlaps_a_measured_round(pytester: pytest.Pytester, decided: Decided) -> None:
    """200 ordinary tests and some measured ones over 4 workers: each writes down when it ran, as does each round."""
    pytest.importorskip("xdist")
    pytester.makepyfile(
        GATED
        + """
import os, time
from pathlib import Path
DIARY = Path(__file__).with_name("diary")

def note(what, began):
    with open(DIARY, "a") as diary:
        diary.write("%s %r %r\\n" % (what, began, time.monotonic()))

@gated
@pytest.mark.parametrize("n", range(3))
def test_measured(n):
    began = time.monotonic()
    work()
    note("call", began)

@pytest.mark.parametrize("n", range(200))
def test_ordinary(n):
    began = time.monotonic()
    time.sleep(0.005)
    note("ordinary", began)
"""
    )
    result = decided(pytester.runpytest_subprocess("-n", "4", "-p", "no:randomly"))
    result.assert_outcomes(passed=203)
    lines = [line.split() for line in (pytester.path / "diary").read_text().splitlines()]
    ordinary = [(float(began), float(ended)) for what, began, ended in lines if what == "ordinary"]
    calls = sorted((float(began), float(ended)) for what, began, ended in lines if what == "call")
    assert len(ordinary) == 200
    # The first call of each child runs as an ordinary test does; the rounds are what follows it.
    rounds = [one for one in calls if not any(began < one[1] and one[0] < ended for began, ended in ordinary)]
    assert len(calls) - len(rounds) <= 3
    assert len(rounds) >= 3 * 8


def test_a_function_that_a_fixture_measures_is_not_traced(
    pytester: pytest.Pytester, decided: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older versions of pytest-cov have every Python process traced, by these variables."""
    monkeypatch.setenv("COV_CORE_SOURCE", ".")
    monkeypatch.setenv("COVERAGE_PROCESS_START", ".coveragerc")
    pytester.makepyfile(
        workload="import os, sys\ndef work():\n    assert sys.gettrace() is None\n"
        "    assert not [name for name in os.environ if name.startswith('COV')]\n    return sum(range(50000))\n",
        test_it="import pytest\n@pytest.mark.multicore(min_cores=0.5, threads=1)\n"
        "def test_a(multicore): multicore.run('workload:work')\n",
    )
    decided(pytester.runpytest_subprocess("-p", "no:cov")).assert_outcomes(passed=1)


def test_a_group_of_xdist_is_no_part_of_a_tests_name(pytester: pytest.Pytester, decided: Decided) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(GATED + "@gated\n@pytest.mark.xdist_group('measuring')\ndef test_a(): work()\n")
    decided(pytester.runpytest_subprocess("-n", "1", "--dist=loadgroup")).assert_outcomes(passed=1)
