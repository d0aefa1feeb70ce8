"""The same addresses in every interpreter, so that two of them differ by their threads alone.

Where the system puts code, stack and heap is drawn anew for each process. That decides which data share a cache's set
and which jumps a predictor's slot, for as long as the process lives: on the machine that this was written on, two
interpreters that ran the same loop of Python differed by up to 9 %. No round can tell, since all rounds of a side come
from its one process, so the interval of their ratio was around something else than the program's. (What a string hashes
to is drawn, too: environments/variables.py has that fixed.)

Mytkowicz, Diwan, Hauswirth and Sweeney, Producing wrong data without doing anything obviously wrong!, ASPLOS 2009, tell
how much layout alone decides.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

#: Of personality(2): addresses are not drawn; and the argument that asks without changing anything.
ADDR_NO_RANDOMIZE, ASK = 0x0040000, 0xFFFFFFFF


#: The system call: sets the calling thread's execution domain and returns the one before, or -1.
Personality = Callable[[int], int]


@contextmanager
def fixed_addresses(personality: Personality | None = None) -> Iterator[bool]:
    """Processes that are started within by this thread have the addresses that any such process has.

    Args:
        personality: the system call; None: this system's, if it has one.

    Yields:
        Whether that is so. Linux permits it unless a container's filter of system calls does not, as Docker's own.
    """
    call = personality or _of_this_system()
    before = call(ASK) if call else -1
    if call is None or before == -1:
        yield False
        return
    call(before | ADDR_NO_RANDOMIZE)
    try:
        # A sandbox may answer that it was done, and not do it.
        yield bool(call(ASK) & ADDR_NO_RANDOMIZE)
    finally:
        call(before)


@cache
def _of_this_system() -> Personality | None:
    if sys.platform != "linux":
        return None
    import ctypes

    call = ctypes.CDLL(None).personality
    call.argtypes, call.restype = [ctypes.c_ulong], ctypes.c_int
    return call
