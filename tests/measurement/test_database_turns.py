"""Turns on the host where there is no flock(2), taken by real processes."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_multicore.errors import HostBusy
from pytest_multicore.measurement import host_lock
from pytest_multicore.measurement.database_turns import LOCK_NAME, DatabaseTurns

# Takes a turn in the way that it is told, says so, and gives it back when its input ends.
PROGRAM = """
import sys
from pathlib import Path
from pytest_multicore.measurement.database_turns import DatabaseTurns
turns = DatabaseTurns(Path(sys.argv[2]))
say = lambda text: print("waiting", flush=True)
with getattr(turns, sys.argv[1])(say):
    print("held", flush=True)
    sys.stdin.readline()
"""
Hold = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    holders: list[subprocess.Popen[str]] = []

    def hold(how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, how, str(tmp_path)]
        holders.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return holders[-1]

    yield hold
    for holder in holders:
        holder.kill()
        holder.communicate()


def says(holder: "subprocess.Popen[str]") -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def never(text: str) -> None:
    pytest.fail(f"nobody is to be waited for: {text}")


def test_a_system_without_flock_takes_turns_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_lock, "HAS_FLOCK", False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert isinstance(host_lock.host_lock.__wrapped__(), DatabaseTurns)
    assert (tmp_path / LOCK_NAME).exists()


def test_ordinary_tests_hold_it_together(hold: Hold, tmp_path: Path) -> None:
    assert says(hold("shared")) == "held"
    with DatabaseTurns(tmp_path).shared(never):
        assert says(hold("shared")) == "held"


@pytest.mark.parametrize("turns", ["exclusive exclusive", "exclusive shared", "shared exclusive"])
def test_a_measurement_holds_it_alone(turns: str, hold: Hold) -> None:
    first, later = turns.split()
    holder = hold(first)
    assert says(holder) == "held"
    waiting = hold(later)
    assert says(waiting) == "waiting"
    holder.communicate("\n")
    assert says(waiting) == "held"


def test_a_killed_holder_gives_it_back(hold: Hold, tmp_path: Path) -> None:
    holder = hold("exclusive")
    assert says(holder) == "held"
    holder.kill()
    holder.wait()
    with DatabaseTurns(tmp_path).exclusive(never):
        pass


def test_a_measurement_within_a_test_does_not_wait_for_that_test(hold: Hold, tmp_path: Path) -> None:
    turns = DatabaseTurns(tmp_path)
    with turns.shared(never):
        with turns.exclusive(never):
            assert says(hold("shared")) == "waiting"
        assert says(hold("shared")) == "held"


@pytest.mark.parametrize("how", ["shared", "exclusive"])
def test_a_wait_has_a_limit(how: str, hold: Hold, tmp_path: Path) -> None:
    holder = hold("exclusive")
    assert says(holder) == "held"
    holder.send_signal(signal.SIGSTOP)
    turns, told = DatabaseTurns(tmp_path), list[str]()
    turns.wait_s = 0.3
    limit = r"within 0\.3 s; end it, or raise --multicore-wait"
    with pytest.raises(HostBusy, match=limit), getattr(turns, how)(told.append):
        pytest.fail("it does not hold the machine")
    assert [text.partition(" to finish")[0] for text in told] == ["waiting for another pytest on this machine"]
    holder.send_signal(signal.SIGCONT)
    holder.communicate("\n")
    for later in (turns.exclusive, turns.shared):
        with later(never):
            pass


def test_a_wait_that_failed_within_a_test_leaves_the_test_as_it_is(hold: Hold, tmp_path: Path) -> None:
    turns = DatabaseTurns(tmp_path)
    turns.wait_s = 0.3
    other = None
    with turns.shared(never):
        other = hold("shared")
        assert says(other) == "held"
        with pytest.raises(HostBusy), turns.exclusive(lambda _: None):
            pytest.fail("it is not alone")
    other.communicate("\n")
    with turns.exclusive(never):
        pass
