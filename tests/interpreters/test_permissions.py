"""What the system permits, tried: as this user, without a capability, and behind a filter of system calls."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import pytest_multicore
from pytest_multicore.interpreters.permissions import permissions

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="what is permitted is Linux's")
LOOK = (
    "import json; from pytest_multicore.interpreters.permissions import permissions; print(json.dumps(permissions()))"
)

#: seccomp(2): has the kernel answer EPERM to these system calls of x86-64: personality, ptrace, perf_event_open.
FILTER = """
import ctypes, struct
libc = ctypes.CDLL(None)
lines = [(0x20, 0, 0, 0)]
for number in (135, 101, 298):
    lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x00050000 | 1)]
lines += [(0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *line) for line in lines)
kept = ctypes.create_string_buffer(code)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_void_p)]
program = Program(len(lines), ctypes.addressof(kept))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program)) == 0
"""


#: capabilities(7): without CAP_SYS_NICE, as Docker starts its containers.
NO_SYS_NICE = """
import ctypes
libc = ctypes.CDLL(None)
header, held = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(header, held) == 0
held[0] &= ~(1 << 23)
assert libc.capset(header, held) == 0
import resource
resource.setrlimit(resource.RLIMIT_NICE, (0, 0)), resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
"""


def seen_by(program: str) -> dict[str, bool | None]:
    """What a process of its own finds permitted."""
    environ = {**os.environ, "PYTHONPATH": str(Path(pytest_multicore.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, bool | None] = json.loads(done.stdout)
    return found


@LINUX_ONLY
def test_it_leaves_no_process_and_changes_none() -> None:
    before = {child.pid for child in psutil.Process().children()}
    nice, policy = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    assert permissions().keys() == {"nice", "real_time", "fixed_addresses", "ptrace", "perf"}
    assert {child.pid for child in psutil.Process().children()} == before
    assert (os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)) == (nice, policy)


@LINUX_ONLY
def test_without_the_capability_there_is_no_priority() -> None:
    found = seen_by(NO_SYS_NICE + LOOK)
    assert (found["nice"], found["real_time"]) == (False, False)
    assert found["perf"] == permissions()["perf"]


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.platform != "linux", reason="the filter is for x86-64 Linux")
def test_what_a_filter_forbids_is_seen() -> None:
    found = seen_by(FILTER + LOOK)
    assert (found["fixed_addresses"], found["ptrace"], found["perf"]) == (False, False, False)
    assert found["nice"] == permissions()["nice"]
