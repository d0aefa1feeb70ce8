"""Tests that misbehave: each is a function of a module that a session measures, followed by one that behaves."""

# mypy: ignore-errors
import atexit
import builtins
import ctypes
import faulthandler
import json
import locale
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest

brief = pytest.mark.multicore(min_cores=0.02, threads=1)


def work():
    return sum(i * i for i in range(20000))


def refuse(*_arguments, **_named):
    raise OSError("replaced by the test")


# A name that begins with test_passed is of a test that passes; what the others fail with is in test_child.py.


@brief
def test_passed_without_descriptors():
    os.closerange(0, 3)
    work()


@brief
def test_passed_in_a_deleted_folder(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    folder.rmdir()
    work()


@brief
def test_passed_with_threads_that_stay():
    if threading.active_count() < 20:
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        threading.Thread(target=time.sleep, args=(1000,)).start()
    work()


@brief
def test_passed_with_a_hanging_exit():
    atexit.register(time.sleep, 1000)
    work()


@brief
def test_passed_with_500_threads():
    ready = threading.Event()
    threads = [threading.Thread(target=ready.wait) for _ in range(500)]
    for thread in threads:
        thread.start()
    work()
    ready.set()
    for thread in threads:
        thread.join()


@brief
def test_passed_with_ignored_signals():
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGCONT", "SIGUSR1"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    work()


@brief
def test_passed_with_another_umask_locale_and_nice():
    os.umask(0o777)
    locale.setlocale(locale.LC_ALL, "C")
    os.environ["LC_ALL"] = "tr_TR.UTF-8"
    os.nice(1)
    work()


@brief
def test_passed_with_limits():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    work()


@brief
def test_passed_after_a_deep_recursion():
    def deep():
        deep()

    with pytest.raises(RecursionError):
        deep()
    work()


@brief
def test_passed_with_another_main():
    sys.modules["__main__"] = types.ModuleType("__main__")
    work()


@brief
def test_passed_with_tracers():
    def tracer(*_):
        return tracer

    sys.settrace(tracer)
    sys.setprofile(lambda *_: None)
    threading.settrace(tracer)
    work()


@brief
def test_passed_without_faulthandler():
    faulthandler.disable()
    work()


@brief
def test_passed_with_other_clocks(monkeypatch):
    for name in ("monotonic", "perf_counter", "time", "process_time", "thread_time"):
        monkeypatch.setattr(time, name, lambda: 0.0)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(time, "clock_gettime", lambda _: 0.0)
    work()


@brief
def test_passed_with_another_os(monkeypatch):
    for name in ("listdir", "getpid", "getppid", "read", "write", "sched_getaffinity", "_exit"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(json, "dumps", refuse)
    monkeypatch.setattr(json, "loads", refuse)
    work()


@brief
def test_passed_in_frozen_time():
    with pytest.importorskip("freezegun").freeze_time("2001-01-01"):
        work()


@brief
def test_passed_after_a_journey_in_time():
    with pytest.importorskip("time_machine").travel(0.0):
        work()


@brief
def test_passed_in_a_fake_file_system():
    with pytest.importorskip("pyfakefs.fake_filesystem_unittest").Patcher():
        assert not os.path.exists(__file__)
        work()


@brief
def test_passed_with_children_that_stay():
    subprocess.Popen(["sleep", "999"])
    subprocess.Popen(["sleep", "999"], env={}, start_new_session=True)
    work()


@brief
def test_passed_in_a_forked_child_too():
    if os.fork():
        work()


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
