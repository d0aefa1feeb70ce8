"""The host's lock, held by real processes."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pytest_multicore.errors import HostBusy
from pytest_multicore.measurement import flock_turns
from pytest_multicore.measurement.flock_turns import LOCK_NAMES, HostLock
from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE

# Takes the lock in the way that it is told, says so, and gives it back when its input ends. What it forks may leave
# the block and live on, in which case it names it.
PROGRAM = """
import os, sys, time
from pathlib import Path
from pytest_multicore.measurement.flock_turns import HostLock
lock = HostLock(Path(sys.argv[2]))
say = lambda text: print("waiting", flush=True)
forked = None
with lock.shared(say) if sys.argv[1] == "shared" else lock.exclusive(say):
    if sys.argv[3:]:
        forked = os.fork()
    if forked != 0:
        print("held", *([forked] if forked else []), flush=True)
        sys.stdin.readline()
if forked == 0:
    with lock.shared(say), lock.exclusive(say):
        os.closerange(0, 3)
        time.sleep(60)
"""


class Holder:
    def __init__(self, how: str, folder: Path, *words: str) -> None:
        command = [sys.executable, "-c", PROGRAM, how, str(folder), *words]
        # Unbuffered: what was not read yet can be waited for.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def end(self) -> None:
        self.process.communicate(b"\n", timeout=30)


Hold = Callable[..., Holder]


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    holders: list[Holder] = []

    def hold(how: str, *words: str) -> Holder:
        holders.append(Holder(how, tmp_path, *words))
        return holders[-1]

    yield hold
    for holder in holders:
        if holder.process.poll() is None:
            holder.process.kill()
            holder.process.wait()


def nothing_said(holder: Holder, seconds: float = 0.4) -> bool:
    assert holder.process.stdout is not None
    return not select.select([holder.process.stdout], [], [], seconds)[0]


def first_to_speak(*holders: Holder) -> Holder:
    """Wait for one that says something."""
    streams = [holder.process.stdout for holder in holders if holder.process.stdout]
    ready, _, _ = select.select(streams, [], [], 30)
    return next(holder for holder in holders if holder.process.stdout in ready)


def test_ordinary_tests_run_together(hold: Hold) -> None:
    assert [hold("shared").says(), hold("shared").says()] == ["held", "held"]


def test_a_measurement_is_alone(hold: Hold) -> None:
    measuring = hold("exclusive")
    assert measuring.says() == "held"
    other, shared = hold("exclusive"), hold("shared")
    assert [other.says(), shared.says()] == ["waiting", "waiting"]
    assert nothing_said(shared)
    measuring.end()
    while (said := first_to_speak(other, shared).says()) == "waiting":
        pass  # for the other one
    assert said == "held"


def test_a_waiting_measurement_goes_before_new_tests(hold: Hold) -> None:
    running = hold("shared")
    assert running.says() == "held"
    measuring = hold("exclusive")
    assert measuring.says() == "waiting"
    late = hold("shared")
    assert late.says() == "waiting"
    assert nothing_said(late), "the turnstile is closed"
    running.end()
    assert measuring.says() == "held"
    assert nothing_said(late)
    measuring.end()
    assert late.says() == "held"


def test_a_killed_holder_gives_the_machine_back(hold: Hold) -> None:
    measuring = hold("exclusive")
    assert measuring.says() == "held"
    measuring.process.kill()
    assert hold("shared").says() == "held"


@pytest.mark.parametrize("how", ["shared", "exclusive"])
def test_a_forked_process_neither_keeps_the_lock_nor_gives_it_back(how: str, hold: Hold) -> None:
    """A test may fork a server: it has all files open that its parent has, and a lock belongs to the open file."""
    measuring = hold(how, "forks")
    said, forked = measuring.says().split()
    try:
        assert said == "held"
        following = hold("exclusive")
        assert following.says() == "waiting", "what was forked has left the block: that gives nothing back"
        measuring.process.kill()
        assert following.says() == "held", "what was forked lives on: that keeps nothing"
        assert psutil.Process(int(forked)).status() != psutil.STATUS_ZOMBIE
    finally:
        psutil.Process(int(forked)).kill()


def test_a_test_does_not_wait_for_itself(tmp_path: Path) -> None:
    host_lock = HostLock(tmp_path)
    said: list[str] = []
    with host_lock.shared(said.append), host_lock.exclusive(said.append):
        pass
    with host_lock.exclusive(said.append):
        pass
    assert said == []


def test_an_ordinary_test_pays_microseconds(tmp_path: Path) -> None:
    """A ratio, not a time: taking turns costs less than twenty look-ups of the file would. It cost two."""
    host_lock = HostLock(tmp_path)

    def spent_s(work: Callable[[], object]) -> float:
        best = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(200):
                work()
            best = min(best, time.perf_counter() - began)
        return best / 200

    def turn() -> None:
        with host_lock.shared(print):
            pass

    assert spent_s(turn) < 20 * spent_s(lambda: tmp_path.stat())


def test_a_session_that_a_test_started_takes_no_turns(tmp_path: Path) -> None:
    """Its ancestor holds the machine: it would wait for its ancestor, and that one for it."""
    program = "from pytest_multicore.measurement.host_lock import host_lock; print(type(host_lock()).__name__)"
    told = {**os.environ, HOLDER_VARIABLE: "1"}
    untold = {name: value for name, value in os.environ.items() if name != HOLDER_VARIABLE}
    for environ, expected in ((told, "NoHostLock"), (untold, "HostLock")):
        command = [sys.executable, "-c", program]
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        assert ended.stdout.strip() == expected


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not say who holds a lock")
def test_who_is_waited_for_is_named(hold: Hold, tmp_path: Path) -> None:
    measuring = hold("exclusive")
    assert measuring.says() == "held"
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        assert measuring.process.stdin is not None
        measuring.process.stdin.close()

    with HostLock(tmp_path).shared(say):
        pass
    assert len(said) == 1
    assert f"(process {measuring.process.pid}: {sys.executable} -c" in said[0]
    assert "a measurement" in said[0]


def test_a_wait_that_is_broken_off_is_not_begun_again(hold: Hold, tmp_path: Path) -> None:
    """Ctrl-C, or a time limit, while another measurement holds the machine."""
    host_lock = HostLock(tmp_path)

    def give_up(_: str) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with host_lock.shared(print):
        others = hold("exclusive")
        assert others.says() == "waiting"
        with pytest.raises(KeyboardInterrupt), host_lock.exclusive(give_up):
            pytest.fail("it is not alone")
        assert others.says() == "held"
    assert time.monotonic() - began < 10
    others.end()
    with host_lock.exclusive(give_up):
        pass


def test_anybody_may_open_the_locks_whatever_this_users_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        HostLock(tmp_path)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o644}


@pytest.mark.parametrize("how", ["shared", "exclusive"])
def test_nobody_waits_for_ever_for_a_process_that_is_stopped(how: str, hold: Hold, tmp_path: Path) -> None:
    measuring = hold("exclusive")
    assert measuring.says() == "held"
    measuring.process.send_signal(signal.SIGSTOP)
    while psutil.Process(measuring.process.pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.001)  # it is stopped when it next gets a core
    host_lock = HostLock(tmp_path)
    host_lock.wait_s = 0.3

    with pytest.raises(HostBusy) as told, getattr(host_lock, how)(lambda _: None):
        pytest.fail("it does not hold the machine")

    named = f"(process {measuring.process.pid}: {sys.executable} -c"
    assert named in str(told.value)
    assert "-c, stopped) did not finish a" in str(told.value)
    assert "within 0.3 s; end it, or raise --multicore-wait" in str(told.value)
    measuring.process.send_signal(signal.SIGCONT)
    measuring.end()
    host_lock.wait_s = 30.0
    for later in (host_lock.exclusive, host_lock.shared):
        with later(lambda _: None):
            pass
    assert hold("exclusive").says() == "held", "a wait that was given up keeps nothing"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: file.symlink_to(file.parent / "other"), "Too many levels of symbolic links"),
        (lambda file: file.symlink_to(file.parent / "nowhere"), "Too many levels of symbolic links"),
        (lambda file: file.mkdir(), "is no plain file"),
        (os.mkfifo, "is no plain file"),
    ],
    ids=["link", "link to nowhere", "folder", "pipe"],
)
def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(
    spoil: Callable[[Path], object], told: str, tmp_path: Path
) -> None:
    (tmp_path / "other").write_text("kept")
    spoil(tmp_path / LOCK_NAMES[1])
    with pytest.raises(OSError, match=told) as error:
        HostLock(tmp_path)
    assert error.value.filename == str(tmp_path / LOCK_NAMES[1])
    assert {file.name for file in tmp_path.iterdir()} == {"other", *LOCK_NAMES}
    assert (tmp_path / "other").read_text() == "kept"


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not say who waits for a lock")
def test_a_session_that_measures_test_after_test_lets_others_go_first(
    hold: Hold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flock_turns, "MAX_WAKE_UP_S", 60.0)  # however crowded the machine is
    host_lock, said = HostLock(tmp_path), list[str]()
    with host_lock.exclusive(said.append):
        other = hold("exclusive")
        assert other.says() == "waiting"
        while not host_lock._turnstile.pids(waiting=True):
            time.sleep(0.01)  # it says so just before it waits

    def end_the_other(text: str) -> None:
        said.append(text)
        assert other.process.stdin is not None
        other.process.stdin.close()

    with host_lock.exclusive(end_the_other):
        assert len(said) == 1
        assert other.says() == "held"
