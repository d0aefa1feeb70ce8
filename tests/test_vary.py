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
    assert {(taken["threads"], taken["cores_open"], taken["cores_in_reach"]) for taken in told["rounds"]} == {
        (2, 2, 2),
        (1, 1, 1),
    }
    assert told["baseline_cores"]["high"] < 1.1
    result.stdout.fnmatch_lines(["*2 vs 1 cores*passed*", "note: cores by affinity: CPUs *,* against *; thread var*"])
