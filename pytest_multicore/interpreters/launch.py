"""The start of an isolated interpreter's process, and how it ended."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_multicore.errors import InterpreterCrash

from .address_layout import filled, fixed_addresses
from .log import Log
from .orphans import MARK

RUNNER = Path(__file__).parent / "agent" / "runner.py"
#: What was killed ends sooner, unless the system holds it up.
PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Launch:
    """What it takes to start one interpreter.

    Attributes:
        command: the interpreter and its flags, without the agent.
        variables: the child's whole environment.
        folder: its working folder.
        raise_priority: give it the highest CPU priority that the system permits.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    folder: Path
    raise_priority: bool = True


def spawn(launch: Launch, log: Log, mark: str) -> subprocess.Popen[bytes]:
    """Start the agent in a session of its own, everything that it starts marked.

    Raises:
        InterpreterCrash: there is no such program, or it cannot be run.
    """
    command = [*launch.command, str(RUNNER)]
    try:
        with fixed_addresses():
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log.fileno(),
                env=filled({**launch.variables, MARK: mark}),
                cwd=launch.folder,
                start_new_session=True,
            )
    except OSError as error:
        log.close()
        raise InterpreterCrash(
            f"the interpreter {launch.command[0]} cannot be started: {error.strerror}; "
            "check the path, or let the environment be built again"
        ) from error


def wait_for_end(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Wait until it has ended, at most so long. Popen.wait comes to look every 50 ms; Linux tells at once."""
    if process.poll() is None and hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            end = os.pidfd_open(process.pid)
            opened.callback(os.close, end)
            selector = opened.enter_context(selectors.DefaultSelector())
            selector.register(end, selectors.EVENT_READ)
            selector.select(timeout_s)
            return
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout_s)


def reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for one that was killed.

    Popen.wait alone can wait for ever: a Ctrl-C that comes just after Popen.poll has taken its lock, and before it
    begins what would give it back, leaves it taken.
    """
    wait_for_end(process, PATIENCE_S)
    try:
        process.wait(0)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ChildProcessError):
            process.returncode = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])


def how_it_ended(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "closed its side of the dialogue but did not end"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended by itself with exit status {status}"
