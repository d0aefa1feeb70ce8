"""Sides that differ in cores: what they are given, what is told of it, and pools of every kind."""

import json
import os
from pathlib import Path

import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.fixture_types import Run, Undecided

jsonschema = pytest.importorskip("jsonschema")

needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="two cores are compared with one"
)

#: A pool that no variable reaches: as large as the affinity, of threads that let go of the interpreter's lock.
POOL = """
import hashlib, os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def cores():
    return len(os.sched_getaffinity(0))

BLOCKS = [bytes([n]) * 2_000_000 for n in range(8)]

def digest(block):
    return hashlib.sha256(block).hexdigest()

def threads():
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(digest, BLOCKS))

def one_by_one():
    list(map(digest, BLOCKS))

def count(steps):
    return sum(i * i for i in range(steps))

def processes():
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(count, [300_000] * 8))
"""


@needs_two_cores
def test_a_pool_that_reads_no_variable_is_compared_on_two_cores_and_one(run: Run, undecided: Undecided) -> None:
    result = run(
        "import os, pools\n"
        "@pytest.mark.multicore(vary='cores', threads=2, min_speedup=1.3, budget=30)\n"
        "def test_a(multicore_threads):\n"
        "    assert multicore_threads == pools.cores()\n"
        "    assert 'OMP_NUM_THREADS' not in os.environ\n"
        "    pools.threads()\n",
        "--multicore-json=report.json",
        pools=POOL,
    )
    file = json.loads(Path("report.json").read_text())
    jsonschema.validate(file, json.loads(SCHEMA_FILE.read_text()))
    (told,) = file["results"]
    if told["outcome"] == "inconclusive":
        undecided(told["reason"])
    result.assert_outcomes(passed=1)
    assert (told["vary"], told["threads"], told["baseline"]) == ("cores", 2, 1)
    assert {(taken["threads"], taken["cores_granted"], taken["cores_in_reach"]) for taken in told["rounds"]} == {
        (2, 2, 2),
        (1, 1, 1),
    }
    assert all(taken["cores_open"] in (None, taken["threads"]) for taken in told["rounds"]), "psutil does not tell"
    assert told["baseline_cores"]["high"] < 1.1
    result.stdout.fnmatch_lines(["*2 vs 1 cores*passed*", "note: cores by affinity: CPUs *,* against *; thread var*"])


@needs_two_cores
@pytest.mark.exhaustive
def test_processes_are_compared_and_serial_work_misses_its_limit(run: Run, undecided: Undecided) -> None:
    result = run(
        "import pools\n"
        "cores = pytest.mark.multicore(vary='cores', threads=2, min_speedup=1.3, budget=30)\n"
        "@cores\ndef test_a(): pools.processes()\n"
        "@cores\ndef test_b(): pools.one_by_one()\n",
        "--multicore-json=report.json",
        pools=POOL,
    )
    told = json.loads(Path("report.json").read_text())["results"]
    if any(one["outcome"] == "inconclusive" for one in told):
        undecided(" and ".join(one["reason"] for one in told))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*min_speedup missed*", "*given * 2 vs 1 cores;*"])


@needs_two_cores
@pytest.mark.exhaustive
def test_what_looks_for_a_cause_runs_on_the_same_cores(run: Run) -> None:
    result = run(
        "@pytest.mark.multicore(vary='cores', threads=1)\ndef test_a(): work()\n",
        "--multicore-explain=always",
        "--multicore-json=report.json",
    )
    result.assert_outcomes(passed=1)
    (told,) = json.loads(Path("report.json").read_text())["results"]
    assert told["evidence"]["affinity_at_start"] == told["evidence"]["affinity"]
    assert len(told["evidence"]["affinity"]) == 1


@needs_two_cores
@pytest.mark.exhaustive
def test_a_series_and_a_matrix_say_cores(run: Run) -> None:
    series = run(
        "@pytest.mark.multicore(vary='cores')\n"
        "def test_a(multicore):\n"
        "    assert list(multicore.scaling('pools:threads', threads=[1, 2]).measurements) == [1, 2]\n",
        pools=POOL,
    )
    series.assert_outcomes(passed=1)
    series.stdout.fnmatch_lines(["scaling: test_a: pools:threads: * at 1 core, * at 2*"])
    matrix = run(
        "import pools\n@pytest.mark.multicore\ndef test_a(): pools.threads()\n",
        "--multicore-threads=1,2",
        "--multicore-vary=cores",
        "-v",
        pools=POOL,
    )
    matrix.assert_outcomes(passed=2)
    matrix.stdout.fnmatch_lines(
        ["*::test_a[[]1-core[]] PASSED*", "*::test_a[[]2-cores[]] PASSED*", "matrix: *: 1 core 1x, 2 cores *"]
    )


def test_more_cores_than_there_are_are_not_given(run: Run) -> None:
    result = run(
        "@pytest.mark.multicore(vary='cores', threads=1000, max_cores=2000)\n"
        "def test_a(): work()\n"
        "def test_b(isolated_interpreter): isolated_interpreter(cores=1000)\n"
        "def test_c(isolated_interpreter): isolated_interpreter(cores=1, threads=1)\n",
        "-rs",
    )
    result.assert_outcomes(skipped=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*UsageError: threads=1, cores=1: expected one of the two",
            "SKIPPED *: inconclusive: test_a: 1000 cores cannot be given on this machine: it grants *",
            "SKIPPED *: inconclusive: an isolated interpreter: cannot be had: 1000 cores: this process may run on *",
        ],
        consecutive=False,
    )


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity masks")
def test_an_interpreter_on_one_core_inherits_its_variables(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    result = run(
        "def test_a(isolated_interpreter):\n"
        "    one = isolated_interpreter(cores=1)\n"
        "    facts = one.facts()\n"
        "    assert (one.threads, len(facts['affinity']), facts['variables']['OMP_NUM_THREADS']) == (1, 1, '7')\n"
        "    assert one.call('pools:told') == 1 and one.call('pools:told', threads=4) == 4\n",
        pools="def told(threads): return threads\n",
    )
    result.assert_outcomes(passed=1)


def test_a_system_without_affinity_refuses_the_test_and_the_option(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\ndel os.sched_setaffinity, os.sched_getaffinity\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    marked = run("@pytest.mark.multicore(vary='cores', threads=1)\ndef test_a(): work()\n")
    marked.assert_outcomes(errors=1)
    marked.stdout.fnmatch_lines(["*vary=*cores*: sides get their cores by CPU affinity*expected vary=*threads* here*"])
    option = run("def test_a(): pass\n", "--multicore-vary=cores")
    assert option.ret == pytest.ExitCode.USAGE_ERROR
    option.stderr.fnmatch_lines(["*no os.sched_setaffinity*"])
