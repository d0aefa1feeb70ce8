# ruff: noqa: UP004, UP031, N818, S602
# What users' modules do, for the agent's tests. It runs on Python 2.7 too, and by path: no module of ours here, and
# none of the newer syntax that the rules above ask for; shells and plain `cat` are part of what is tried.
import atexit
import ctypes
import functools
import os
import subprocess
import sys
import threading
import time

CALLS = []


def count(by=1):
    CALLS.append(by)


def set_up(by=1):
    def region():
        CALLS.append(by)

    return region


def calls():
    return sum(CALLS)


def echo(value):
    return value


def told(threads=0, size=0):
    return [threads, size]


@functools.wraps(told)
def wrapped(*args, **kwargs):
    return told(*args, **kwargs)


def module_name():
    return __name__


def path_front(number):
    return sys.path[:number]


def modules():
    return sorted(sys.modules)


def count_up():
    for _ in range(1000000):
        pass


DELAYS_S = []


def count_up_and_tell():
    count_up()
    if os.path.exists("/proc/thread-self/schedstat"):
        with open("/proc/thread-self/schedstat") as times:
            DELAYS_S.append(int(times.read().split()[1]) * 1e-9)


def delays_s():
    """Run-queue delay of the threads since the last call, summed."""
    sum_s = sum(DELAYS_S)
    del DELAYS_S[:]
    return sum_s


def threads_that_end():
    threads = [threading.Thread(target=count_up_and_tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


BEGUN, MAY_WORK = [], threading.Event()


def begin_thread():
    def work():
        MAY_WORK.wait()
        count_up()

    MAY_WORK.clear()
    BEGUN.append(threading.Thread(target=work))
    BEGUN[-1].start()


def end_begun_threads():
    MAY_WORK.set()
    for thread in BEGUN:
        thread.join()


def burn(seconds):
    def region():
        end = time.time() + seconds
        while time.time() < end:
            pass

    return region


def burn_in_child(seconds):
    code = "import resource as r\nwhile r.getrusage(r.RUSAGE_SELF).ru_utime < %r: pass" % seconds

    def region():
        subprocess.check_call([sys.executable, "-S", "-c", code])

    return region


class Outer(object):
    class Inner(object):
        @staticmethod
        def double(value):
            return 2 * value


NOT_A_FUNCTION = 3


# -- what goes wrong ---------------------------------------------------------------------------------------------------
def raise_value_error():
    raise ValueError("the wine is sour")


def raise_unicode_error():
    raise ValueError(b"caf\xc3\xa9 \xe2\x82\xac".decode("utf-8"))


def raise_unprintable():
    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    raise Unprintable()


def raise_in_region():
    def region():
        if CALLS:
            raise ValueError("spoilt in a round")
        CALLS.append(1)

    return region


def import_what_is_missing():
    import no_such_module_anywhere

    return no_such_module_anywhere


def leave(code):
    sys.exit(code)


def interrupt():
    raise KeyboardInterrupt()


def generator():
    yield 1


def region_is_generator():
    return generator


def return_set():
    return [set()]


def return_nan():
    return {"x": float("nan")}


def return_circle():
    circle = []
    circle.append(circle)
    return circle


def return_bytes():
    return b"\xff\xfe"


def return_surrogate():
    return b'"\\udc80"'.decode("unicode-escape")


def os_exit(code):
    os._exit(code)


def crash():
    ctypes.string_at(0)


def sleep(seconds):
    time.sleep(seconds)


# -- what is printed and read ------------------------------------------------------------------------------------------
def flood(megabytes):
    line = "x" * 1023 + "\n"

    def region():
        for _ in range(megabytes * 1024):
            sys.stdout.write(line)

    return region


def print_everywhere():
    print("printed")
    sys.stderr.write("to stderr\n")
    sys.__stdout__.write("to __stdout__\n")
    os.write(1, b'{"protocol": 1, "type": "done"}\n')
    os.write(2, b"\xff raw bytes\n")
    subprocess.check_call([sys.executable, "-S", "-c", "print('from a child')"])
    subprocess.check_call("echo from a shell; echo and its errors >&2", shell=True)


def print_unicode():
    print(b"caf\xc3\xa9 \xe2\x82\xac".decode("utf-8"))


def read_everything():
    return [sys.stdin.read(), os.read(0, 10).decode("ascii"), subprocess.check_output(["cat"]).decode("ascii")]


def close_standard_descriptors():
    for descriptor in (0, 1, 2):
        os.close(descriptor)


def close_as_daemons_do():
    os.closerange(3, 256)


def close_all_descriptors():
    os.closerange(0, 65536)


def fork_and_come_back():
    return os.fork() == 0


def fork_twice():
    """Of the files that a forked child opened under high numbers, how many its own child lacks."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] >> 8
    opened = [os.dup2(0, number) or number for number in range(990, 1024)]
    pid = os.fork()
    if pid:
        os._exit(os.waitpid(pid, 0)[1] >> 8)
    os._exit(len([number for number in opened if not os.path.exists("/proc/self/fd/%d" % number)]))


def write_at_exit(path):
    def write():
        with open(path, "w") as target:
            target.write("exit handlers ran")

    atexit.register(write)


# -- what changes the process ------------------------------------------------------------------------------------------
def set_variable(name, value):
    os.environ[name] = value


def pin(cpu):
    mask = ctypes.c_ulong(1 << cpu)
    ctypes.CDLL(None, use_errno=True).sched_setaffinity(0, ctypes.sizeof(mask), ctypes.byref(mask))


def load_library(path):
    ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)


def load_all_threadpools():
    import threadpoolctl

    return threadpoolctl.threadpool_info()
