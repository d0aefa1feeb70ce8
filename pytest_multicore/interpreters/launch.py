"""How an isolated interpreter is started; wait for the end of a process, and describe its exit."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_multicore.errors import NO_PROCESS, REMEDIES, HostUnfit, InterpreterCrash, MulticoreError
from pytest_multicore.settings.system import HAS_PIDFD

RUNNER = Path(__file__).parent / "agent" / "runner.py"
#: The agent's exit status where the dialogue's descriptors are closed (agent/dialogue/process.py).
CLOSED_DESCRIPTORS_STATUS = 88
#: A killed process ends sooner, unless the system delays it.
KILL_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How one interpreter is started.

    Attributes:
        command: the interpreter and its flags, without the agent.
        variables: the child's whole environment.
        folder: its working folder.
        priority: ``"auto"``: the highest nice priority that the system permits; ``"realtime"``: the real-time class
            too, when it is asked for; ``"off"``: as it is.
        cpus: the CPUs that it may run on, with all that it starts; None: those of this process.
    """

    command: Sequence[str]
    variables: Mapping[str, str]
    folder: Path
    priority: str = "auto"
    cpus: tuple[int, ...] | None = None


def wait_for_exit(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Wait for its end, at most ``timeout_s``. Popen.wait polls every 50 ms; a pidfd of Linux reports it at once."""
    if process.poll() is None and HAS_PIDFD:
        with contextlib.suppress(OSError), contextlib.ExitStack() as closing:
            pidfd = os.pidfd_open(process.pid)
            closing.callback(os.close, pidfd)
            selector = closing.enter_context(selectors.DefaultSelector())
            selector.register(pidfd, selectors.EVENT_READ)
            selector.select(timeout_s)
            return
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout_s)


def reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a killed process.

    Popen.wait alone may never return: a Ctrl-C just after Popen.poll acquired its lock, and before the block that
    releases it, leaves it locked.
    """
    wait_for_exit(process, KILL_TIMEOUT_S)
    try:
        process.wait(0)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ChildProcessError):
            process.returncode = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])


def describe_exit(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "closed its side of the dialogue but did not end"
    if status < 0:
        return f"was ended by {_name_of_signal(-status)}"
    told = f"ended by itself with exit status {status}"
    if status != CLOSED_DESCRIPTORS_STATUS:
        return told
    return (
        f"{told}: the measured code closed descriptors that it had not opened, all or all from 3 on, and those of the "
        "dialogue with pytest are among them; have it close what it has opened, and no range of numbers"
    )


def _name_of_signal(number: int) -> str:
    """A signal's name; its number where Python has none, as of most real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def not_started(program: str, number: int | None) -> MulticoreError:
    """The error for an interpreter that the system has refused to start.

    Args:
        program: its path.
        number: the system's errno; 0 where its guard ended.
    """
    reason = os.strerror(number) if number else "its guard process has ended"
    default = "check the path, or let the environment be built again" if number else "see what ends processes here"
    remedy = REMEDIES.get(number or 0, default)
    what = f"the interpreter {program} cannot be started: {reason}; {remedy}"
    return HostUnfit(f"not measured: {what}") if number in NO_PROCESS else InterpreterCrash(what)
