"""Run a command as Docker does by default: behind its filter of system calls, without CAP_SYS_NICE.

    python docker_filter.py COMMAND ARGUMENTS...

Docker's filter is a list of what is permitted (https://docs.docker.com/engine/security/seccomp/); this one refuses, of
all that the list leaves out or binds to a capability, what bears upon a measurement. Source of the filter's form:
seccomp(2). Refused calls fail with EPERM, as there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

#: AUDIT_ARCH_... of linux/audit.h, and the numbers of system calls, by machine.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = {
    "x86_64": {
        "personality": 135,
        "setpriority": 141,
        "sched_setparam": 142,
        "sched_setscheduler": 144,
        "mount": 165,
        "mbind": 237,
        "set_mempolicy": 238,
        "get_mempolicy": 239,
        "keyctl": 250,
        "unshare": 272,
        "perf_event_open": 298,
        "sched_setattr": 314,
        "bpf": 321,
        "userfaultfd": 323,
    },
    "aarch64": {
        "personality": 92,
        "setpriority": 140,
        "sched_setparam": 118,
        "sched_setscheduler": 119,
        "mount": 40,
        "mbind": 235,
        "set_mempolicy": 237,
        "get_mempolicy": 236,
        "keyctl": 219,
        "unshare": 97,
        "perf_event_open": 241,
        "sched_setattr": 274,
        "bpf": 280,
        "userfaultfd": 282,
    },
}
#: What personality(2) may be asked: Linux's own domain and three others, and what it is now. No fixed addresses.
PERMITTED_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
#: linux/bpf_common.h, linux/seccomp.h and linux/prctl.h.
LOAD_WORD, JUMP_IF_EQUAL, JUMP_IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
#: Where struct seccomp_data has the call's number, its architecture, and the lower half of an argument.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, ARGUMENT_BYTES = 0, 4, 16, 8
SIGN = 0x80000000


def program(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: code, jump if true, jump if false, and a number, of each step."""
    numbers = dict(NUMBERS[machine])
    personality, setpriority = numbers.pop("personality"), numbers.pop("setpriority")
    steps = [
        (LOAD_WORD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (RETURN, 0, 0, ALLOW),
        (LOAD_WORD, 0, 0, NUMBER),
    ]
    for number in numbers.values():
        steps += [(JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    # A niceness below zero.
    third = FIRST_ARGUMENT + 2 * ARGUMENT_BYTES
    steps += [(JUMP_IF_EQUAL, 0, 4, setpriority), (LOAD_WORD, 0, 0, third), (JUMP_IF_ANY_BIT, 0, 1, SIGN)]
    steps += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    count = len(PERMITTED_PERSONALITIES)
    steps += [(JUMP_IF_EQUAL, 0, count + 2, personality), (LOAD_WORD, 0, 0, FIRST_ARGUMENT)]
    steps += [(JUMP_IF_EQUAL, count - place, 0, value) for place, value in enumerate(PERMITTED_PERSONALITIES)]
    return [*steps, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]


def install() -> None:
    """Filter this process's system calls from now on, and those of all that it starts.

    Raises:
        OSError: the kernel has no filters, or refuses them.
    """
    steps = b"".join(struct.pack("HBBI", *step) for step in program(platform.machine()))
    buffer = ctypes.create_string_buffer(steps, len(steps))
    of_filter = struct.pack("HP", len(steps) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    whole = ctypes.create_string_buffer(of_filter, len(of_filter))
    for request, mode, address in (
        (PR_SET_NO_NEW_PRIVS, 1, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(whole)),
    ):
        if libc.prctl(request, mode, address, 0, 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    install()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is the whole purpose
