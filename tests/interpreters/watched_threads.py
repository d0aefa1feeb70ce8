# Threads that are watched, for the agent's tests. It runs on Python 2.7 too, by path.
import ctypes
import os
import sys
import threading
import time

try:
    import queue
except ImportError:
    import Queue as queue  # noqa: N813 - of 2.7


def threads_that_run(seconds, count):
    def burn():
        end = time.time() + seconds
        while time.time() < end:
            pass

    return lambda: in_threads(count, burn)


def setting_from_threads():
    """The same call from some threads at once."""

    def work():
        for _ in range(1000):
            os.environ["OMP_NUM_THREADS"] = "2"
        done.append(True)

    def region():
        del done[:]
        in_threads(4, work)
        assert len(done) == 4, "one has raised an error"

    done = []
    return region


def forking_from_threads():
    def work():
        for _ in range(50):
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)

    return lambda: in_threads(3, work)


def forking_twice_from_threads():
    """Each child forks too, often while another thread of its parent has just forked."""

    def work():
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                in_child()
            os.waitpid(pid, 0)

    def in_child():
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        os._exit(0)

    return lambda: in_threads(3, work)


JOBS, ANSWERS = queue.Queue(), queue.Queue()


def forking_in_a_worker():
    def region():
        in_worker(fork)

    worker = threading.Thread(target=work_off)
    worker.daemon = True
    worker.start()
    return region


def work_off():
    while True:
        ANSWERS.put(JOBS.get()())


def in_worker(job):
    JOBS.put(job)
    return ANSWERS.get()


def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def who_is_traced():
    return [sys.gettrace() is not None, in_worker(lambda: sys.gettrace() is not None)]


def variable_of_two_threads():
    """One thread assigns to a variable of a closure that another one runs."""

    def region():
        def work():
            number = 0

            def watch():
                watching.append(number)
                while not counted:
                    pass

            handed.append(watch)
            while not watching:
                time.sleep(0.001)
            for _ in range(1000000):
                number += 1
            counted.append(number)

        handed, watching, counted = [], [], []
        thread = threading.Thread(target=work)
        thread.start()
        while not handed:
            time.sleep(0.001)
        handed[0]()
        thread.join()
        assert counted == [1000000], "assignments were undone"

    return region


def thread_start_replaced(seconds):
    """As gevent replaces it, by one that starts no thread."""

    def refuse(*_):
        raise AssertionError("this is the program's own")

    low_level = __import__("thread" if sys.version_info[0] == 2 else "_thread")
    low_level.start_new_thread = refuse
    return lambda: time.sleep(seconds)


def import_beside_a_look_at_libraries(name):
    """Another thread is in a callback of the loader, which holds its lock, and waits there for the interpreter's."""

    def look(*_):
        looking.set()
        time.sleep(0.1)
        return 1

    looking = threading.Event()
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(look)
    iterate = ctypes.CDLL(None).dl_iterate_phdr
    thread = threading.Thread(target=lambda: iterate(callback, None))
    thread.start()
    looking.wait()
    __import__(name)
    thread.join()


def in_threads(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
