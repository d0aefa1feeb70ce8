"""The yardstick's workers, for real."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters import yardstick as yardstick_module
from pytest_multicore.interpreters.yardstick import Yardstick, yardstick

CPUS: list[int | None] = sorted(os.sched_getaffinity(0))[:2] if hasattr(os, "sched_getaffinity") else [None, None]


@pytest.fixture
def stick() -> Iterator[Yardstick]:
    made = Yardstick(CPUS, priority=True)
    yield made
    made.close()


def some(stick: Yardstick, workers: list[int]) -> list[float]:
    """Speeds in which every core was to be had; a crowded machine needs a few looks."""
    for _ in range(200):
        found = stick.speeds(workers)
        if None not in found:
            return [speed for speed in found if speed is not None]
    pytest.skip("other processes had a core in each of 200 looks")


def test_each_core_tells_its_speed(stick: Yardstick) -> None:
    for workers in ([0], [len(CPUS) - 1], list(range(len(CPUS)))):
        found = some(stick, workers)
        assert len(found) == len(workers)
        assert min(found) > 1000, "a SHA-3 of 4 KiB in under a millisecond"


def test_a_speed_does_not_depend_on_who_else_wants_the_core() -> None:
    """It is counted against CPU time: what a neighbour takes shows as a wait, not as a slow core."""
    unpinned = Yardstick(CPUS[:1], priority=False)
    alone = max(some(unpinned, [0])[0] for _ in range(20))
    busy = f"import os, time\nend = time.monotonic() + 20\n{_pin()}while time.monotonic() < end: pass"
    neighbour = subprocess.Popen([sys.executable, "-c", busy])
    try:
        time.sleep(0.3)
        assert max(some(unpinned, [0])[0] for _ in range(20)) > 0.5 * alone
    finally:
        neighbour.kill()
        neighbour.wait()
        unpinned.close()


def _pin() -> str:
    return "" if CPUS[0] is None else f"os.sched_setaffinity(0, {{{CPUS[0]}}})\n"


def test_workers_sleep_between_bursts_and_end_with_their_starter(stick: Yardstick) -> None:
    some(stick, [0])
    workers = [psutil.Process(pid) for pid in stick.pids]
    assert len(workers) == 1 + len(CPUS)
    before_s = sum(sum(worker.cpu_times()[:2]) for worker in workers)
    time.sleep(0.5)
    assert sum(sum(worker.cpu_times()[:2]) for worker in workers) - before_s <= 0.05
    stick.close()
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_a_yardstick_that_somebody_ended_tells_nothing_and_breaks_nothing(stick: Yardstick) -> None:
    some(stick, [0])
    psutil.Process(min(stick.pids)).kill()
    time.sleep(0.2)
    assert stick.speeds([0, 1][: len(CPUS)]) == [None] * len(CPUS)


def test_a_process_has_one_yardstick_of_a_kind() -> None:
    assert yardstick(1, priority=False) is yardstick(1, priority=False)
    assert len(yardstick(3, priority=False).cpus) == 3


def test_a_system_without_a_real_time_class_has_a_yardstick_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS: Python's os has neither classes nor affinities there."""
    without = "import os, runpy\ndel os.sched_setscheduler, os.SCHED_RR, os.sched_setaffinity\n"
    program = tmp_path / "program.py"
    program.write_text(f"{without}runpy.run_path({str(yardstick_module.PROGRAM)!r}, run_name='__main__')\n")
    monkeypatch.setattr(yardstick_module, "PROGRAM", program)
    made = Yardstick([None], priority=True)
    try:
        assert some(made, [0])[0] > 1000
    finally:
        made.close()
