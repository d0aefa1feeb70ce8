"""An interpreter's process and its guard (guard.py), which ends all that the interpreter has started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_multicore.settings import clocks

from .address_layout import fixed_addresses
from .affinity import started_on
from .launch import describe_exit, not_started, reap, wait_for_exit
from .log import Log
from .process_tree import descendants, kill_group, kill_processes, marked_processes

GUARD = Path(__file__).with_name("guard.py")
#: The guard starts within 0.1 s where the machine is free. It ends at once, and at the latest a second before this: by
#: then it gives up on processes that the kernel does not let end.
START_TIMEOUT_S, END_TIMEOUT_S = 60.0, 6.0


class GuardedProcess:
    """One started interpreter.

    Attributes:
        pid: the interpreter's process id; it leads a session and a process group of its own.
        stdin: the end of its pipe, unbuffered.
    """

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        folder: Path,
        log: Log,
        mark: str,
        cpus: tuple[int, ...] | None = None,
    ) -> None:
        """Start the guard, which starts the interpreter.

        Args:
            command: the interpreter and its arguments.
            variables: its whole environment.
            folder: its working folder.
            log: gets its standard error.
            mark: a value of the variable process_tree.MARK, which its tree inherits.
            cpus: those that both may run on; None: all that this process may.

        Raises:
            InterpreterCrash: there is no such program, or it cannot be run.
            HostUnfit: the system starts no process.
        """
        self.pid, self._adopts, self._mark = 0, True, mark
        self._status: int | None = None
        self._lines = bytearray()
        self._control, theirs = socket.socketpair()
        try:
            with theirs, fixed_addresses(), started_on(cpus):
                self._guard = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(GUARD), str(theirs.fileno()), str(os.getpid())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log.fileno(),
                    bufsize=0,
                    cwd=folder,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            self._control.close()
            raise not_started(command[0], error.errno) from None
        assert self._guard.stdin is not None  # noqa: S101 - opened as a pipe above
        assert self._guard.stdout is not None  # noqa: S101 - opened as a pipe above
        self.stdin, self._stdout = self._guard.stdin, self._guard.stdout
        try:
            self.pid, self._adopts = self._start(command, variables)
        except BaseException:
            self.end()
            raise

    @property
    def adopter(self) -> int | None:
        """The process whose children its orphans become; None where the system has no such thing."""
        return self._guard.pid if self._adopts else None

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs, and where its guard was killed with it."""
        self._read(0.0)
        return self._status

    @property
    def how_it_ended(self) -> str:
        """Its end in words; the guard's where that has taken it with it."""
        status, of_guard = self.status, self._guard.poll()
        if status is None and of_guard:
            return f"ended, since its guard process {describe_exit(of_guard)}"
        return describe_exit(status)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, or its guard has, with which it ends."""
        return self.status is not None or self._guard.poll() is not None

    def read(self, timeout_s: float) -> bytes | None:
        """What it says next, within so long: empty at the end of its pipe, None where it is silent."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            return os.read(self._stdout.fileno(), 1 << 16) if selector.select(timeout_s) else None

    def stop(self) -> None:
        """Stop its process group."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let its process group go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        # The next question reports a group that has ended.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, at most so long."""
        deadline = clocks.monotonic() + timeout_s
        while self.status is None and (left_s := deadline - clocks.monotonic()) > 0 and self._read(left_s):
            pass

    def end(self) -> None:
        """Kill it and all that it started, unless that has ended by itself."""
        tree = [] if self._adopts or not self.pid else descendants(self.pid)
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)  # upon which the guard ends everything
        wait_for_exit(self._guard, END_TIMEOUT_S)
        is_stuck = self._guard.poll() is None
        if is_stuck:
            self._guard.kill()
        reap(self._guard)
        if is_stuck or self._guard.returncode or not self._adopts:
            # Nobody has adopted what lost its parent: its mark identifies it.
            if self.pid:  # the group 0 is pytest's own
                kill_group(self.pid, tree)
            kill_processes(marked_processes(self._mark))
        self._close()

    def _start(self, command: Sequence[str], variables: Mapping[str, str]) -> tuple[int, bool]:
        """Tell the guard what to start; returns the interpreter's process id, and whether its orphans are adopted."""
        # Formatted, a value that is an enumeration's would be its name.
        pairs = [os.fsencode(name) + b"=" + os.fsencode(value) for name, value in variables.items()]
        content = b"".join(text + b"\0" for text in [b"%d" % len(command), *map(os.fsencode, command), *pairs])
        with contextlib.suppress(BrokenPipeError):
            self._control.sendall(len(content).to_bytes(8, "big") + content)
        kind, *numbers = self._line(START_TIMEOUT_S).split() or [b"error", b"0"]
        if kind == b"error":
            raise not_started(command[0], int(numbers[0]))
        return int(numbers[0]), numbers[1] == b"1"

    def _line(self, timeout_s: float) -> bytes:
        """The guard's next line; empty where it has ended, or was silent for so long."""
        while b"\n" not in self._lines and self._read(timeout_s):
            pass
        line, _, rest = bytes(self._lines).partition(b"\n")
        self._lines[:] = rest
        return line

    def _read(self, timeout_s: float) -> bool:
        """Read what the guard says within so long, once; whether it said something."""
        try:
            self._control.settimeout(timeout_s)
            chunk = self._control.recv(4096)
        except OSError:  # BlockingIOError and TimeoutError among them, and a socket that was closed
            return False
        self._lines += chunk
        kind, _, number = bytes(self._lines).partition(b" ")
        if kind == b"status" and number.endswith(b"\n"):
            self._status = int(number)
        return bool(chunk)

    def _close(self) -> None:
        self._read(0.0)
        self._control.close()
        for stream in (self.stdin, self._stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
