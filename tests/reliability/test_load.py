"""Many marked tests, several sessions, killed holders of the lock: memory stays flat, verdicts stay, all go on."""

import random
import signal
import time
from pathlib import Path

import pytest

from pytest_multicore.measurement.flock_turns import HostLock
from tests.reliability.load import killed_holders, left_by, table, unmeasured
from tests.reliability.load_sessions import Load, contradictions, sessions, wait_for_all
from tests.reliability.turns import begin, kill_holders, takers, turns_of, turns_waited

#: A leak of 300 kB a test was found here once: each test's rounds, and what was computed of them.
MAX_BYTES_A_TEST = 100 * 1024
PATIENCE_S = 900.0
NEVER = "--multicore-explain=never"


def check_flat(load: Load) -> None:
    """By slope, never by size: an interpreter of another version holds more."""
    rss, fds = load.slope("rss"), load.slope("fds")
    assert rss is not None
    assert fds is not None
    assert rss.low < MAX_BYTES_A_TEST, table([("one", load)])
    assert fds.low <= 0, table([("one", load)])
    assert load.samples[-1]["threads"] <= load.samples[len(load.samples) // 3]["threads"]
    assert load.samples[-1]["children"] <= load.samples[len(load.samples) // 3]["children"]


@pytest.mark.slow
def test_a_session_of_many_tests_holds_no_more_for_each(tmp_path: Path) -> None:
    """``python -m tests.reliability.load one --tests 500`` has the figures."""
    with sessions(tmp_path, 1, 24, ("met", "sleeper"), NEVER, own_lock=True) as running:
        (load,) = wait_for_all(running, PATIENCE_S)
    assert unmeasured([load], 24) == [], load.output
    assert contradictions([load], load) == []
    assert load.rounds_kept == 0
    check_flat(load)


@pytest.mark.slow
def test_a_long_session_that_is_ended_holds_no_more_for_each(tmp_path: Path) -> None:
    """``python -m tests.reliability.load soak`` takes 10 minutes."""
    with sessions(tmp_path, 1, 10_000, ("met", "sleeper"), NEVER, own_lock=True) as running:
        samples, ends_s = tmp_path / "session-0" / "samples", time.monotonic() + PATIENCE_S
        while not (samples.exists() and samples.read_text().count("\n") >= 24):
            assert time.monotonic() < ends_s
            assert not running[0].has_ended()
            time.sleep(0.2)
        running[0].process.send_signal(signal.SIGINT)
        (load,) = wait_for_all(running, PATIENCE_S)
    assert load.status == pytest.ExitCode.INTERRUPTED
    assert len(load.outcomes) >= 24
    assert contradictions([load], load) == []
    check_flat(load)
    assert left_by(running) == []


@pytest.mark.slow
def test_several_sessions_reach_the_verdicts_that_one_reaches_alone(tmp_path: Path) -> None:
    """``python -m tests.reliability.load several`` runs 4 sessions of 50 tests."""
    kinds = ("missed", "met", "sleeper")
    with sessions(tmp_path / "alone", 1, len(kinds), kinds, NEVER, own_lock=True) as running:
        (alone,) = wait_for_all(running, PATIENCE_S)
    with sessions(tmp_path / "together", 4, len(kinds), kinds, NEVER, own_lock=True) as running:
        loads = wait_for_all(running, PATIENCE_S)
    assert unmeasured([alone, *loads], len(kinds)) == []
    assert contradictions(loads, alone) == []
    assert left_by(running) == []


@pytest.mark.slow
def test_when_sessions_that_hold_the_lock_are_killed_the_others_measure_on(tmp_path: Path) -> None:
    """``python -m tests.reliability.load kills`` kills more of them."""
    with sessions(tmp_path, 4, 4, ("met", "sleeper"), NEVER, own_lock=True) as running:
        assert killed_holders(running, tmp_path, 2, random.Random()) > 0
        loads = wait_for_all(running, PATIENCE_S)
    whole = [load for load in loads if load.status != -signal.SIGKILL]
    assert len(whole) >= 2
    assert unmeasured(loads, 4) == []
    assert contradictions(loads, loads[0]) == []
    assert left_by(running) == []
    lock = HostLock(tmp_path)
    lock.wait_s = 5.0
    with lock.exclusive(print):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not say who holds a lock")
def test_no_process_waits_for_many_turns_of_others(tmp_path: Path) -> None:
    """Three turns of others are the fair share of four. The queue is the kernel's; who comes anew may slip in."""
    with takers(tmp_path, 4, 12, 0.1) as started:
        begin(started)
        waited = turns_waited([turn for one in started for turn in turns_of(one)])
    assert len(waited) == 48
    assert max(waited) <= 4 * 3


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not say who holds a lock")
def test_killed_holders_of_the_lock_leave_nobody_waiting(tmp_path: Path) -> None:
    with takers(tmp_path, 6, 10, 0.02) as started:
        begin(started)
        killed = kill_holders(started, tmp_path, 3, random.Random())
        turns = [len(turns_of(one)) for one in started if one not in killed]
    assert len(killed) == 3
    assert turns == [10, 10, 10]
