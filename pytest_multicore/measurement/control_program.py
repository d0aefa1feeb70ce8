"""Short bursts of a fixed piece of work on several cores at once. Run by path (control_workers.py).

    COUNT PID                        the arguments: how many workers, and the parent
    child  -> ready
    parent -> NUMBER CPUS START END  of the burst; the core of each worker that shall work, "0,2m" or "-" for any; the
                                     burst's edges in seconds of CLOCK_MONOTONIC
    child  -> NUMBER COUNT:CPU_S ... what each of them did between the edges, in units of work and CPU seconds

Work "m" copies memory, a megabyte at a time, out of more than a core's own cache. Other work is SHA3-256 of a buffer
that fits the first-level cache: integer arithmetic that keeps a core's units busy, so that two workers on one core's
two hardware threads show about half the speed each. It ends at the end of its input, and on Linux with its parent,
which may have forked a process that lives on and holds the input open.
"""

import contextlib
import ctypes
import hashlib
import itertools
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable

#: Seconds before a burst in which a worker wakes up and warms its caches with the work itself.
WARM_UP_S = 0.0002
COMMAND = struct.Struct("iidd")
ANSWER = struct.Struct("qd")
BUFFER = bytes(4096)
STEP_BYTES, STEPS = 1 << 20, 32
ANY_CPU = -1
HAS_FORK = hasattr(os, "fork")
#: The argument of a worker that was started as a program of its own.
WORKER = "worker"
#: Those that were spawned: their pipes stay open for as long as they are kept here.
WORKER_PROCESSES = list[object]()


def main() -> None:
    """Start the workers, then have them work as each line says."""
    end_with(int(sys.argv[2]))
    # Shared, so that they take their memory once; and none before one of them copies.
    buffers = mmap.mmap(-1, STEPS * STEP_BYTES), mmap.mmap(-1, STEPS * STEP_BYTES)
    if sys.argv[1] == WORKER:
        work(0, 1, copying(*buffers))
        return
    workers = [start(buffers) if HAS_FORK else spawn() for _ in range(int(sys.argv[1]))]
    print("ready", flush=True)
    while line := sys.stdin.readline():
        number, cpus, start_s, end_s = line.split()
        names = cpus.split(",")
        for (commands, _), name in zip(workers, names, strict=False):
            cpu = ANY_CPU if name.startswith("-") else int(name.rstrip("m"))
            os.write(commands, COMMAND.pack(cpu, name.endswith("m"), float(start_s), float(end_s)))
        done = [ANSWER.unpack(os.read(answers, ANSWER.size)) for _, answers in workers[: len(names)]]
        print(number, *(f"{count}:{cpu_s}" for count, cpu_s in done), flush=True)


def end_with(parent: int) -> None:
    """End when the parent does, where Linux tells of it. It tells of the end of a thread, too, that started this."""

    def end_if_it_has(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(0)

    if sys.platform == "linux":
        signal.signal(signal.SIGUSR1, end_if_it_has)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, int(signal.SIGUSR1), 0, 0, 0)  # PR_SET_PDEATHSIG of linux/prctl.h
        end_if_it_has()


def start(buffers: tuple[mmap.mmap, mmap.mmap]) -> tuple[int, int]:
    """Fork a worker; returns the ends to write its commands to and to read its answers from."""
    (to_read, commands), (answers, to_write) = os.pipe(), os.pipe()
    starter = os.getpid()
    if not os.fork():
        end_with(starter)  # also while it sleeps until a burst
        # The commands of those before it must end when the parent does: no worker keeps another's pipe open.
        os.closerange(3, to_read)
        os.closerange(to_read + 1, to_write)
        try:
            work(to_read, to_write, copying(*buffers))
        finally:
            os._exit(0)
    os.close(to_read)
    os.close(to_write)
    return commands, answers


def spawn() -> tuple[int, int]:
    """Start a worker as a program of its own, where a process can't fork; returns what ``start`` returns."""
    import subprocess

    command = [sys.executable, "-I", "-S", __file__, WORKER, str(os.getpid())]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    WORKER_PROCESSES.append(worker)
    assert worker.stdin is not None  # noqa: S101 - opened as a pipe above
    assert worker.stdout is not None  # noqa: S101 - opened as a pipe above
    return worker.stdin.fileno(), worker.stdout.fileno()


def work(commands: int, answers: int, copy: Callable[[], None]) -> None:
    """Work between the edges of each command until they end."""
    current_cpu = ANY_CPU
    while command := os.read(commands, COMMAND.size):
        cpu, copies, start_s, end_s = COMMAND.unpack(command)
        if cpu not in (ANY_CPU, current_cpu):
            # Taken from us meanwhile, or no such call on this system: wherever it is put.
            with contextlib.suppress(OSError, AttributeError):
                os.sched_setaffinity(0, {cpu})
                current_cpu = cpu
        step = copy if copies else hashing
        # Asleep until then: a worker that spins would keep the core from the process that hands out the commands.
        time.sleep(max(0.0, start_s - WARM_UP_S - time.monotonic()))
        while time.monotonic() < start_s:
            step()
        count, began_s = 0, time.process_time()
        while time.monotonic() < end_s:
            step()
            count += 1
        os.write(answers, ANSWER.pack(count, time.process_time() - began_s))


def hashing() -> None:
    """One unit of the work that needs no memory."""
    hashlib.sha3_256(BUFFER)


def copying(source: mmap.mmap, target: mmap.mmap) -> Callable[[], None]:
    """One unit of the work that needs nothing else: each call copies the next part of a buffer."""
    parts = itertools.cycle(range(0, STEPS * STEP_BYTES, STEP_BYTES))
    read, write = memoryview(source), memoryview(target)

    def step() -> None:
        begin = next(parts)
        write[begin : begin + STEP_BYTES] = read[begin : begin + STEP_BYTES]

    return step


if __name__ == "__main__":
    main()
