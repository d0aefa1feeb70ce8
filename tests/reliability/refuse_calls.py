"""Runs a command to which the kernel refuses some system calls, by a filter as a container has one (seccomp(2)).

python refuse_calls.py NAME,... COMMAND...

A refused call fails with EPERM. The name ``fork`` refuses each way to a new process, and no new thread.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

#: Numbers of system calls, and the machine as the filter is told it (linux/audit.h).
NUMBERS = {
    "x86_64": {
        "personality": 135,
        "sched_setscheduler": 144,
        "setpriority": 141,
        "perf_event_open": 298,
        "ptrace": 101,
    },
    "aarch64": {
        "personality": 92,
        "sched_setscheduler": 119,
        "setpriority": 140,
        "perf_event_open": 241,
        "ptrace": 117,
    },
}
FORKS = {"x86_64": (57, 58), "aarch64": ()}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3, CLONE_THREAD = 435, 0x10000
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16


def program(names: list[str]) -> list[tuple[int, int, int, int]]:
    """The filter: operation, jump if true, jump if false, value."""
    machine = platform.machine()
    refuse = (RETURN, 0, 0, REFUSE | errno.EPERM)
    lines = [(LOAD, 0, 0, ARCHITECTURE_AT), (EQUAL, 1, 0, ARCHITECTURE[machine]), (RETURN, 0, 0, ALLOW)]
    lines += [(LOAD, 0, 0, NUMBER_AT)]
    for name in names:
        for number in FORKS[machine] if name == "fork" else (NUMBERS[machine][name],):
            lines += [(EQUAL, 0, 1, number), refuse]
    if "fork" in names:
        # glibc asks for clone where there is no clone3, and only there are the flags a number that a filter sees.
        lines += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
        lines += [(EQUAL, 0, 3, CLONE[machine]), (LOAD, 0, 0, FIRST_ARGUMENT_AT), (ANY_BIT, 1, 0, CLONE_THREAD), refuse]
    return [*lines, (RETURN, 0, 0, ALLOW)]


class FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


def refuse_calls(names: list[str]) -> None:
    """From now on, for this process and all that it starts."""
    lines = program(names)
    packed = b"".join(struct.pack("=HBBI", *line) for line in lines)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    told = FilterProgram(len(lines), packed)
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(told), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls can be set here")


if __name__ == "__main__":
    refuse_calls(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is no shell on purpose
