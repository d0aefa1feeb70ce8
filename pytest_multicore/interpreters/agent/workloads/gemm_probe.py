"""Not an experiment: a probe, run with `call`, for the size from which on this BLAS uses a second thread.

A BLAS multiplies small matrices on one thread; its threshold depends on its version, its build and the processor. The
probe repeats a product for some milliseconds, and the kernel's figures show whether any other thread of the process got
CPU time (/proc/self/task/*/schedstat). Sizes double until one did, then the interval is halved until it is as narrow as
the sizes allow. Then both its ends are probed again, because on a busy machine a probe can err.

Threads that have just worked spin for up to 0.2 s. So a probe begins when all others sleep, and ends when they sleep
again: their spinning counts as a sign of work, and none of it reaches the next probe. Nothing else may run in this
interpreter: another thread's work would be taken for the BLAS's.
"""

import ctypes
import glob
import os
import re
import time

try:
    import resource
except ImportError:  # Windows, where threads are not listed either
    resource = None

LOOK_S = 0.004
MIN_CALLS = 3
CONFIRMATIONS = 2
MAX_SEARCHES = 4
#: A thread with less CPU time than this did not work: a share of the calling thread's, or an amount by number of calls,
#: whichever is less. A sleeping thread uses exactly none. A working one uses about as much as the calling thread, or
#: far less where that one spins while the other waits for a core.
IDLE_SHARE = 0.02
IDLE_NS, IDLE_CALL_NS = 10000, 3000
#: The time of ended threads is what is left of the process's, in whole microseconds: with none it read up to 2 us.
MIN_ENDED_NS = 20000
POLL_S = 0.001
MAX_SPIN_S = 3.0
#: About 512 * 512 * 512, for which the reference BLAS takes 0.1 s.
MAX_MNK = 1.4e8
MAX_GAP_RATIO = 1.01

RUSAGE_THREAD = 1  # <sys/resource.h> of Linux; 2.7's module has no name for it
clock = getattr(time, "perf_counter", time.time)  # 2.7 has no other


def prepare(
    library=None,
    symbol=None,
    threads=None,
    shape=(1, 1, 1),
    grow="mnk",
    largest=MAX_MNK,
    dtype="float64",
):
    """Find the threshold.

    Args:
        library: path of the BLAS; None: the one that NumPy uses.
        symbol: its Fortran gemm, by default dgemm_; sgemm_64_ and the like; for a library only.
        threads: the BLAS's thread count; with 1 there is nothing to find.
        shape: [m, n, k] from which the sizes grow.
        grow: which of them grow, in proportion: "mnk" is all, "m" the rows (a larger batch), "k" ...
        largest: no m*n*k above it is probed, except that of `shape`.
        dtype: for NumPy: "float64" or "float32".

    Returns:
        {"serial_below": largest m*n*k that ran on one thread; 0 where the smallest did not, None: none was probed,
         "threaded_above": smallest that ran on more, None where the largest ran on one,
         "threshold_mnk": the same as serial_below where there is a threaded_above, else None,
         "probed": [[m, n, k, threads that got CPU time]...] in the order of probing, "blas": path or None}
    """
    if not set(grow) <= set("mnk") or not grow or min(shape) < 1 or len(shape) != 3:
        raise ValueError("gemm_probe: shape=%r, grow=%r; expected three sizes, and letters of 'mnk'" % (shape, grow))
    if not os.path.isdir("/proc/self/task"):
        raise RuntimeError("gemm_probe: this system has no /proc/self/task, where Linux tells each thread's time")
    gemm = _from_library(library, symbol or "dgemm_") if library else _from_numpy(dtype)
    sizes = _sizes(list(shape), grow, largest)
    probed, serial, threaded = [], None, None

    def look(number):
        m, n, k = sizes[number]
        probed.append([m, n, k, threads_seen(gemm(m, n, k))])
        return probed[-1][3] > 1

    if threads is None or threads > 1:
        serial, threaded = _confirmed(look, sizes)
    below = 0 if serial is None else _product(sizes[serial])
    return {
        "serial_below": below if probed else None,
        "threaded_above": None if threaded is None else _product(sizes[threaded]),
        "threshold_mnk": None if threaded is None else below,
        "probed": probed,
        "blas": os.path.realpath(library) if library else _blas_of_numpy(),
    }


def _product(sizes):
    return sizes[0] * sizes[1] * sizes[2]


def _sizes(shape, grow, largest):
    """All sizes that may be probed, each larger than the previous one.

    Where all three grow they do so in turns, k first: 64, 64, 64; 64, 64, 65; 64, 65, 65; 65, 65, 65.
    """
    sizes, now, factor = [list(shape)], list(shape), 1.0
    order = [index for index in (2, 1, 0) if "mnk"[index] in grow]
    while True:
        factor = max(factor * MAX_GAP_RATIO, min((now[i] + 1.0) / shape[i] for i in order))
        for index in order:
            now[index] = max(now[index], int(shape[index] * factor + 1e-9))
            if _product(now) > max(largest, _product(shape)):
                return sizes
            if now != sizes[-1]:
                sizes.append(list(now))


def _confirmed(look, sizes):
    """The bounds, once further probes of both have confirmed them."""
    for _ in range(MAX_SEARCHES):
        serial, threaded = _bounds(look, sizes)
        again = [(number, expected) for number, expected in ((serial, False), (threaded, True)) if number is not None]
        if all(look(number) == expected for number, expected in again * CONFIRMATIONS):
            return serial, threaded
    raise RuntimeError("gemm_probe: %d searches each ended at sizes that a second look contradicts" % MAX_SEARCHES)


def _bounds(look, sizes):
    """The positions of the largest serial and the smallest threaded size; None where there is none of the kind."""
    serial, goal = None, 0
    products = [_product(size) for size in sizes]
    while serial is None or serial < len(sizes) - 1:
        # Each step has eight times the work, which is twice the length where all three grow.
        ahead = next((i for i, product in enumerate(products) if product >= goal), len(sizes) - 1)
        if look(ahead):
            return _narrowed(look, serial, ahead)
        serial, goal = ahead, products[ahead] * 8
    return serial, None


def _narrowed(look, serial, threaded):
    low = -1 if serial is None else serial
    while threaded - low > 1:
        middle = (low + threaded) // 2
        if look(middle):
            threaded = middle
        else:
            low = middle
    return (None if low < 0 else low), threaded


def threads_seen(call):
    """How many threads worked while `call` was repeated for some milliseconds, the calling thread included."""
    call()  # starts threads and touches memory for the first time
    before = _at_rest()
    start, own_start, calls = clock(), _own_ns(), 0
    while calls < MIN_CALLS or clock() - start < LOOK_S:
        call()
        calls += 1
    own_ns = _own_ns() - own_start
    after = _at_rest()
    idle_ns = min(IDLE_SHARE * own_ns, IDLE_NS + IDLE_CALL_NS * calls)
    gained = dict((task, after[task] - before.get(task, 0)) for task in after)
    has_ended = gained.pop("ended") > max(idle_ns, MIN_ENDED_NS)
    return 1 + has_ended + sum(1 for ns in gained.values() if ns > idle_ns)


def _at_rest():
    """Nanoseconds of CPU time of each other thread, once all of them sleep; under "ended" those of ended threads."""
    deadline, before = clock() + MAX_SPIN_S, None
    while True:
        now, awake = _others()
        if not awake and now == before:
            # A BLAS may start threads for one call: their time is in the process's, and in no live thread's.
            # The process's figure first: that brings the calling thread's up to date.
            used = _used_ns(resource.RUSAGE_SELF) - _used_ns(RUSAGE_THREAD)
            return dict(now, ended=used - sum(now.values()))
        if clock() > deadline:
            raise RuntimeError(
                "gemm_probe: other threads of this interpreter do not come to rest; where the BLAS's own spin without "
                "end (OMP_WAIT_POLICY=ACTIVE, KMP_BLOCKTIME=infinite), unset that"
            )
        before = now
        time.sleep(POLL_S)


def _others():
    """Each other thread's CPU time in ns by its number, and whether any is running or runnable."""
    times, awake = {}, False
    for folder in glob.glob("/proc/self/task/*"):
        task = os.path.basename(folder)
        if task == str(os.getpid()):
            continue
        try:
            with open(folder + "/schedstat") as schedstat, open(folder + "/stat") as stat:
                times[task] = int(schedstat.read().split()[0])
                awake = awake or stat.read().rpartition(")")[2].split()[0] == "R"
        except (OSError, IOError):  # noqa: UP024 - two classes in 2.7; a thread that has just ended
            continue
    return times, awake


def _own_ns():
    """CPU time of the calling thread up to now. By itself its figure is of the last tick, up to 4 ms old."""
    _used_ns(resource.RUSAGE_SELF)  # brings it up to date
    return _used_ns(RUSAGE_THREAD)


def _used_ns(who):
    used = resource.getrusage(who)
    return int((used.ru_utime + used.ru_stime) * 1e9)


def _from_numpy(dtype):
    import numpy

    def gemm(m, n, k):
        a, b, c = [numpy.ones(size, dtype=str(dtype)) for size in ((m, k), (k, n), (m, n))]
        return lambda: numpy.dot(a, b, out=c)

    return gemm


def _from_library(path, symbol):
    """A gemm of the Fortran interface; its name determines its types."""
    match = re.match(r"^(?:scipy_)?([sd])gemm_(64_)?$", str(symbol))
    if not match:
        raise ValueError("gemm_probe: symbol %r; expected sgemm_ or dgemm_, with scipy_ before or 64_ behind" % symbol)
    function = getattr(ctypes.CDLL(str(path)), str(symbol))
    function.restype = None
    real = ctypes.c_float if match.group(1) == "s" else ctypes.c_double
    whole = ctypes.c_int64 if match.group(2) else ctypes.c_int

    def gemm(m, n, k):
        a, b, c = [(real * size)() for size in (m * k, k * n, m * n)]
        rows, columns, length = [ctypes.byref(whole(size)) for size in (m, n, k)]
        one, zero, plain = ctypes.byref(real(1)), ctypes.byref(real(0)), ctypes.c_char_p(b"N")
        hidden = ctypes.c_size_t(1)  # the lengths of the two texts, as Fortran passes them
        arguments = (plain, plain, rows, columns, length, one, a, rows, b, length, zero, c, rows, hidden, hidden)
        return lambda: function(*arguments)

    return gemm


def _blas_of_numpy():
    """The file that looks like a BLAS among those mapped; after `import numpy` in a fresh interpreter, NumPy's."""
    with open("/proc/self/maps") as maps:
        paths = re.findall(r"(/\S*/lib[^/\s]*(?:blas|blis|mkl_rt)[^/\s]*)$", maps.read(), re.MULTILINE)
    return paths[0] if paths else None
