"""Which library's code each thread of a process runs: whose pool it is of, for few libraries name their threads.

Looked up from outside. The C library keeps a record of each thread on top of the thread's stack, with the thread's
number and, after it, the function that the thread was started with. That function's address lies in the file of the
library that made the thread. C++'s own starts every std::thread by one function of libstdc++; there the thread's
argument is an object of the library, which begins with the address of a table in that library's file. Tried with
glibc 2.36; where a record is laid out otherwise, nothing is found. Linux only. A thread that runs cannot be looked up:
its process has to be stopped, or asleep.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pytest_multicore.settings import clocks
from pytest_multicore.settings.system import IS_LINUX

from .thread_sampler import ThreadSample, ThreadSamples

#: From a thread's stack pointer up to its record: the depth at which a pool's worker waits is some kilobytes.
MAX_STACK = 1 << 18
#: From a thread's number in its record to its function; 872 bytes in glibc 2.36.
MAX_RECORD = 2048
WORD = struct.calcsize("P")
#: The C library: its record of a thread points into it, too.
C_LIBRARY = re.compile(r"/(libc|libpthread|ld-linux[\w-]*)[-.][^/]*$")
STD_THREAD = re.compile(r"/libstdc\+\+\.so|/libc\+\+\.so")
#: A process that was just stopped may still run for a moment.
TRIES, PAUSE_S = 20, 0.005


@dataclass(frozen=True, slots=True)
class Mapping:
    """A range of addresses, and the file that lies there; empty for memory without a file."""

    start: int
    end: int
    executable: bool
    path: str


def with_libraries(samples: ThreadSamples) -> ThreadSamples:
    """The samples, each thread that got CPU time with its library, as far as it is there still and can be looked up."""
    found = {pid: _Process(pid).libraries(samples) for pid in {thread.pid for thread in samples.at_work}}
    tasks = tuple(replace(thread, library=found.get(thread.pid, {}).get(thread.tid, "")) for thread in samples.tasks)
    return replace(samples, tasks=tasks)


class _Process:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._mappings: list[Mapping] = []
        self._memory = -1

    def libraries(self, samples: ThreadSamples) -> dict[int, str]:
        """Paths by thread number. The main thread has no such record: it was started with the program."""
        threads = [one for one in samples.at_work if one.pid == self._pid != one.tid]
        if not (IS_LINUX and threads):
            return {}
        try:
            self._mappings = _mappings(self._pid)
            self._memory = os.open(f"/proc/{self._pid}/mem", os.O_RDONLY)
        except OSError:  # it has ended, or nobody may look into it
            return {}
        try:
            return {thread.tid: path for thread in threads if (path := self._library(thread))}
        finally:
            os.close(self._memory)

    def _library(self, thread: ThreadSample) -> str:
        try:
            pointer = _stack_pointer(self._pid, thread.tid)
            stack = self._mapping(pointer)
            if stack is None:
                return ""
            top = os.pread(self._memory, min(stack.end - pointer, MAX_STACK), pointer)
            return next(filter(None, (self._of_record(top[place:]) for place in _places(top, thread.tid))), "")
        except (OSError, struct.error):
            return ""

    def _of_record(self, record: bytes) -> str:
        """The library by what follows a thread's number; empty where that is no record of a thread."""
        size = min(len(record), MAX_RECORD) // WORD * WORD
        words = [word for (word,) in struct.iter_unpack("P", record[:size])]
        for place, word in enumerate(words[1:-1], 1):
            found = self._mapping(word)
            if found and found.executable and found.path and not C_LIBRARY.search(found.path):
                return self._of_object(words[place + 1]) if STD_THREAD.search(found.path) else found.path
        return ""

    def _of_object(self, address: int) -> str:
        """The library of the table with which an object begins."""
        if self._mapping(address) is None:
            return ""
        (table,) = struct.unpack("P", os.pread(self._memory, WORD, address))
        found = self._mapping(table)
        return found.path if found else ""

    def _mapping(self, address: int) -> Mapping | None:
        return next((one for one in self._mappings if one.start <= address < one.end), None)


def _mappings(pid: int) -> list[Mapping]:
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        rows = [row.split(maxsplit=5) for row in maps]
    found = []
    for place, permissions, *_, path in ((*row, "")[:6] for row in rows):
        start, end = (int(address, 16) for address in place.split("-"))
        path = path.strip().removesuffix(" (deleted)")
        found.append(Mapping(start, end, "x" in permissions, path if path.startswith("/") else ""))
    return found


def _stack_pointer(pid: int, tid: int) -> int:
    """A thread's, from a row of its system call: number, arguments, stack pointer, program counter; or "running"."""
    for _ in range(TRIES):
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as row:
            numbers = row.read().split()
        if len(numbers) > 1:
            return int(numbers[-2], 16) // WORD * WORD
        clocks.sleep(PAUSE_S)
    return 0


def _places(data: bytes, number: int) -> Iterable[int]:
    """Where a number stands on its own, as an integer of C."""
    plain, place = struct.pack("i", number), -1
    while (place := data.find(plain, place + 1)) >= 0:
        if place % WORD == 0:
            yield place
