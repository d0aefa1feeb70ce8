"""Whose code a thread runs is read from outside, of real threads of real libraries."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_multicore.measurement.thread_libraries import with_libraries
from pytest_multicore.measurement.thread_sampler import Sampler, ThreadSample

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads are looked at on Linux only")

#: A thread of OpenBLAS, one of Python, and one of a library in C++, where one can be compiled.
PROGRAM = """
import ctypes, os, sys, threading
os.environ["OPENBLAS_NUM_THREADS"] = "2"
import numpy
def work():
    sum(range(3_000_000))
    threading.Event().wait()

threading.Thread(target=work, daemon=True).start()
if sys.argv[1:]:
    ctypes.CDLL(sys.argv[1]).begin()
a = numpy.ones((600, 600))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(20):
    a @ a
print("worked", flush=True)
sys.stdin.readline()
"""
CPP = """
#include <thread>
static void work() { for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(5)); }
extern "C" void begin() { std::thread(work).detach(); }
"""


@pytest.fixture
def library(tmp_path: Path) -> str:
    source, library = tmp_path / "pool.cpp", tmp_path / "pool.so"
    source.write_text(CPP)
    command = ["c++", "-O1", "-shared", "-fPIC", "-pthread", "-o", str(library), str(source)]
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no C++ compiler")
    return str(library)


def seen(*arguments: str) -> Iterator[ThreadSample]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        with Sampler(process.pid) as sampler:
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "worked\n"
        process.send_signal(signal.SIGSTOP)  # as an observed child is: a pool's threads may spin for a while
        stats = [*Path(f"/proc/{process.pid}/task").glob("*/stat")]
        while {stat.read_text().rpartition(") ")[2][0] for stat in stats} != {"T"}:
            time.sleep(0.001)
        yield from with_libraries(sampler.samples).at_work
        process.send_signal(signal.SIGCONT)
        process.communicate("\n", timeout=20)


def test_each_thread_has_the_library_that_started_it() -> None:
    threads = [*seen()]
    (main,) = [thread for thread in threads if thread.tid == thread.pid]
    names = [Path(thread.library).name for thread in threads if thread is not main]

    assert main.library == ""
    assert sum("openblas" in name for name in names) == 1
    assert all("openblas" in name or "python" in name for name in names)


@pytest.mark.slow
def test_a_thread_of_the_standard_librarys_has_that_of_its_object(library: str) -> None:
    assert library in {thread.library for thread in seen(library)}
