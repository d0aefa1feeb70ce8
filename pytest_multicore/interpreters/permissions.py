"""What the system permits to do with a process that one has started: tried on a process of its own, which does nothing.

A container may forbid each by its filter of system calls or its capabilities, and no file says what a filter forbids.
"""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_multicore.settings.system import HAS_REAL_TIME, IS_LINUX

from .address_layout import fixed_addresses, has_fixed_addresses
from .priority import raise_priority, set_real_time

#: Waits until it is closed, and loads nothing.
IDLE_PROGRAM = "import sys; sys.stdin.read()"
#: Of ptrace(2): attach without stopping the process; it is detached when it ends.
PTRACE_SEIZE = 0x4206
#: perf_event_open(2)'s number, by machine; its attributes for the software clock of a process's own threads.
PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, PERF_ATTR_BYTES = 1, 1, 64
#: Bits of perf_event_attr: disabled, exclude_kernel, exclude_hv. Others than these need more rights.
PERF_FLAGS = 1 | 1 << 5 | 1 << 6


def permissions() -> dict[str, bool | None]:
    """Whether each is permitted; None where this system has no such thing.

    ``nice``: the highest priority of the ordinary class. ``real_time``: the real-time class. ``fixed_addresses``:
    processes without random addresses. ``ptrace``: reading another process's stacks. ``perf``: counting by the kernel.
    """
    with _idle_process() as pid:
        return {
            "nice": raise_priority(pid),
            "real_time": _real_time(pid),
            "fixed_addresses": has_fixed_addresses(pid) if IS_LINUX else None,
            "ptrace": _ptrace(pid),
            "perf": _perf(),
        }


@contextmanager
def _idle_process() -> Iterator[int]:
    with fixed_addresses():
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", IDLE_PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its priority is raised within a session of its own
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def _real_time(pid: int) -> bool | None:
    if not HAS_REAL_TIME:
        return None
    permitted = set_real_time(pid, True)
    if permitted:
        set_real_time(pid, False)
    return permitted


def _ptrace(pid: int) -> bool | None:
    """Whether a process may be attached to. A seccomp filter, a lack of capabilities or Yama may forbid it."""
    call = _libc_function("ptrace")
    if call is None:
        return None
    call.argtypes, call.restype = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p], ctypes.c_long
    return bool(call(PTRACE_SEIZE, pid, None, None) == 0)


def _perf() -> bool | None:
    """Whether a counter of this process's own time may be opened: the least of what perf does."""
    number, call = PERF_EVENT_OPEN.get(platform.machine()), _libc_function("syscall")
    if number is None or call is None:
        return None
    attributes = (ctypes.c_uint64 * (PERF_ATTR_BYTES // 8))()
    attributes[0] = PERF_TYPE_SOFTWARE | PERF_ATTR_BYTES << 32
    attributes[1], attributes[5] = PERF_COUNT_SW_TASK_CLOCK, PERF_FLAGS
    call.restype = ctypes.c_long
    descriptor = call(
        ctypes.c_long(number), attributes, ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(-1), ctypes.c_ulong(0)
    )
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True


def _libc_function(name: str) -> ctypes._NamedFuncPointer | None:
    if not IS_LINUX:
        return None
    return getattr(ctypes.CDLL(None), name, None)
