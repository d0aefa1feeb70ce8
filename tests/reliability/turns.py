"""The host's lock under contention: processes that take turns, and whose turn comes late."""

from __future__ import annotations

import bisect
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_multicore.measurement.flock_turns import LOCK_NAMES
from pytest_multicore.measurement.lock_wait import LockFile

#: Holds the machine together with others, then alone, as a session does for each test; says when.
PROGRAM = """
import json, sys, time
from pathlib import Path
from pytest_multicore.measurement.flock_turns import HostLock
lock, turns, alone_s = HostLock(Path(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(turns):
    with lock.shared(lambda _: None):
        time.sleep(alone_s / 5)
        asked_s = time.monotonic()
        with lock.exclusive(lambda _: None):
            had_s = time.monotonic()
            time.sleep(alone_s)
    print(json.dumps([asked_s, had_s]), flush=True)
"""


@dataclass(frozen=True)
class Turn:
    """One turn of a process: when it asked for the machine and when it had it, on the monotonic clock."""

    asked_s: float
    had_s: float


@contextmanager
def takers(folder: Path, count: int, turns: int, alone_s: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ready to take turns on a lock; a line on their input begins it. All are killed at the end."""
    with ExitStack() as stack:
        started = []
        for _ in range(count):
            command = [sys.executable, "-c", PROGRAM, str(folder), str(turns), str(alone_s)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield started


def begin(started: Sequence[subprocess.Popen[str]]) -> None:
    """Let them take their turns."""
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def turns_of(process: subprocess.Popen[str], patience_s: float = 300.0) -> list[Turn]:
    """The turns of a process that ends, or was killed."""
    output, _ = process.communicate(timeout=patience_s)
    return [Turn(*json.loads(line)) for line in output.splitlines() if line.endswith("]")]


def turns_waited(turns: Sequence[Turn]) -> list[int]:
    """How many turns of others began while each waited for its own."""
    begins = sorted(turn.had_s for turn in turns)
    return [bisect.bisect_left(begins, turn.had_s) - bisect.bisect_left(begins, turn.asked_s) for turn in turns]


def holders_in(folder: Path) -> list[int]:
    """The processes that hold the machine, by the lock in a folder, together or alone."""
    try:
        descriptor = os.open(folder / LOCK_NAMES[1], os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    lock = LockFile(descriptor, folder / LOCK_NAMES[1])
    try:
        return lock.holders
    finally:
        lock.close()


def kill_holders(
    started: Sequence[subprocess.Popen[str]], folder: Path, kills: int, drawn: random.Random
) -> list[subprocess.Popen[str]]:
    """Kill so many of the processes at random moments while they hold the lock; returns them."""
    killed: list[subprocess.Popen[str]] = []
    while len(killed) < kills:
        time.sleep(drawn.uniform(0.0, 0.1))
        holding = [one for one in started if one.pid in holders_in(folder) and one not in killed and one.poll() is None]
        if holding:
            killed.append(drawn.choice(holding))
            os.kill(killed[-1].pid, signal.SIGKILL)
        elif all(one.poll() is not None for one in started):
            break
    return killed


def turns_in_words(count: int, turns: int, seed: int, alone_s: float = 0.1) -> str:
    """So many processes, with as many turns each, and the same with a half of them killed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with takers(folder, count, turns, alone_s) as started:
            begin(started)
            waited = sorted(turns_waited([turn for one in started for turn in turns_of(one)]))
        told = (
            f"{len(waited)} turns of {alone_s:g} s of {count} processes: others had {waited[len(waited) // 2]} turns "
            f"meanwhile in the median and {waited[-1]} at most, where {count - 1} are the fair share"
        )
        with takers(folder, 2 * count, turns, alone_s) as started:
            begin(started)
            killed = kill_holders(started, folder, count, random.Random(seed))
            left = [len(turns_of(one)) for one in started if one not in killed]
    return f"{told}\n{len(killed)} of {2 * count} killed while they held it: the others had {left} of {turns} turns"
