"""A session that is ended at a random moment, in each of the ways that there are; and what must hold afterwards.

python -m tests.reliability.endings 20          each ending at 20 moments, with pytest-xdist and without
python -m tests.reliability.endings 1 5         each at one moment, and another one than with 4
python -m tests.reliability.endings 20 17 3     three sessions at a time
"""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from pytest_multicore.measurement.flock_turns import LOCK_NAMES
from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE
from pytest_multicore.reports.json_report import SCHEMA_FILE

from .sessions import (
    command_of,
    environment_of,
    kill_all_at_once,
    report,
    wait_until_nothing_is_left,
)

#: Its first tests pass, one misses its limit and is explained, which takes a temporary folder; one leaves a process.
SOURCE = """
import subprocess, time
import pytest
def work(): return sum(i * i for i in range(20000))
passing = pytest.mark.multicore(min_cores=0.02, threads=1, budget=2)
@passing
def test_a(): work()
@pytest.mark.multicore(min_cores=1.5, threads=2, budget=3)
def test_b(): work()
@passing
def test_c():
    subprocess.Popen(["sleep", "999"], env={}, start_new_session=True)
    work()
@passing
@pytest.mark.parametrize("n", range(3))
def test_d(n): work()
"""
TESTS = 6
#: Ends the session from within, MOMENT seconds after its start: in a thread, or in the hook that comes next.
CONFTEST = """
import os, threading, time
import pytest
BEGAN_S, MOMENT_S, HOW = time.monotonic(), float(os.environ["MOMENT_S"]), os.environ["HOW"]
is_inner = "PYTEST_MULTICORE_INTERPRETER" in os.environ
is_controller = "PYTEST_XDIST_WORKER" not in os.environ
if not is_inner:  # it takes turns with itself: its workers with each other
    from pytest_multicore.measurement import flock_turns
    flock_turns.LOCK_NAMES = tuple(os.path.join(os.environ["LOCKS"], name) for name in flock_turns.LOCK_NAMES)
if HOW == "os._exit" and is_controller and not is_inner:
    threading.Timer(MOMENT_S, os._exit, (3,)).start()
def pytest_runtest_logreport(report):
    if time.monotonic() - BEGAN_S > MOMENT_S and is_controller and not is_inner:
        if HOW == "pytest.exit": pytest.exit("enough", 3)
        if HOW == "internal error": raise RuntimeError("a broken hook")
"""
#: Other plugins, and rows for a high confidence, take time in which no new thing happens.
OPTIONS = ["-p", "multicore", "--multicore-confidence=0.9", "--multicore-settle=0.1"]
REPORTING = ["--multicore-json=r.json", "--multicore-explain=always"]
PATIENCE_S = 240.0
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:  # by a shell that runs this in its background, or by nohup
        signal.signal(number, signal.SIG_DFL)
#: Options of a session without pytest-xdist and with it.
KINDS: Sequence[tuple[str, ...]] = ((), ("-n2", "-p", "xdist"))
ALL_AT_ONCE, NOT_AT_ALL = "SIGKILL to all its processes", "not at all"


def killed(number: signal.Signals) -> Callable[[subprocess.Popen[str]], None]:
    return lambda process: process.send_signal(number)


def interrupted(times: int) -> Callable[[subprocess.Popen[str]], None]:
    """Ctrl-C in a terminal goes to all processes of a group: to the workers of pytest-xdist, too."""

    def end(process: subprocess.Popen[str]) -> None:
        for _ in range(times):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.2)

    return end


#: How a session is ended from outside; None: by its conftest, or in a way of its own in `run`.
ENDINGS: Mapping[str, Callable[[subprocess.Popen[str]], None] | None] = {
    "SIGKILL": killed(signal.SIGKILL),
    ALL_AT_ONCE: None,
    "SIGTERM": killed(signal.SIGTERM),
    "SIGHUP": killed(signal.SIGHUP),
    "Ctrl-C": interrupted(1),
    "Ctrl-C twice": interrupted(2),
    "timeout": None,
    "closed terminal": None,
    "pytest.exit": None,
    "internal error": None,
    "os._exit": None,
}


def end_at(folder: Path, how: str, moment_s: float, *options: str) -> str:
    """Run a session, end it after so many seconds, and check what it leaves; returns how far it came, in words.

    Raises:
        AssertionError: something is left, or the report is not whole.
    """
    (folder / "test_it.py").write_text(SOURCE)
    (folder / "conftest.py").write_text(CONFTEST)
    for name in ("tmp", "locks"):
        (folder / name).mkdir(exist_ok=True)
    variables = {"PYTEST_MULTICORE_CACHE": str(folder / "cache"), "LOCKS": str(folder / "locks")}
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment = {**environment_of(folder), **variables, "MOMENT_S": str(moment_s), "HOW": how}
    del environment[HOLDER_VARIABLE]
    command = command_of(*OPTIONS, *REPORTING, *options)
    prefix = ["timeout", f"{moment_s}"] if how == "timeout" else []
    status, output = run(folder, [*prefix, *command], environment, how, moment_s)
    assert status != pytest.ExitCode.USAGE_ERROR, output
    if how == ALL_AT_ONCE:  # what lies there then is removed by the next session
        if (folder / "r.json").exists():
            jsonschema.validate(report(folder / "r.json"), report(SCHEMA_FILE))
        return f"killed; the next: {end_at(folder, NOT_AT_ALL, 0.0, *options)}"
    wait_until_nothing_is_left(folder)
    if how != NOT_AT_ALL and not (folder / "r.json").exists():
        return "before the report"
    told = report(folder / "r.json")
    jsonschema.validate(told, report(SCHEMA_FILE))
    results, cut_short = len({one["nodeid"] for one in told["results"]}), told.get("cut_short")
    assert how != NOT_AT_ALL or len([*(folder / "locks").iterdir()]) == len(LOCK_NAMES), "it took no turns at all"
    assert (how != NOT_AT_ALL and cut_short) or results == TESTS, f"{results} results and nothing cut short\n{output}"
    if cut_short and cut_short["not_measured"] and how in ("SIGTERM", "SIGHUP", "Ctrl-C", "pytest.exit", "timeout"):
        assert "multicore: cut short by" in output, f"the terminal does not say what was cut short\n{output}"
    return f"{results} of {TESTS} measured"


def run(folder: Path, command: list[str], environment: Mapping[str, str], how: str, moment_s: float) -> tuple[int, str]:
    """The exit status and the output of a session that is ended after so many seconds."""
    master, terminal = pty.openpty()
    with open(folder / "output", "w+") as output:
        is_terminal = how == "closed terminal"
        process = subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, *command] if is_terminal else command,
            cwd=folder,
            env={**environment},
            stdin=terminal if is_terminal else subprocess.DEVNULL,
            stdout=terminal if is_terminal else output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        os.close(terminal)
        end = ENDINGS.get(how)
        if end or is_terminal or how == ALL_AT_ONCE:
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment_s)
        number = None if process.poll() is not None else signal.Signals.__members__.get(how)
        if end:
            end(process)
        if how == ALL_AT_ONCE:
            kill_all_at_once(folder)
        os.close(master)
        try:
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            process.wait()
    told = (folder / "output").read_text()
    assert not number or process.returncode in (-number, 128 + number), f"{how} did not end it\n{told}"
    return process.returncode, told


#: Has a terminal of its own, so that SIGHUP comes when that is closed.
IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def main() -> None:
    """Try each ending at random moments, and print how far each session came."""
    moments, seed, at_once = (int(word) for word in (*sys.argv[1:], *("17", "1")[len(sys.argv) - 2 :]))
    drawn, faults = random.Random(seed), 0
    with ProcessPoolExecutor(at_once) as pool:
        lengths_s = dict(zip(KINDS, pool.map(length_s, KINDS), strict=True))
        tries = [
            (how, drawn.uniform(0.2, lengths_s[options]), options)
            for _ in range(moments)
            for options in KINDS
            for how in ENDINGS
        ]
        for (how, moment_s, options), came in zip(tries, pool.map(tried, *zip(*tries, strict=True)), strict=True):
            faults += came.startswith("FAULT")
            told = f"{how} {' '.join(options[:1])} at {moment_s:.2f} of {lengths_s[options]:.0f} s"
            print(f"{told}: {came}", flush=True)
    print(f"{len(tries)} tries, {faults} faults")


def length_s(options: tuple[str, ...]) -> float:
    """Seconds that a session takes which nothing ends."""
    began = time.monotonic()
    came = tried(NOT_AT_ALL, 0.0, options)
    assert not came.startswith("FAULT"), came
    return time.monotonic() - began


def tried(how: str, moment_s: float, options: tuple[str, ...]) -> str:
    """As end_at; what is wrong is told in place of how far it came."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            return end_at(Path(folder), how, moment_s, *options)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            return f"FAULT {error}"


if __name__ == "__main__":
    main()
