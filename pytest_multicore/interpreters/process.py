"""One live isolated interpreter: start it, ask it, end it.

The child is the agent (agent/runner.py), located and run by path, never imported. Each question gets one answer within
a time limit, or one error that says whose fault it was; whatever happens, nothing of the child's tree is left over.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import psutil

from pytest_multicore.errors import (
    InterpreterCrash,
    InterpreterTimeout,
    MulticoreError,
    ProtocolError,
    UsageError,
    WorkloadError,
)

from . import protocol
from .address_layout import are_fixed
from .launch import Launch, how_it_ended, reap, spawn, wait_for_end
from .log import Log
from .orphans import descendants, end, end_group, guard, marked
from .priority import raise_priority, set_real_time

START_TIMEOUT_S = 60.0
CLOSE_TIMEOUT_S = 5.0
#: How often a wait looks beyond the pipe: at the log's size, and whether the child lives (a forked child of its own
#: can hold the pipe open after it died).
WATCH_EVERY_S = 0.2


class IsolatedInterpreter:
    """A started agent. Use as a context manager: leaving it ends the child's whole process tree."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._log = Log()
        self._buffer = bytearray()
        self._ended_already = self._paused = self._urged = self._was_urged = False
        self._mark = uuid.uuid4().hex
        self._process = spawn(launch, self._log, self._mark)
        self.pid = self._process.pid
        guard().watch(self.pid, self._mark)
        self._priority = raise_priority(self.pid) if launch.raise_priority else "off"
        try:
            self.hello = self.wait_for("hello", START_TIMEOUT_S)
            self.fixed_layout = are_fixed(self.pid)
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> IsolatedInterpreter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether it was ended from here: closed, or killed after it crashed or hung."""
        return self._ended_already

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
        """Send one message whose answer is waited for later; see ``ask`` for the errors."""
        line = protocol.encode(kind, **fields)
        self.resume()
        try:
            self._send(line)
        except BrokenPipeError:
            raise self._ended() from None

    def wait_for(self, expected: str | tuple[str, ...], timeout_s: float) -> protocol.Message:
        """The next message, which must be of the expected type, or of one of them."""
        try:
            message = protocol.decode(self._read_line(timeout_s))
        except MulticoreError:
            raise
        except BaseException:
            # The user's Ctrl-C, or another plugin's time limit: the answer would come to the wrong question.
            self.kill()
            raise
        if message["type"] == "error":
            raise self._failure(message)
        if message["type"] not in ((expected,) if isinstance(expected, str) else expected):
            raise ProtocolError(f"the agent answered {message['type']!r} where {expected!r} was expected")
        return message

    @property
    def priority(self) -> str:
        """What came of raising its CPU priority, for the report."""
        if not self._was_urged:
            return self._priority
        told = f"{self._priority}, then real-time, since its threads were kept waiting"
        return told if self._urged else f"{told}, for a while"

    @property
    def real_time(self) -> bool:
        """Whether its threads are in the real-time class just now: nobody's ordinary ones come before them."""
        return self._urged

    def request_real_time(self, urgent: bool) -> None:
        """Raise its priority further, where it was raised and that is permitted, or take that back."""
        if self._priority.startswith("raised") and urgent is not self._urged and set_real_time(self.pid, urgent):
            self._urged, self._was_urged = urgent, True

    def reset_scheduling(self) -> None:
        """Take that back at a measurement's end: the next one is another's."""
        if not self._ended_already:
            self.request_real_time(False)
        self._was_urged = False

    def pause(self) -> None:
        """Stop the child's process group where it stands: whatever it does between two messages, it does it later."""
        if not (self._paused or self._ended_already):
            self._paused = True
            self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused child go on; every message does so."""
        if self._paused:
            self._paused = False
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        # A group that has just ended shows when it is asked the next time.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def log_tail(self) -> str:
        """The last lines that the child printed."""
        return self._log.tail()

    def close(self) -> None:
        """Ask the child to end, wait a little for its exit handlers, then end whatever is left of its tree."""
        if self._ended_already:
            return
        started_by_it = descendants(self.pid)
        self.say_goodbye()
        wait_for_end(self._process, CLOSE_TIMEOUT_S)
        self._end(started_by_it)

    def say_goodbye(self) -> None:
        """Ask the child to end and do not wait for it: several can end side by side. ``close`` is still due."""
        self.resume()
        with contextlib.suppress(BrokenPipeError):
            self._send(protocol.encode("close"))

    def kill(self) -> None:
        """End the child's whole tree now."""
        if not self._ended_already:
            alive = self._process.poll() is None
            self._end(descendants(self.pid) if alive else marked(self._mark))

    def _end(self, started_by_it: Iterable[psutil.Process]) -> None:
        # Only once: a number that has been given back to the system may be anybody's.
        self._ended_already = True
        end_group(self.pid, started_by_it)
        reap(self._process)
        # What it had started in a session of its own, and left to nobody, like a server that detaches itself.
        end(marked(self._mark))
        guard().forget(self.pid, self._mark)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._log.close()

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        if self._ended_already:
            raise ProtocolError("the interpreter was closed; open a new one")
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _read_line(self, timeout_s: float) -> bytes:
        for chunk in self._chunks(timeout_s):
            self._buffer += chunk
            if b"\n" in chunk:
                line, _, rest = bytes(self._buffer).partition(b"\n")
                self._buffer[:] = rest
                return line
            if len(self._buffer) > protocol.LONGEST_MESSAGE_BYTES:
                self.kill()
                raise ProtocolError(
                    f"the agent sent over {protocol.LONGEST_MESSAGE_BYTES} bytes without a line's end; "
                    "a result must be small: write large data to a file and return its path"
                )
        raise self._ended()

    def _chunks(self, timeout_s: float) -> Iterator[bytes]:
        """Bytes from the child until its pipe ends or it has died; too long a silence kills it."""
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while (left_s := deadline - time.monotonic()) > 0:
                if selector.select(min(left_s, WATCH_EVERY_S)):
                    chunk = os.read(self._process.stdout.fileno(), 1 << 16)
                    if not chunk:
                        return
                    yield chunk
                elif self._process.poll() is not None:
                    return
                self._log.keep_small()
        raise self._timed_out(timeout_s)

    def _failure(self, message: protocol.Message) -> Exception:
        text = str(message.get("message") or message.get("exception") or "the child's code failed")
        if message.get("kind") == "usage":
            return UsageError(text)
        if message.get("kind") == "protocol":
            return ProtocolError(text)
        return WorkloadError(text, str(message.get("traceback") or ""), self.log_tail())

    def _ended(self) -> InterpreterCrash:
        wait_for_end(self._process, CLOSE_TIMEOUT_S)
        how, tail = how_it_ended(self._process.poll()), self.log_tail()
        self.kill()
        return InterpreterCrash(f"the isolated interpreter (process {self.pid}) {how}", tail)

    def _timed_out(self, timeout_s: float) -> InterpreterTimeout:
        tail = self.log_tail()
        self.kill()
        return InterpreterTimeout(
            f"the isolated interpreter (process {self.pid}) gave no answer within {timeout_s:g} s; it was killed with "
            "everything it had started. If the work is meant to take that long, raise the budget",
            tail,
        )
