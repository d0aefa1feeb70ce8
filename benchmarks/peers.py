"""How others would ask for a program's speed-up: each returns one ratio, and no doubt."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = str(Path(__file__).parent)

BY_HAND = """
import statistics, time
from verdict_cases import {case}

region = {case}()
region()
taken = []
for _ in range(5):
    began = time.perf_counter()
    region()
    taken.append(time.perf_counter() - began)
print(statistics.median(taken))
"""
BENCHMARKED = """
from verdict_cases import {case}

def test_it(benchmark):
    benchmark({case}())
"""
PYPERF = """
import pyperf
from verdict_cases import {case}

pyperf.Runner().bench_func("it", {case}())
"""


def by_hand(case: str, threads: int) -> float:
    """A pair of subprocesses, the median of five calls in each."""
    one, several = (float(_run(count, "-c", BY_HAND.format(case=case))) for count in (1, threads))
    return one / several


def pytest_benchmark(case: str, threads: int) -> float:
    """pytest-benchmark, run twice; the ratio of its medians."""
    medians = []
    with tempfile.TemporaryDirectory() as folder:
        test, file = Path(folder, "test_it.py"), Path(folder, "it.json")
        test.write_text(BENCHMARKED.format(case=case))
        for count in (1, threads):
            options = ("-q", "-p", "no:multicore", "-p", "no:cacheprovider", f"--benchmark-json={file}")
            _run(count, "-m", "pytest", *options, f"--rootdir={folder}", str(test))
            medians.append(json.loads(file.read_text())["benchmarks"][0]["stats"]["median"])
    return float(medians[0] / medians[1])


def pyperf(case: str, threads: int, *, fast: bool = True) -> float:
    """pyperf, run twice; the ratio of means that its compare_to tells."""
    means: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "it.py")
        script.write_text(PYPERF.format(case=case))
        for count in (1, threads):
            file = Path(folder, f"{count}.json")
            inherited = "--inherit-environ=OMP_NUM_THREADS,OPENBLAS_NUM_THREADS,PYTHONPATH"
            quickly = ("--fast",) if fast else ()
            _run(count, str(script), "--quiet", *quickly, inherited, f"--output={file}")
            runs = json.loads(file.read_text())["benchmarks"][0]["runs"]
            means.append(statistics.mean(value for run in runs for value in run.get("values", ())))
    return means[0] / means[1]


def _run(threads: int, *arguments: str) -> str:
    return run(threads, sys.executable, *arguments)


def run(threads: int, *command: str) -> str:
    """What a command prints that may import verdict_cases and is told how many threads to use."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    world = {**os.environ, **counts, "PYTHONPATH": FOLDER}
    done = subprocess.run(
        command,
        env=world,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return done.stdout


TOOLS = {"by hand": by_hand, "pytest-benchmark": pytest_benchmark, "pyperf --fast": pyperf}
