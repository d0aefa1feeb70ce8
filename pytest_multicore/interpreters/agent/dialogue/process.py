"""This process: its implementation, its CPUs, and its end when the parent dies or it crashes."""

import errno
import os
import sys

#: The exit status that says what nothing else can where all descriptors are closed. interpreters/launch.py knows it.
CLOSED_DESCRIPTORS_STATUS = 88
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
SIGKILL = 9


def die_with_parent():
    """Have Linux kill this process when its parent dies; on other systems the closed pipe ends it."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # a Python built without ctypes, a libc without prctl
        return
    if os.getppid() != parent:  # it died before prctl took effect
        os._exit(1)


def end_without_dialogue(error):
    """End where nothing more can be read or answered, and say why as far as that is possible."""
    broken = "pytest-multicore: the dialogue broke off: "
    if error.errno != errno.EBADF:
        sys.stderr.write("%s%s: the parent is gone\n" % (broken, error))
        sys.exit(1)
    try:
        os.write(2, (broken + "the measured code closed its descriptors\n").encode("ascii"))
    except OSError:  # the log is closed, too
        pass
    os._exit(CLOSED_DESCRIPTORS_STATUS)  # what Python flushes at an ordinary end may be closed, and changes the status


def show_crashes_in_log():
    """Have fatal signals print the Python stack into the log, where this Python can (3.3 and later)."""
    try:
        import faulthandler

        faulthandler.enable(2)
    except (ImportError, OSError, ValueError, RuntimeError):
        pass


def affinity():
    """CPUs that this process may run on, sorted; None where the system does not say."""
    if _get_affinity is not None:
        return sorted(_get_affinity(0))
    try:
        with open("/proc/self/status") as status:
            spans = next(line.split()[1] for line in status if line.startswith("Cpus_allowed_list:")).split(",")
    except (OSError, IOError, StopIteration):  # noqa: UP024 - two classes in 2.7
        return None
    bounds = [[int(end) for end in span.split("-")] for span in spans]
    return [cpu for bound in bounds for cpu in range(bound[0], bound[-1] + 1)]


def set_affinity(cpus):
    """Have all threads of this process run on these CPUs, where Linux permits it."""
    try:
        threads = [int(thread) for thread in os.listdir("/proc/self/task")]
    except OSError:
        return
    for thread in threads:
        try:
            _set_affinity(thread, cpus)
        except OSError:  # it has ended, or a cpuset forbids these
            continue


def _set_affinity_by_libc(thread, cpus):
    """os.sched_setaffinity for 2.7."""
    import ctypes

    bits = 8 * ctypes.sizeof(ctypes.c_ulong)
    mask = (ctypes.c_ulong * (max(cpus) // bits + 1))()
    for cpu in cpus:
        mask[cpu // bits] |= 1 << (cpu % bits)
    ctypes.CDLL(None).sched_setaffinity(thread, ctypes.sizeof(mask), ctypes.byref(mask))


_get_affinity = getattr(os, "sched_getaffinity", None)  # as it is now: a test may replace it
_set_affinity = getattr(os, "sched_setaffinity", _set_affinity_by_libc)  # bound before change/change.py replaces it


def implementation():
    """The name as platform.python_implementation() gives it, without the import of that module."""
    name = getattr(
        getattr(sys, "implementation", None), "name", "pypy" if hasattr(sys, "pypy_version_info") else "cpython"
    )
    return {"cpython": "CPython", "pypy": "PyPy"}.get(name, name)
