"""What an answer costs: "is this product at least 1.3x as fast on two threads?", asked of this plugin and of its peers.

    python benchmarks/time_to_verdict.py [--turns 3] [--skip pyperf]

Needs NumPy, and what of pytest-benchmark, pyperf and hyperfine it finds. All work on the product of
``verdict_cases.scales``, in turns, from the start of a process to its end. Prints a Markdown table: seconds (median and
range over the turns) and the speed-ups that were read. Run it on an idle machine for the cost, beside a busy one to see
who is still right.
"""

from __future__ import annotations

import argparse
import json
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

import peers

THREADS = 2
LIMIT = 1.3
#: Tests in the longer file; what they take beyond one, by one each, is the price of a further test.
SEVERAL = 6
ONE_TEST, SEVERAL_TESTS = "test_gated.py", "test_gated_several.py"
CASE = "scales"

GATED = """
import pytest
from verdict_cases import scales

product = scales()

@pytest.mark.multicore(min_cores={limit}, min_speedup={limit}, threads={threads})
@pytest.mark.parametrize("number", range({tests}))
def test_product(number):
    product()
"""
ONCE = """
from verdict_cases import scales

scales()()
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
    parser.add_argument("--skip", nargs="*", default=[], metavar="PEER", help="leave out those whose name begins so")
    asked = parser.parse_args()
    taking_part = [peer for peer in PEERS if not peer.name.startswith(tuple(asked.skip) or "\0")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, tests in ((ONE_TEST, 1), (SEVERAL_TESTS, SEVERAL)):
            (folder / file).write_text(GATED.format(limit=LIMIT, threads=THREADS, tests=tests))
        (folder / "once.py").write_text(ONCE)
        (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {peers.FOLDER}\n")
        for turn in range(asked.turns + 1):
            for peer in taking_part:
                if not peer.missing:
                    _take_turn(peer, folder, counts=turn > 0)
    _print_table(taking_part)


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


def _print_table(asked: list[Peer]) -> None:
    print("| asked of | seconds | speed-up read |")
    print("| --- | --- | --- |")
    for peer in asked:
        if peer.missing:
            print(f"| {peer.name} | {peer.missing} is not installed | |")
            continue
        took = f"{statistics.median(peer.seconds):.2f} ({min(peer.seconds):.2f} to {max(peer.seconds):.2f})"
        read = ", ".join(f"{speedup:.2f}x" for speedup in peer.speedups)
        print(f"| {peer.name} | {took} | {read} |")
    one, several = (next(peer.seconds for peer in asked if peer.name.startswith(name)) for name in NAMES)
    further = [(more - less) / (SEVERAL - 1) for less, more in zip(one, several, strict=True)]
    print(f"\neach further test of pytest-multicore: {statistics.median(further):.2f} s")


def _gate(folder: Path, file: str) -> float | None:
    """Ask this plugin; an inconclusive answer has no speed-up to tell."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--multicore-json=results.json", file]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    results = json.loads((folder / "results.json").read_text())["results"]
    told = [one["speedup"]["estimate"] for one in results if one["outcome"] in ("passed", "failed")]
    return statistics.median(told) if told else None


def _hyperfine(folder: Path) -> float:
    """Times whole processes: a start of Python and NumPy is in both, and the ratio is that of the sums."""
    medians = []
    for count in (1, THREADS):
        file = folder / f"hyperfine-{count}.json"
        command = ("hyperfine", "--style=none", f"--export-json={file}", f"{sys.executable} {folder / 'once.py'}")
        peers.run(count, *command)
        medians.append(json.loads(file.read_text())["results"][0]["median"])
    return float(medians[0] / medians[1])


def _needs(module: str) -> str | None:
    return None if find_spec(module.replace("-", "_")) else module


NAMES = ("pytest-multicore, one test", f"pytest-multicore, {SEVERAL} tests")
PEERS = [
    Peer(NAMES[0], lambda folder: _gate(folder, ONE_TEST)),
    Peer(NAMES[1], lambda folder: _gate(folder, SEVERAL_TESTS)),
    Peer("a pair of subprocesses by hand", lambda _: peers.by_hand(CASE, THREADS)),
    Peer("pytest-benchmark, run twice", lambda _: peers.pytest_benchmark(CASE, THREADS), _needs("pytest-benchmark")),
    Peer("hyperfine, run twice", _hyperfine, None if shutil.which("hyperfine") else "hyperfine"),
    Peer("pyperf, run twice", lambda _: peers.pyperf(CASE, THREADS, fast=False), _needs("pyperf")),
]


if __name__ == "__main__":
    main()
