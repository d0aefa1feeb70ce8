"""One live isolated interpreter: start it, ask it, end it.

The child is the agent (agent/runner.py), located and run by path, never imported. Each question gets one answer within
a time limit, or one error that says whose fault it was. In every case all processes of the child's tree are ended.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Any

from pytest_multicore.errors import (
    InterpreterCrash,
    InterpreterTimeout,
    MulticoreError,
    ProtocolError,
    UsageError,
    WorkloadError,
)
from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import HAS_PROCESS_GROUPS

from . import protocol
from .address_layout import has_fixed_addresses, padded_variables
from .guarded_process import GuardedProcess
from .launch import RUNNER, Launch
from .log import Log
from .priority import HIGHEST_NICE, raise_priority, set_real_time
from .process_tree import MARK, is_stopped
from .unguarded_process import UnguardedProcess

START_TIMEOUT_S = 60.0
CLOSE_TIMEOUT_S = 5.0
#: How often a wait checks the log's size, and whether the child lives: a process that it forked may hold the pipe open
#: after its death.
POLL_INTERVAL_S = 0.2


class IsolatedInterpreter:
    """A running agent. Use it as a context manager, which ends the child's whole process tree."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._log = Log()
        self._buffer = bytearray()
        self._closed = self._paused = self._real_time = self._was_real_time = False
        self._question: int | None = None
        self._process = _started(launch, self._log)
        self.pid = self._process.pid
        self._raised = raise_priority(self.pid) if launch.priority != "off" else None
        try:
            self.hello = self.wait_for("hello", START_TIMEOUT_S)
            self.fixed_layout = has_fixed_addresses(self.pid)
        except BaseException:
            self.kill()
            raise

    @property
    def adopter(self) -> int | None:
        """The process whose children the tree's orphans become; None where they leave the tree."""
        return self._process.adopter

    def __enter__(self) -> IsolatedInterpreter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether it was ended by this object: closed, or killed after it crashed or hung."""
        return self._closed

    def ask(self, kind: str, expected: str | tuple[str, ...], timeout_s: float, **fields: Any) -> protocol.Message:
        """Send one message and wait for its answer.

        Raises:
            WorkloadError: the child's code failed; carries its traceback.
            InterpreterCrash: the child ended; names the signal or the exit status.
            InterpreterTimeout: no answer within ``timeout_s``; the tree was killed.
            ProtocolError: an answer that is not the expected one.
        """
        self.tell(kind, **fields)
        return self.wait_for(expected, timeout_s)

    def tell(self, kind: str, **fields: Any) -> None:
        """Send one message, without waiting for its answer; see ``ask`` for the errors."""
        self._question = (self._question or 0) + 1
        line = protocol.encode(kind, question=self._question, **fields)
        self.resume()
        try:
            self._send(line)
        except OSError:  # Windows has no BrokenPipeError of its own
            raise self._crash() from None

    def wait_for(self, expected: str | tuple[str, ...], timeout_s: float) -> protocol.Message:
        """Wait for the next message, which must be of an expected type; see ``ask`` for the errors."""
        try:
            message = self._decode(self._read_line(timeout_s))
        except MulticoreError:
            raise
        except BaseException:
            # The user's Ctrl-C, or another plugin's time limit: the next question would get this one's answer.
            self.kill()
            raise
        if message["type"] == "error":
            raise self._error_of(message)
        if message["type"] not in ((expected,) if isinstance(expected, str) else expected):
            raise ProtocolError(f"the agent answered {message['type']!r} where {expected!r} was expected")
        return message

    def _decode(self, line: bytes) -> protocol.Message:
        """The answer to the last question. What breaks the dialogue ends it: no later answer could be trusted."""
        try:
            message = protocol.decode(line)
            if message.get("question") != self._question:
                raise ProtocolError(
                    f"the agent sent {message['type']!r} out of turn: it answers question {message.get('question')!r}, "
                    f"and the last one was {self._question}"
                )
        except ProtocolError:
            self.kill()
            raise
        return message

    @property
    def priority(self) -> str:
        """The result of raising its CPU priority, for the report."""
        if self._raised is None:
            return "off"
        text = f"raised (nice {HIGHEST_NICE})" if self._raised else "not permitted"
        if not self._was_real_time:
            return text
        text = f"{text}, then real-time, since its threads were kept waiting"
        return text if self._real_time else f"{text}, for a while"

    @property
    def real_time(self) -> bool:
        """Whether its threads are in the real-time class now: no ordinary thread runs before them."""
        return self._real_time

    def request_real_time(self, enabled: bool) -> None:
        """Put it into the real-time class, where it was launched for that and that is permitted, or take it back."""
        may_change = self._raised and self.launch.priority == "realtime" and enabled is not self._real_time
        if may_change and set_real_time(self.pid, enabled):
            self._real_time, self._was_real_time = enabled, True

    def reset_scheduling(self) -> None:
        """Return to the ordinary class at a measurement's end, and forget that it was left."""
        if not self._closed:
            self.request_real_time(False)
        self._was_real_time = False

    def pause(self) -> None:
        """Stop the child's process group, so that it uses no CPU time between two messages."""
        if not (self._paused or self._closed):
            self._paused = True
            self._process.stop()

    def resume(self) -> None:
        """Let a paused child continue; every message does so."""
        if self._paused:
            self._paused = False
            self._process.go_on()

    def log_tail(self) -> str:
        """The last lines that the child printed."""
        return self._log.tail()

    def close(self) -> None:
        """Ask the child to end, wait for its exit handlers, then kill whatever is left of its tree."""
        if self._closed:
            return
        self.request_close()
        self._process.wait(CLOSE_TIMEOUT_S)
        self.kill()

    def request_close(self) -> None:
        """Ask the child to end without waiting for it, so that several can end at a time. ``close`` must follow."""
        self.resume()
        with contextlib.suppress(OSError):
            self._send(protocol.encode("close"))

    def kill(self) -> None:
        """Kill the child's whole tree now."""
        if not self._closed:
            # Only once: afterwards the system may give the process id to any other process.
            self._closed = True
            self._process.end()
            self._log.close()

    def _send(self, line: bytes) -> None:
        if self._closed:
            raise ProtocolError("the interpreter was closed; open a new one")
        view = memoryview(line)
        while view:
            view = view[os.write(self._process.stdin.fileno(), view) :]

    def _read_line(self, timeout_s: float) -> bytes:
        for chunk in self._chunks(timeout_s):
            self._buffer += chunk
            if b"\n" in chunk:
                line, _, rest = bytes(self._buffer).partition(b"\n")
                self._buffer[:] = rest
                return line
            if len(self._buffer) > protocol.MAX_MESSAGE_BYTES:
                self.kill()
                raise ProtocolError(
                    f"the agent sent over {protocol.MAX_MESSAGE_BYTES} bytes without a line's end; "
                    "a result must be small: write large data to a file and return its path"
                )
        raise self._crash()

    def _chunks(self, timeout_s: float) -> Iterator[bytes]:
        """Bytes from the child until its pipe ends or it has died; after ``timeout_s`` of silence it is killed.

        A wait counts as long as it was to be: where this process was stopped meanwhile, the child has perhaps answered.
        """
        left_s = timeout_s
        while left_s > 0:
            began_s, wait_s = clocks.monotonic(), min(left_s, POLL_INTERVAL_S)
            chunk = self._process.read(wait_s)
            left_s -= min(clocks.monotonic() - began_s, wait_s)
            if chunk:
                yield chunk
            elif chunk is not None or self._process.has_ended:
                return
            self._log.truncate()
        raise self._timed_out(timeout_s)

    def _error_of(self, message: protocol.Message) -> Exception:
        text = str(message.get("message") or message.get("exception") or "the child's code failed")
        if message.get("kind") == "usage":
            return UsageError(text)
        if message.get("kind") == "protocol":
            return ProtocolError(text)
        return WorkloadError(text, str(message.get("traceback") or ""), self.log_tail())

    def _crash(self) -> InterpreterCrash:
        self._process.wait(CLOSE_TIMEOUT_S)
        how, tail = self._process.how_it_ended, self.log_tail()
        self.kill()
        return InterpreterCrash(f"the isolated interpreter (process {self.pid}) {how}", tail)

    def _timed_out(self, timeout_s: float) -> InterpreterTimeout:
        stopped = is_stopped(self.pid) and not self._paused
        tail = self.log_tail()
        self.kill()
        why = (
            "It was stopped, by SIGSTOP or a debugger, and nothing had it go on"
            if stopped
            else "If the work is meant to take that long, raise the budget"
        )
        return InterpreterTimeout(
            f"the isolated interpreter (process {self.pid}) gave no answer within {timeout_s:g} s; it was killed with "
            f"everything it had started. {why}",
            tail,
        )


def _started(launch: Launch, log: Log) -> GuardedProcess | UnguardedProcess:
    """The agent's process; the log is closed where it cannot be started."""
    mark = uuid.uuid4().hex
    variables = padded_variables({**launch.variables, MARK: mark})
    try:
        kind = GuardedProcess if HAS_PROCESS_GROUPS else UnguardedProcess
        return kind([*launch.command, str(RUNNER)], variables, launch.folder, log, mark, launch.cpus)
    except BaseException:
        log.close()
        raise
