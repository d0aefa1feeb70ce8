"""Programs that start processes. Each returns the measured region, and writes what a wait on them reports.

A region appends one number to the file: CPU seconds of the processes that it started or used, as their parent's wait or
they themselves tell them.
"""

import concurrent.futures
import functools
import multiprocessing
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable

CPU_S = 0.15
BURN = f"import time\nwhile time.process_time() < {CPU_S}: pass"
Region = Callable[[], None]


def burn(cpu_s: float = CPU_S) -> float:
    """Burn CPU time; return what this process has used since the call, in CPU seconds."""
    began_s = time.process_time()
    while time.process_time() < began_s + cpu_s:
        pass
    return time.process_time() - began_s


def note(truth: str, cpu_s: float) -> None:
    with open(truth, "a") as file:
        file.write(f"{cpu_s!r}\n")


def waited_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def counting_waits(work: Region, truth: str) -> Region:
    """The region whose processes all end in it and are waited for: the truth is what the system tells of them."""

    def region() -> None:
        before_s = waited_s()
        work()
        note(truth, waited_s() - before_s)

    return region


def in_fork(then: Callable[[], object] = burn) -> int:
    """Start a process by a bare fork, which ends once it has done its work."""
    child = os.fork()
    if not child:
        then()
        os._exit(0)
    return child


def fork(truth: str) -> Region:
    def region() -> None:
        _, _, used = os.wait4(in_fork(), 0)
        note(truth, used.ru_utime + used.ru_stime)

    return region


def spawn(truth: str) -> Region:
    context = multiprocessing.get_context("spawn")

    def work() -> None:
        processes = [context.Process(target=burn) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()

    return counting_waits(work, truth)


def forkserver(truth: str) -> Region:
    """The server waits for the workers: they themselves say what they used."""
    context = multiprocessing.get_context("forkserver")
    queue = context.SimpleQueue()
    started = context.Process(target=burn, args=(0.0,))
    started.start()
    started.join()

    def region() -> None:
        processes = [context.Process(target=burn_and_tell, args=(queue,)) for _ in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        note(truth, sum(queue.get() for _ in processes))

    return region


def burn_and_tell(queue: "multiprocessing.SimpleQueue[float]") -> None:
    burn()
    queue.put(time.process_time())


def subprocesses(truth: str) -> Region:
    def work() -> None:
        subprocess.run([sys.executable, "-I", "-c", BURN], check=True)

    return counting_waits(work, truth)


def grandchild(truth: str) -> Region:
    """A shell that waits for a program of its own."""

    def work() -> None:
        subprocess.run(["sh", "-c", f"{sys.executable} -I -c '{BURN}'; true"], check=True)

    return counting_waits(work, truth)


def pool(executor: concurrent.futures.Executor, truth: str) -> Region:
    """Workers that live on: the truth is what each task says of itself."""

    def region() -> None:
        note(truth, sum(executor.map(burn, [CPU_S] * 4)))

    return region


def living_workers(truth: str) -> Region:
    return pool(concurrent.futures.ProcessPoolExecutor(2), truth)


def loky(truth: str) -> Region:
    from joblib.externals.loky import get_reusable_executor

    return pool(get_reusable_executor(max_workers=2), truth)


def not_waited_for(truth: str) -> Region:
    """A child that has ended when the region does, and that its parent never waits for."""

    def region() -> None:
        reading, writing = os.pipe()
        in_fork(functools.partial(burn_and_write, writing))
        note(truth, told(reading, writing))

    return region


def waited_for_later(truth: str) -> Region:
    """A child that ends as the region does, for which a thread waits: as an executor that nobody waits for."""

    def region() -> None:
        reading, writing = os.pipe()
        child = in_fork(functools.partial(burn_and_write, writing))
        threading.Thread(target=os.waitpid, args=(child, 0)).start()
        os.close(writing)
        note(truth, float(os.read(reading, 100)))
        os.close(reading)

    return region


def orphan(truth: str) -> Region:
    """A daemon's double fork: the worker's parent ends at once."""

    def region() -> None:
        reading, writing = os.pipe()
        parent = in_fork(functools.partial(in_fork, functools.partial(burn_and_write, writing)))
        _, _, used = os.wait4(parent, 0)
        note(truth, told(reading, writing) + used.ru_utime + used.ru_stime)

    return region


def daemon(truth: str) -> Region:
    """The same in a session of its own, as a server detaches itself."""

    def detached(writing: int) -> None:
        os.setsid()
        in_fork(functools.partial(burn_and_write, writing))

    def region() -> None:
        reading, writing = os.pipe()
        _, _, used = os.wait4(in_fork(functools.partial(detached, writing)), 0)
        note(truth, told(reading, writing) + used.ru_utime + used.ru_stime)

    return region


def burn_and_write(writing: int) -> None:
    burn()
    os.write(writing, f"{time.process_time()}".encode())


def told(reading: int, writing: int) -> float:
    """What a process says of itself before it ends."""
    os.close(writing)
    cpu_s = float(os.read(reading, 100))
    os.read(reading, 100)  # until it has ended
    os.close(reading)
    return cpu_s


def many_orphans(count: int) -> None:
    for _ in range(count):
        os.waitpid(in_fork(functools.partial(in_fork, lambda: None)), 0)
