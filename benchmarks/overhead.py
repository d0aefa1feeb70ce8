"""What the plugin costs a session that does not use it: a suite of trivial tests with it and without it, in turns.

    python benchmarks/overhead.py [--tests 2000] [--pairs 31]

Prints the ratio of the CPU times of each pair, with a median and its interval (CPU time: a neighbour stretches the wall
time), what importing the plugin adds to a start, and what a turn costs an ordinary test of a session that measures.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.verdicts.statistics import median_interval


def main() -> None:
    """Run all three and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=2000, help="trivial tests in the suite")
    parser.add_argument("--pairs", type=int, default=31, help="runs with and without the plugin")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder, "test_trivial.py")
        suite.write_text("".join(f"def test_{number}(): pass\n" for number in range(asked.tests)))
        print(_ratio(f"{asked.tests} trivial tests", suite, asked.pairs))
        suite.write_text("def test_one(): pass\n")
        print(_difference("start with one test", suite, asked.pairs))
    print(f"an ordinary test's turn in a session that measures: {_turn_us():.1f} us")


def _ratio(what: str, suite: Path, pairs: int) -> str:
    with_it, without = _taken(suite, pairs)
    found = median_interval([a / b for a, b in zip(with_it, without, strict=True)], 0.99)
    assert found is not None
    return (
        f"{what}: {statistics.median(with_it):.3f} s with, {statistics.median(without):.3f} s without, "
        f"ratio {found.estimate:.4f} [{found.low:.4f}, {found.high:.4f}] over {pairs} pairs"
    )


def _difference(what: str, suite: Path, pairs: int) -> str:
    with_it, without = _taken(suite, pairs)
    found = median_interval([1000 * (a - b) for a, b in zip(with_it, without, strict=True)], 0.99)
    assert found is not None
    return f"{what}: {found.estimate:+.1f} ms [{found.low:+.1f}, {found.high:+.1f}] over {pairs} pairs"


def _taken(suite: Path, pairs: int) -> tuple[list[float], list[float]]:
    """User and system seconds of each run with and without the plugin, in turns; the first pair warms up."""
    with_it: list[float] = []
    without: list[float] = []
    for number in range(pairs + 1):
        order = [(with_it, ()), (without, ("-p", "no:multicore"))]
        for seconds, options in order if number % 2 else reversed(order):
            seconds.append(_cpu_s(suite, *options))
    return with_it[1:], without[1:]


def _cpu_s(suite: Path, *options: str) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, suite.name]
    # Compiled modules are kept, as they are wherever nobody has switched that off: the first pair writes them.
    world = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, cwd=suite.parent, env=world, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # in microseconds; os.times() counts in ticks of 10 ms
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def _turn_us(repeats: int = 20_000) -> float:
    """CPU time, too: on a busy machine the wall time of a turn of 4 us was 27."""
    held = host_lock()
    began = time.thread_time()
    for _ in range(repeats):
        with held.shared(print):
            pass
    return (time.thread_time() - began) / repeats * 1e6


if __name__ == "__main__":
    main()
