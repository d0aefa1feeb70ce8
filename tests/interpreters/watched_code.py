# ruff: noqa: SIM105, UP031
# What is watched, for the agent's tests. It runs on Python 2.7 too, by path.
import ctypes
import gc
import hashlib
import multiprocessing.pool
import os
import subprocess
import sys
import threading
import time
import warnings
import weakref

try:
    import concurrent.futures
except ImportError:  # 2.7
    pass


FINISHED = threading.Event()


def import_module(name, folder):
    sys.path.insert(0, folder)
    __import__(name)


def affinity():
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def count_modules():
    return len(sys.modules)


TIMES = []  # of each call of two_lines' region: before the first line, between them, and after the second


def two_lines(seconds):
    def region():
        start_s = time.time()
        time.sleep(seconds)
        middle_s = time.time()
        time.sleep(3 * seconds)
        TIMES.append((start_s, middle_s, time.time()))

    return region


def times():
    return TIMES


def pool_of_short_tasks(seconds):
    """Tasks that take about as long as the sampler rests, without the lock: the pool's threads wait often."""
    pool, block = multiprocessing.pool.ThreadPool(2), b"0" * 100000

    def task(_):
        end = time.time() + seconds
        while time.time() < end:
            hashlib.sha256(block)

    return lambda: pool.map(task, range(2), 1)


HELD = []  # weak references to what threads held while they ran


class Held:
    pass


def threads_that_hold(seconds):
    gc.disable()  # else a collection could free what was kept

    def hold():
        held = Held()
        HELD.append(weakref.ref(held))
        end = time.time() + seconds
        while time.time() < end:
            time.sleep(0.001)

    def region():
        thread = threading.Thread(target=hold)
        thread.start()
        thread.join()

    return region


def still_held():
    return [len(HELD), sum(1 for held in HELD if held() is not None)]


def sleeping(seconds):
    def region():
        time.sleep(seconds)

    return region


def seconds_of_sleep(seconds):
    start = time.time()
    time.sleep(seconds)
    return time.time() - start


def forking():
    def region():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)

    return region


def sleeping_and_forking():
    fork = forking()

    def region():
        time.sleep(0.05)
        fork()

    return region


def forking_where_warnings_are_shown(how):
    warnings.simplefilter("always")
    return forking() if how == "fork" else forking_with_terminal


def forking_with_terminal():
    pid, terminal = os.forkpty()
    if pid == 0:
        os._exit(0)
    os.close(terminal)
    os.waitpid(pid, 0)


def left_when_cleared():
    before = dict(os.environ)
    os.environ.clear()
    left = dict(os.environ)
    for name in before:
        if name not in left:
            os.environ[name] = before[name]
    return left


def start_methods():
    return [multiprocessing.get_start_method(), multiprocessing.get_context("fork").get_start_method()]


def own_pid(_=None):
    return os.getpid()


def pids_of_executor():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sorted(set(pool.map(own_pid, range(20))))


def pids_of_thread_pool():
    pool = multiprocessing.pool.ThreadPool(2)
    try:
        return sorted(set(pool.map(own_pid, range(20))))
    finally:
        pool.terminate()


def pin_by_os(cpu):
    os.sched_setaffinity(0, {cpu})
    return affinity()


def pin_by_libc(cpu):
    mask = ctypes.c_ulong(1 << cpu)
    ctypes.CDLL(None, use_errno=True).sched_setaffinity(0, ctypes.sizeof(mask), ctypes.byref(mask))


def limits_of_openmp(path):
    runtime = ctypes.CDLL(path)

    def region():
        before = runtime.omp_get_max_threads()
        runtime.omp_set_num_threads(1)
        end = time.time() + 0.1
        while time.time() < end:
            pass
        runtime.omp_set_num_threads(before)

    return region


def pin_another(cpu):
    other = subprocess.Popen([sys.executable, "-S", "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    os.sched_setaffinity(other.pid, {cpu})
    found = sorted(os.sched_getaffinity(other.pid))
    other.communicate(b"")
    return found


def start_a_thread():
    thread = threading.Thread(target=FINISHED.wait, args=(20,))
    thread.daemon = True
    thread.start()


def affinities_of_threads(path):
    def region():
        found = []
        for task in os.listdir("/proc/self/task"):
            with open("/proc/self/task/%s/status" % task) as status:
                found += [line for line in status if line.startswith("Cpus_allowed_list")]
        with open(path, "w") as seen:
            seen.write("".join(found))

    return region


def pids_of_process_pool(path):
    sys.path.insert(0, path)
    from watched_code import own_pid as importable

    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return sorted(set(pool.map(importable, range(4))))


NOTES = []


def last_note(_):
    return NOTES[-1]


def initialized_by_executor(workers=None):
    with concurrent.futures.ThreadPoolExecutor(workers, "named", NOTES.append, ("x",)) as pool:
        return list(pool.map(last_note, range(2)))


def warning():
    """Warns of several matters, and of one of them again and again."""

    def region():
        warnings.warn("n_jobs value 2 overridden to 1")  # noqa: B028
        warnings.warn("one thread is going away", DeprecationWarning)  # noqa: B028
        warnings.warn(RuntimeWarning("falling back to one\n   thread"))  # noqa: B028
        warnings.warn("a comet comes near")  # noqa: B028

    return region


def pool_of_tasks_that_cannot_be_sent():
    with concurrent.futures.ThreadPoolExecutor(2) as outer, concurrent.futures.ThreadPoolExecutor(2) as inner:
        given_a_pool = outer.submit(pid_of_task_in, inner).result()
        return [given_a_pool, outer.submit(lambda: os.getpid()).result(), outer.submit(own_pid, 0).result()]


def pid_of_task_in(pool):
    return os.getpid()


def threads_of_executor(workers):
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return [pool.submit(threading.current_thread).result().name, failure_of(pool.submit(int, "no number"))]


def failure_of(future):
    try:
        return future.result()
    except ValueError:
        return "ValueError"


def processes_of_tasks(chunk):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        numbers = list(pool.map(process_of, range(4), chunksize=chunk))
        return [len(set(numbers)), os.getpid() in numbers, failure_of(pool.submit(int, "no number"))]


def initialized_by_processes(value):
    with concurrent.futures.ProcessPoolExecutor(1, None, INITIALIZED.append, (value,)) as pool:
        return pool.submit(len, "abc").result(), list(INITIALIZED)


def process_of(_):
    return os.getpid()


INITIALIZED = []
