"""Wall and CPU clocks in nanoseconds on every Python, and the loop that is measured."""

import collections
import itertools
import os
import time

try:
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
except ImportError:  # Windows
    getrusage = None


def _ctypes_clock(identifier, fallback):
    """A function that reads a POSIX clock in seconds: time.clock_gettime for Python 2.7."""
    read = _clock_gettime()
    if read is None:
        return fallback
    return lambda: read(identifier)


def _clock_gettime():
    """time.clock_gettime, also on Python 2.7; None where the system has no such function."""
    builtin = getattr(time, "clock_gettime", None)
    if builtin is not None:
        return builtin
    try:
        import ctypes

        class Timespec(ctypes.Structure):
            _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]

        # PyDLL keeps the interpreter's lock: to wait for it after each reading would disturb what is measured.
        try:
            read = ctypes.PyDLL(None).clock_gettime
        except AttributeError:
            read = ctypes.PyDLL("librt.so.1").clock_gettime  # glibc before 2.17
    except (ImportError, AttributeError, OSError):
        return None

    def clock(identifier):
        now = Timespec()  # of this reading alone: another thread may read a clock meanwhile
        if read(identifier, ctypes.byref(now)):
            raise OSError("no such clock: %d" % identifier)
        return now.tv_sec + now.tv_nsec * 1e-9

    return clock


def _own_cpu():
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _clocks():
    if hasattr(time, "process_time"):
        return time.perf_counter, time.process_time
    import sys

    monotonic, process = (6, 12) if sys.platform == "darwin" else (1, 2)
    return _ctypes_clock(monotonic, time.time), _ctypes_clock(process, _own_cpu)


# All of them as they are now: a test may replace them, for its call or for good.
listdir, sleep = os.listdir, time.sleep
wall, own_cpu = _clocks()
gettime = _clock_gettime()


def _thread_clock():
    """CPU seconds of the calling thread; None where there is no such clock."""
    builtin = getattr(time, "thread_time", None)
    if builtin is not None:
        return builtin
    # CLOCK_THREAD_CPUTIME_ID of Linux.
    return (lambda: gettime(3)) if gettime and os.path.isdir("/proc/self/task") else (lambda: None)


thread_cpu = _thread_clock()


def process_cpu():
    """CPU seconds of all threads, up to now.

    Linux updates a running thread's time at its tick, every 1 to 10 ms, or when that thread's own clock is read; the
    process's clock adds up these times as they are. Without the update a thread that still spun at the end of a round
    lacked 2 ms, a tenth of a short round. The id of a thread's clock is computed from its number, see
    clock_getcpuclockid(3).
    """
    try:
        threads = listdir("/proc/self/task")
    except OSError:
        threads = []
    for thread in threads:
        try:
            gettime((~int(thread) << 3) | 6)
        except (OSError, TypeError):  # it has ended, or there are no such clocks
            continue
    return own_cpu()


def children_cpu():
    """CPU seconds of the children that were waited for, so far; 0.0 where the system does not add them up."""
    if getrusage is None:
        return 0.0
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


#: The repetitions that are left of the round.
CURRENT_TURNS = [iter(())]


def _leave_no_turns():
    """In a forked child: where the region returns in it too, it must not repeat it, and so fork again and again."""
    collections.deque(CURRENT_TURNS[0], 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_no_turns)


def measure(region, repeat):
    """Call `region` `repeat` times.

    Returns:
        wall_s, process_cpu_start_s, process_cpu_end_s, children_cpu_s and clocks_s, in seconds. CPU time is read before
        and after the wall clock, so that busy cores can only be overestimated; clocks_s is the time by which the CPU
        readings may lie further apart than the wall's. A reading takes tens of microseconds with cold caches.
    """
    turns = CURRENT_TURNS[0] = itertools.repeat(None, repeat)
    before_s = wall()
    children_s = children_cpu()
    cpu_start_s = process_cpu()
    start_s = wall()
    for _ in turns:
        region()
    end_s = wall()
    cpu_end_s = process_cpu()
    children_s = children_cpu() - children_s
    after_s = wall()
    return {
        "wall_s": end_s - start_s,
        "process_cpu_start_s": cpu_start_s,
        "process_cpu_end_s": cpu_end_s,
        "children_cpu_s": children_s,
        "clocks_s": max(0.0, (after_s - before_s) - (end_s - start_s)),
    }
