"""Tests that misbehave and do not pass; what each one fails with is in test_child.py."""

# mypy: ignore-errors
import ctypes
import faulthandler
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from child_tools import brief, refuse, work


@brief
def test_segfault():
    ctypes.string_at(0)


@brief
def test_abort():
    os.abort()


@brief
def test_overflow():
    sys.setrecursionlimit(10**9)

    def deep(n):
        return eval("deep(n + 1)", {"deep": deep, "n": n})  # noqa: S307 - each call takes a frame of C, which no limit of Python counts

    deep(0)


@brief
def test_memory_of_a_group():
    """Killed by the kernel for its memory; skipped where this user may make no control group with a limit."""
    for group in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
        is_first = group.name == "memory"  # of the two versions of control groups
        limit = "memory.limit_in_bytes" if is_first else "memory.max"
        with_swap = "memory.memsw.limit_in_bytes" if is_first else "memory.swap.max"
        own = group / f"test-of-memory-{os.getpid()}"
        if not (group / "cgroup.procs").exists():
            continue
        try:
            own.mkdir()
            (own / limit).write_text(str(128 << 20))
            if (own / with_swap).exists():
                (own / with_swap).write_text(str(128 << 20) if is_first else "0")
            (own / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:
            if own.exists():
                own.rmdir()
            continue
        break
    else:
        pytest.skip("no control group with a memory limit can be made here")
    kept = []
    for _ in range(16):
        kept.append(bytearray(os.urandom(1 << 20)) * 64)  # 1 GiB in all, an eighth of which is allowed
    raise AssertionError("nothing killed it")


@brief
def test_exit_in_a_thread():
    threading.Thread(target=os._exit, args=(9,)).start()
    time.sleep(60)


@brief
def test_exit_by_faulthandler():
    faulthandler.dump_traceback_later(1, exit=True)
    time.sleep(60)


@brief
def test_time_of_a_process():
    resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    while True:
        work()


@brief
def test_closed():
    os.closerange(3, 1 << 16)
    work()


@brief
def test_closed_with_the_log():
    os.closerange(0, 1 << 16)
    work()


@brief
def test_memory_of_a_process():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    assert [bytearray(1 << 28) for _ in range(20)]


@brief
def test_patched_for_good():
    os.urandom = refuse
    os.urandom(1)


@brief
def test_stopped(request):
    work()
    if hasattr(request.config, "called"):
        os.kill(os.getpid(), signal.SIGSTOP)
    request.config.called = True


@brief
def test_deadlock(request):
    work()
    if hasattr(request.config, "called"):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    request.config.called = True
