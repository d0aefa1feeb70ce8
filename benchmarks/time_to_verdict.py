"""What an answer costs: "is this product at least 1.3x as fast on two threads?", asked of this plugin and of its peers.

    python benchmarks/time_to_verdict.py [--turns 3] [--size 1000] [--skip pyperf]

Needs NumPy, and what of pytest-benchmark, pyperf and hyperfine it finds. All work on the same product of two matrices,
in turns, from the start of a process to its end. Prints a Markdown table: seconds (median and range over the turns) and
the speed-ups that were read. Run it on an idle machine for the cost, beside a busy one to see who is still right.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

THREADS = 2
LIMIT = 1.3
#: Tests in the longer file; what they take beyond one, by one each, is the price of a further test.
SEVERAL = 6

GATED = """
import numpy
import pytest

matrix = numpy.random.default_rng(0).random(({size}, {size}))

@pytest.mark.multicore(min_cores={limit}, min_speedup={limit}, threads={threads})
@pytest.mark.parametrize("number", range({tests}))
def test_product(number):
    matrix @ matrix
"""
BENCHMARKED = """
import numpy

matrix = numpy.random.default_rng(0).random(({size}, {size}))

def test_product(benchmark):
    benchmark(lambda: matrix @ matrix)
"""
ONCE = """
import numpy

matrix = numpy.random.default_rng(0).random(({size}, {size}))
matrix @ matrix
"""
BY_HAND = """
import numpy, statistics, time

matrix = numpy.random.default_rng(0).random(({size}, {size}))
taken = []
for _ in range(6):
    began = time.perf_counter()
    matrix @ matrix
    taken.append(time.perf_counter() - began)
print(statistics.median(taken[1:]))
"""
PYPERF = """
import numpy, pyperf

matrix = numpy.random.default_rng(0).random(({size}, {size}))
pyperf.Runner().bench_func("product", lambda: matrix @ matrix)
"""


@dataclass
class Peer:
    """One way to ask.

    Attributes:
        name: in the table.
        ask: does it all once, in a folder; returns the speed-up that it read, None where it has none to tell.
        missing: what has to be installed for it, or None.
        seconds, speedups: of each turn.
    """

    name: str
    ask: Callable[[Path], float | None]
    missing: str | None = None
    seconds: list[float] = field(default_factory=list)
    speedups: list[float] = field(default_factory=list)


def main() -> None:
    """Ask all of them in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3, help="how often each is asked")
    parser.add_argument("--size", type=int, default=1000, help="the matrices are size x size")
    parser.add_argument("--skip", nargs="*", default=[], metavar="PEER", help="leave out those whose name begins so")
    asked = parser.parse_args()
    peers = [peer for peer in PEERS if not peer.name.startswith(tuple(asked.skip) or "\0")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {
            "test_gated.py": GATED.replace("{tests}", "1"),
            "test_gated_several.py": GATED.replace("{tests}", str(SEVERAL)),
            "test_benchmarked.py": BENCHMARKED,
            "once.py": ONCE,
            "by_hand.py": BY_HAND,
            "with_pyperf.py": PYPERF,
            "pytest.ini": "[pytest]\n",
        }.items():
            filled = text.replace("{size}", str(asked.size)).replace("{limit}", str(LIMIT))
            (folder / file).write_text(filled.replace("{threads}", str(THREADS)))
        for turn in range(asked.turns + 1):
            for peer in peers:
                if not peer.missing:
                    _take_turn(peer, folder, counts=turn > 0)
    _print_table(peers)


def _take_turn(peer: Peer, folder: Path, *, counts: bool) -> None:
    """The first turn fills caches of files and bytecode and does not count."""
    if not counts and peer.name.startswith(("hyperfine", "pyperf")):
        return  # a minute, and they start dozens of processes of their own
    began = time.perf_counter()
    speedup = peer.ask(folder)
    took_s = time.perf_counter() - began
    if counts:
        peer.seconds.append(took_s)
        if speedup is not None:
            peer.speedups.append(speedup)


def _print_table(peers: list[Peer]) -> None:
    print("| asked of | seconds | speed-up read |")
    print("| --- | --- | --- |")
    for peer in peers:
        if peer.missing:
            print(f"| {peer.name} | {peer.missing} is not installed | |")
            continue
        took = f"{statistics.median(peer.seconds):.2f} ({min(peer.seconds):.2f} to {max(peer.seconds):.2f})"
        read = ", ".join(f"{speedup:.2f}x" for speedup in peer.speedups)
        print(f"| {peer.name} | {took} | {read} |")
    one, several = (next(peer.seconds for peer in peers if peer.name.startswith(name)) for name in NAMES)
    further = [(more - less) / (SEVERAL - 1) for less, more in zip(one, several, strict=True)]
    print(f"\neach further test of pytest-multicore: {statistics.median(further):.2f} s")


def _gate(folder: Path, file: str) -> float | None:
    """Ask this plugin; an inconclusive answer has no speed-up to tell."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--multicore-json=results.json", file]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    results = json.loads((folder / "results.json").read_text())["results"]
    told = [one["speedup"]["estimate"] for one in results if one["outcome"] in ("passed", "failed")]
    return statistics.median(told) if told else None


def _with_threads(count: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(count))}


def _run(folder: Path, threads: int, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=_with_threads(threads), stdout=subprocess.PIPE, check=True, text=True
    )
    return done.stdout


def _by_hand(folder: Path) -> float:
    one, several = (float(_run(folder, count, sys.executable, "by_hand.py")) for count in (1, THREADS))
    return one / several


def _pytest_benchmark(folder: Path) -> float:
    medians = []
    for count in (1, THREADS):
        file = folder / f"benchmark-{count}.json"
        _run(
            folder, count, sys.executable, "-m", "pytest", "-q", "-p", "no:multicore", "-p", "no:cacheprovider",
            f"--benchmark-json={file}", "test_benchmarked.py",
        )  # fmt: skip
        medians.append(json.loads(file.read_text())["benchmarks"][0]["stats"]["median"])
    return float(medians[0] / medians[1])


def _hyperfine(folder: Path) -> float:
    """Times whole processes: a start of Python and NumPy is in both, and the ratio is that of the sums."""
    medians = []
    for count in (1, THREADS):
        file = folder / f"hyperfine-{count}.json"
        _run(folder, count, "hyperfine", "--style=none", f"--export-json={file}", f"{sys.executable} once.py")
        medians.append(json.loads(file.read_text())["results"][0]["median"])
    return float(medians[0] / medians[1])


def _pyperf(folder: Path) -> float:
    means = []
    for count in (1, THREADS):
        file = folder / f"pyperf-{count}.json"
        file.unlink(missing_ok=True)
        inherited = ",".join(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"))
        _run(
            folder, count, sys.executable, "with_pyperf.py", "--quiet", f"--inherit-environ={inherited}",
            f"--output={file}",
        )  # fmt: skip
        runs = json.loads(file.read_text())["benchmarks"][0]["runs"]
        means.append(statistics.mean(value for run in runs for value in run.get("values", ())))
    return means[0] / means[1]


def _needs(module: str) -> str | None:
    return None if find_spec(module.replace("-", "_")) else module


NAMES = ("pytest-multicore, one test", f"pytest-multicore, {SEVERAL} tests")
PEERS = [
    Peer(NAMES[0], lambda folder: _gate(folder, "test_gated.py")),
    Peer(NAMES[1], lambda folder: _gate(folder, "test_gated_several.py")),
    Peer("a pair of subprocesses by hand", _by_hand),
    Peer("pytest-benchmark, run twice", _pytest_benchmark, _needs("pytest-benchmark")),
    Peer("hyperfine, run twice", _hyperfine, None if shutil.which("hyperfine") else "hyperfine"),
    Peer("pyperf, run twice", _pyperf, _needs("pyperf")),
]


if __name__ == "__main__":
    main()
