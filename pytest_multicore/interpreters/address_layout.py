"""The same memory layout in every interpreter, so that two of them differ by their threads alone.

The system places code, stack and heap at random addresses, new ones for each process. They decide which data share a
set of the cache and which jumps share a slot of the branch predictor, for as long as the process lives. On the machine
that this was written on, two interpreters that ran the same Python loop differed by up to 11 %, and with fixed
addresses by up to 2 % (docs/explanation/measuring.md). More rounds do not average that out: all rounds of a side are
from one process. The stack begins below the environment variables, so these are padded to a whole number of pages.
(Hashes of strings are random too: environments/variables.py fixes them.)

Mytkowicz, Diwan, Hauswirth and Sweeney, Producing wrong data without doing anything obviously wrong!, ASPLOS 2009, show
how much of a difference the layout alone makes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from pytest_multicore.settings.system import IS_LINUX

#: Of personality(2): the flag for fixed addresses, and the argument that queries without a change.
ADDR_NO_RANDOMIZE, QUERY = 0x0040000, 0xFFFFFFFF
#: The system call: sets the calling thread's execution domain and returns the previous one, or -1.
Personality = Callable[[int], int]

#: The first pads the variables. The second makes their number even: Linux aligns the stack to 16 bytes below their
#: text, and again below the pointers to them.
PADDING_VARIABLE, PARITY_VARIABLE = "PYTEST_MULTICORE_FILL", "PYTEST_MULTICORE_EVEN"
PAGE_BYTES = 4096
#: Bytes of a variable in addition to its name and value: "=", the final zero, and a pointer.
VARIABLE_OVERHEAD_BYTES = 1 + 1 + 8


@contextmanager
def fixed_addresses(personality: Personality | None = None) -> Iterator[None]:
    """Processes that this thread starts within the context have fixed addresses, where that is permitted.

    Linux permits it; a container's filter of system calls may not (Docker's default does not). See
    ``has_fixed_addresses``.

    Args:
        personality: the system call; None: this system's, if it has one.
    """
    call = personality or _system_personality()
    before = call(QUERY) if call else -1
    if call is None or before == -1:
        yield
        return
    try:
        call(before | ADDR_NO_RANDOMIZE)
        yield
    finally:
        call(before)


def has_fixed_addresses(pid: int | str, proc: Path = Path("/proc")) -> bool:
    """Whether a process has fixed addresses, by what the system says of it.

    Args:
        pid: the process.
        proc: the folder in which Linux describes processes and itself.
    """
    with suppress(OSError, ValueError):
        if (proc / "sys/kernel/randomize_va_space").read_text().strip() == "0":
            return True
    with suppress(OSError, ValueError):
        return bool(int((proc / str(pid) / "personality").read_text(), 16) & ADDR_NO_RANDOMIZE)
    return False


def padded_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables with one or two more, which pad them to whole pages: the stack begins below them."""
    padded = {**variables, PADDING_VARIABLE: ""}
    if len(padded) % 2:
        padded[PARITY_VARIABLE] = ""
    size_bytes = sum(len(os.fsencode(text)) for variable in padded.items() for text in variable)
    size_bytes += len(padded) * VARIABLE_OVERHEAD_BYTES
    return {**padded, PADDING_VARIABLE: "x" * (-size_bytes % PAGE_BYTES)}


@cache
def _system_personality() -> Personality | None:
    if not IS_LINUX:
        return None
    import ctypes

    try:
        call = ctypes.CDLL(None).personality
    except (OSError, AttributeError):
        return None
    call.argtypes, call.restype = [ctypes.c_ulong], ctypes.c_int
    return call
