"""An interpreter's process where there are no process groups, and so no guard, as on Windows.

It and what it starts are found by their parents, and by the mark in their environment. What lost its parent and emptied
its environment is not found. When pytest is killed, the interpreter ends at the end of its pipe, after its call.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from .affinity import started_on
from .launch import KILL_TIMEOUT_S, describe_exit, not_started
from .log import Log
from .process_tree import descendants, kill_processes, marked_processes

#: How long the last that it said may take from its end to here.
LAST_WORDS_S = 0.2


class UnguardedProcess:
    """One started interpreter; see guarded_process.GuardedProcess, whose face this has.

    Attributes:
        pid: the interpreter's process id.
        stdin: the end of its pipe, unbuffered.
        adopter: None: its orphans leave its tree.
    """

    adopter = None

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        folder: Path,
        log: Log,
        mark: str,
        cpus: tuple[int, ...] | None = None,
    ) -> None:
        """Start the interpreter; see GuardedProcess for the arguments and the error."""
        self._mark = mark
        try:
            with started_on(cpus):
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log.fileno(),
                    bufsize=0,
                    cwd=folder,
                    env=dict(variables),
                )
        except OSError as error:
            raise not_started(command[0], error.errno) from None
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe above
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe above
        self.pid, self.stdin, self._stdout = self._process.pid, self._process.stdin, self._process.stdout
        self._chunks = queue.SimpleQueue[bytes]()
        # Where only sockets can be waited for, a thread waits for a pipe.
        self._reader = threading.Thread(target=self._read_all, name="multicore-reader", daemon=True)
        self._reader.start()

    @property
    def how_it_ended(self) -> str:
        """Its end in words."""
        return describe_exit(self._process.poll())

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, and all that it said was read: what it forked may hold the pipe open."""
        if self._process.poll() is None:
            return False
        self._reader.join(LAST_WORDS_S)
        return self._chunks.empty()

    def read(self, timeout_s: float) -> bytes | None:
        """What it says next, within so long: empty at the end of its pipe, None where it is silent."""
        with contextlib.suppress(queue.Empty):
            return self._chunks.get(timeout=timeout_s)
        return None

    def stop(self) -> None:
        """Stop all that it has started, and it: what starts meanwhile is stopped too."""
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                process.suspend()

    def go_on(self) -> None:
        """Let what was stopped go on."""
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                process.resume()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end, at most so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)

    def end(self) -> None:
        """Kill it and all that it started, as far as that is found."""
        tree = self._tree()
        kill_processes(tree)
        kill_processes(marked_processes(self._mark))
        self.wait(KILL_TIMEOUT_S)
        self._reader.join(KILL_TIMEOUT_S)
        with contextlib.suppress(OSError):
            self.stdin.close()
        if not self._reader.is_alive():  # else a process that was not found has the pipe open, and the thread reads
            self._stdout.close()

    def _tree(self) -> list[psutil.Process]:
        """It, first, and its descendants; empty where it has ended, and its number may be another's."""
        if self._process.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [psutil.Process(self.pid), *descendants(self.pid)]
        return []

    def _read_all(self) -> None:
        while chunk := self._next_chunk():
            self._chunks.put(chunk)
        self._chunks.put(b"")

    def _next_chunk(self) -> bytes:
        with contextlib.suppress(OSError):  # Windows says so in place of an end
            return os.read(self._stdout.fileno(), 1 << 16)
        return b""
