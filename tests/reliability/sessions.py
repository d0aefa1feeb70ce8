"""Sessions of pytest that something ends, and a search for what they have left."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE

#: All processes of a session inherit it, whatever else becomes of their environment.
MARK = "TEST_OF_AN_ENDING"
PATIENCE_S = 60.0


def command_of(*options: str) -> list[str]:
    """The command of a session with these options."""
    return [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *options]


def environment_of(folder: Path) -> dict[str, str]:
    """The variables of a session in a folder, where it has a folder for temporary files."""
    return {**os.environ, MARK: str(folder), HOLDER_VARIABLE: "1", "TMPDIR": str(folder / "tmp")}


@contextmanager
def session(folder: Path, source: str, *options: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A pytest of a module in a folder; its folder for temporary files is one of its own.

    It takes no turns with other sessions: how it ends is looked at, and not what it measures.
    """
    (folder / "test_it.py").write_text(source)
    with program(folder, command_of(*options), **variables) as process:
        yield process


@contextmanager
def program(folder: Path, command: list[str], **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A program in a folder that has a folder for temporary files."""
    (folder / "tmp").mkdir(exist_ok=True)
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**environment_of(folder), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(path: Path, patience_s: float = PATIENCE_S, *, content: bool = True) -> str:
    """The content of a file that a test writes; it waits for its turn on the machine first."""
    deadline = time.monotonic() + patience_s
    while not (path.exists() and (path.read_text() or not content)):
        assert time.monotonic() < deadline, f"{path} was not written"
        time.sleep(0.02)
    return path.read_text()


def left_processes(folder: Path) -> list[str]:
    """Commands of the living processes of a session, found by their environment or their working folder."""
    found = []
    for process in psutil.process_iter():
        try:
            is_own = process.environ().get(MARK) == str(folder) or process.cwd() == str(folder)
            if is_own and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid}: {' '.join(process.cmdline())}")
        except (psutil.Error, OSError):
            continue
    return found


def left_locks(folder: Path) -> list[str]:
    """Files in a session's folder that a process has locked."""
    return [path.name for path in folder.rglob("*.lock") if is_locked(path)]


def is_locked(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def kill_all_at_once(folder: Path) -> None:
    """As the end of a container does: nobody is left to tidy up."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        stopped: set[int] = set()
        while new := {int(line.partition(":")[0]) for line in left_processes(folder)} - stopped:
            for pid in new:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            stopped |= new
    deadline = time.monotonic() + 2.0
    while any(left := (left_processes(folder), left_locks(folder))) and time.monotonic() < deadline:
        time.sleep(0.02)  # a process may be told to have ended while one of its threads has the files open
    assert not any(left), f"what was killed does not end, or keeps locks: {left}"


def left_files(folder: Path) -> list[str]:
    """What lies in a session's folder for temporary files, except for pytest's own; what is half done in its cache."""
    recorder = folder / "cache" / "recorder"
    half_done = [*folder.rglob("*.building-*"), *folder.glob(".r.json*"), *recorder.glob("*/")]
    temporary = [path for path in (folder / "tmp").iterdir() if not path.name.startswith("pytest-of-")]
    return [path.name for path in (*temporary, *half_done) if path.suffix not in (".so", ".sha256")]


def wait_until_nothing_is_left(folder: Path, patience_s: float = 2.0) -> None:
    """Time in which a process that ends waited for a core does not count: a worker that was starting may take long."""
    began, waited_before = time.monotonic(), waited_for_a_core_s(folder)
    while any(left := left_of(folder)):
        waited = waited_for_a_core_s(folder)
        others_s = max([waited[pid] - waited_before.get(pid, 0.0) for pid in waited], default=0.0)
        assert time.monotonic() - began < min(patience_s + others_s, PATIENCE_S), (
            f"processes, files and locks are left: {left}"
        )
        time.sleep(0.05)


def waited_for_a_core_s(folder: Path) -> dict[str, float]:
    """How long each process of a session was ready to run while others had the cores, where Linux tells it."""
    waited = {}
    for pid in [line.partition(":")[0] for line in left_processes(folder)]:
        with suppress(OSError):
            waited[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return waited


def left_of(folder: Path) -> tuple[list[str], list[str], list[str]]:
    return left_processes(folder), left_files(folder), left_locks(folder)


def report(file: Path) -> Mapping[str, Any]:
    """A JSON report, which is whole whenever it is read."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
