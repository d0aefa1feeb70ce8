"""Wall and CPU clocks with nanoseconds on every Python, and the loop that is measured."""

import itertools
import os
import resource
import time


def _ctypes_clock(identifier, otherwise):
    """A function that reads a POSIX clock in seconds: what time.clock_gettime is, for Python 2.7."""
    read = _clock_gettime()
    if read is None:
        return otherwise
    return lambda: read(identifier)


def _clock_gettime():
    """What time.clock_gettime is, also on Python 2.7; None where the system has no such thing."""
    known = getattr(time, "clock_gettime", None)
    if known is not None:
        return known
    try:
        import ctypes

        class Timespec(ctypes.Structure):
            _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]

        try:
            read = ctypes.CDLL(None).clock_gettime
        except AttributeError:
            read = ctypes.CDLL("librt.so.1").clock_gettime  # glibc before 2.17
    except (ImportError, AttributeError, OSError):
        return None
    now = Timespec()
    here = ctypes.byref(now)

    def clock(identifier):
        read(identifier, here)
        return now.tv_sec + now.tv_nsec * 1e-9

    return clock


def _own_cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _clocks():
    if hasattr(time, "process_time"):
        return time.perf_counter, time.process_time
    import sys

    monotonic, process = (6, 12) if sys.platform == "darwin" else (1, 2)
    return _ctypes_clock(monotonic, time.time), _ctypes_clock(process, _own_cpu)


wall, own_cpu = _clocks()
gettime = _clock_gettime()


def _thread_clock():
    """CPU seconds of the thread that asks; None where no clock tells."""
    known = getattr(time, "thread_time", None)
    if known is not None:
        return known
    # CLOCK_THREAD_CPUTIME_ID of Linux.
    return (lambda: gettime(3)) if gettime and os.path.isdir("/proc/self/task") else (lambda: None)


thread_cpu = _thread_clock()


def process_cpu():
    """CPU seconds of all threads, up to now.

    Linux brings a running thread's time up to date at its tick, every 1 to 10 ms, or when somebody reads that thread's
    own clock; the process's clock adds up what is there. Without this a thread that still spins at the end of a round
    lacked 2 ms, a tenth of a short one. A thread's clock has an id that is made of its number, see
    clock_getcpuclockid(3).
    """
    try:
        threads = os.listdir("/proc/self/task")
    except OSError:
        threads = []
    for thread in threads:
        try:
            gettime((~int(thread) << 3) | 6)
        except (OSError, TypeError):  # it has ended, or there are no such clocks
            continue
    return own_cpu()


def children_cpu():
    """CPU seconds of the children that were waited for, up to now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(region, repeat):
    """Call `region` `repeat` times.

    Returns:
        wall_s, process_cpu_start_s, process_cpu_end_s, children_cpu_s and clocks_s, in seconds. CPU is read outside the
        wall's readings, so that busy cores can only come out too high; clocks_s is the time by which the CPU's readings
        may lie further apart than the wall's. Reading takes tens of microseconds where the region has left the caches.
    """
    turns = itertools.repeat(None, repeat)
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
        "clocks_s": (after_s - before_s) - (end_s - start_s),
    }
