"""CPU time of processes, however they are started and end: held against what a wait on them reports."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from pytest_multicore.interpreters.guard import MAX_ZOMBIES
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import Workload
from pytest_multicore.measurement.counters import for_this_system
from pytest_multicore.measurement.subject import OpenedWorkload
from pytest_multicore.measurement.usage import usage

PROGRAMS = Path(__file__).with_name("process_programs.py")
TIMEOUT_S, ROUNDS = 60.0, 6
WAITED_FOR, LIVING = ("spawn", "forkserver", "subprocesses", "grandchild"), ("living_workers", "loky")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the programs need Linux's ways to start processes")


def used_and_true_s(program: str, truth: Path) -> tuple[float, float]:
    """CPU seconds of some rounds, as measured and as the program knows them, without the agent's own process."""
    counters, used_s = for_this_system(), 0.0
    launch = Launch([sys.executable], dict(os.environ), Path.cwd())
    with IsolatedInterpreter(launch) as interpreter:
        subject = OpenedWorkload(interpreter, 2, TIMEOUT_S)
        subject.set_up(Workload(program, f"{PROGRAMS}:{program}", {"truth": str(truth)}), [])
        subject.wait_until_ready(TIMEOUT_S)
        truth.write_text("")
        for _ in range(ROUNDS):
            before = counters.tree(subject.pid, adopter=subject.adopter)
            timing = subject.take(1)
            after = counters.tree(subject.pid, before, subject.adopter)
            used_s += usage(subject.pid, before, after, timing.own).cpu_s - timing.own.process_cpu_s
    return used_s, sum(map(float, truth.read_text().split()))


def within_three_percent(true_s: float) -> object:
    """Where the system counts in ticks, each process that nobody waits for may lack one of them."""
    tick_s = for_this_system().tick_s
    return pytest.approx(true_s, rel=0.03, abs=ROUNDS * tick_s)


def test_a_forked_process_that_ends_in_the_region_counts(tmp_path: Path) -> None:
    used_s, true_s = used_and_true_s("fork", tmp_path / "truth")
    assert used_s == within_three_percent(true_s)


def test_a_process_that_is_waited_for_as_the_region_ends_counts(tmp_path: Path) -> None:
    """The kernel tells that in ticks of 10 ms, of user and system time each."""
    used_s, true_s = used_and_true_s("waited_for_later", tmp_path / "truth")
    assert used_s == pytest.approx(true_s, rel=0.03, abs=ROUNDS * 0.02)


@pytest.mark.exhaustive
@pytest.mark.parametrize("program", [*WAITED_FOR, *LIVING, "not_waited_for", "orphan", "daemon"])
def test_a_process_counts_however_it_is_started_and_ends(program: str, tmp_path: Path) -> None:
    used_s, true_s = used_and_true_s(program, tmp_path / "truth")
    assert used_s == within_three_percent(true_s)


def test_orphans_that_have_ended_are_waited_for_when_there_are_many(tmp_path: Path) -> None:
    """They keep their clocks until then, but not for ever: process ids are scarce."""
    launch = Launch([sys.executable], dict(os.environ), Path.cwd())
    with IsolatedInterpreter(launch) as interpreter:
        assert interpreter.adopter is not None
        adopter = psutil.Process(interpreter.adopter)

        def make(count: int) -> None:
            called = {"target": f"{PROGRAMS}:many_orphans", "arguments": {"count": count}, "path": []}
            interpreter.ask("call", "result", TIMEOUT_S, **called)

        make(MAX_ZOMBIES // 2)
        assert len(adopter.children()) == 1 + MAX_ZOMBIES // 2
        make(2 * MAX_ZOMBIES)
        for _ in range(3000):  # it counts them when it next gets a core
            if len(adopter.children()) < 2 * MAX_ZOMBIES:
                break
            time.sleep(0.01)
        assert len(adopter.children()) < 2 * MAX_ZOMBIES
        after = for_this_system().tree(interpreter.pid, adopter=interpreter.adopter)
        assert interpreter.adopter not in after.process_cpu_s
        assert interpreter.adopter in after.reaped_cpu_s
