"""The same layout of memory in every interpreter, so that two of them differ by their threads alone.

Where the system puts code, stack and heap is drawn anew for each process. That decides which data share a cache's set
and which jumps a predictor's slot, for as long as the process lives: on the machine that this was written on, two
interpreters that ran the same loop of Python differed by up to 11 %, and with fixed addresses by up to 2 %
(docs/explanation/measuring.md). No round can tell, since all rounds of a side come from its one process, so the
interval of their ratio was around something else than the program's. The stack begins below the variables, so these
are filled up to a whole number of pages. (What a string hashes to is drawn, too: environments/variables.py fixes that.)

Mytkowicz, Diwan, Hauswirth and Sweeney, Producing wrong data without doing anything obviously wrong!, ASPLOS 2009, tell
how much layout alone decides.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

#: Of personality(2): addresses are not drawn; and the argument that asks without changing anything.
ADDR_NO_RANDOMIZE, ASK = 0x0040000, 0xFFFFFFFF
#: The system call: sets the calling thread's execution domain and returns the one before, or -1.
Personality = Callable[[int], int]

#: Fill the variables up; the second one makes them an even number, for Linux begins the stack at a multiple of 16 bytes
#: once below their text, and once more below the pointers to them.
FILL, EVEN = "PYTEST_MULTICORE_FILL", "PYTEST_MULTICORE_EVEN"
PAGE = 4096
#: What a variable takes beside its text: "=", an end, and a pointer to it.
BESIDE = 1 + 1 + 8


@contextmanager
def fixed_addresses(personality: Personality | None = None) -> Iterator[None]:
    """Processes that are started within by this thread have addresses that are not drawn, where that is permitted.

    Linux permits it, a container's filter of system calls may not (Docker's own does not): ``are_fixed`` tells.

    Args:
        personality: the system call; None: this system's, if it has one.
    """
    call = personality or _of_this_system()
    before = call(ASK) if call else -1
    if call is None or before == -1:
        yield
        return
    try:
        call(before | ADDR_NO_RANDOMIZE)
        yield
    finally:
        call(before)


def are_fixed(pid: int | str, system: Path = Path("/proc")) -> bool:
    """Whether a process's addresses are not drawn, as the system itself tells of it.

    Args:
        pid: of the process.
        system: where Linux tells of processes and of itself.
    """
    with suppress(OSError, ValueError):
        if (system / "sys/kernel/randomize_va_space").read_text().strip() == "0":
            return True
    with suppress(OSError, ValueError):
        return bool(int((system / str(pid) / "personality").read_text(), 16) & ADDR_NO_RANDOMIZE)
    return False


def filled(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, and one or two that make them end on a page: the stack begins below them."""
    made = {**variables, FILL: ""}
    if len(made) % 2:
        made[EVEN] = ""
    taken = sum(len(os.fsencode(name)) + len(os.fsencode(value)) + BESIDE for name, value in made.items())
    return {**made, FILL: "x" * (-taken % PAGE)}


@cache
def _of_this_system() -> Personality | None:
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        call = ctypes.CDLL(None).personality
    except (OSError, AttributeError):
        return None
    call.argtypes, call.restype = [ctypes.c_ulong], ctypes.c_int
    return call
