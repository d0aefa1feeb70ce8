"""Tests that misbehave and pass. A session measures each, and one that behaves behind it."""

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

import pytest
from child_tools import brief, refuse, work


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
def test_passed_in_another_folder():
    os.chdir("/")
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
    os.nice(19)
    work()


@brief
def test_passed_with_limits():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    work()


@brief
def test_passed_without_room_for_files(capfd):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    work()


@brief
def test_passed_with_other_signal_handlers():
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGCONT", "SIGALRM"):
        signal.signal(getattr(signal, name), lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    work()


@brief
def test_passed_without_streams():
    sys.stdin = sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
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
def test_passed_with_another_import(monkeypatch):
    with monkeypatch.context() as patches:
        patches.setattr(builtins, "__import__", refuse)
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
def test_passed_with_a_grandchild_that_detached_itself():
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve("/bin/sleep", ["sleep", "999"], {})  # noqa: S606 - no shell is wanted
    os.wait()
    work()


@brief
def test_passed_as_one_that_adopts_orphans():
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    subprocess.run(["sh", "-c", "sleep 999 > /dev/null 2>&1 &"], check=True)
    work()


@brief
def test_passed_in_a_forked_child_too():
    if os.fork():
        work()
