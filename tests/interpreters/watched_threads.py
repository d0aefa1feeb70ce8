# Threads that are watched, for the agent's tests. It runs on Python 2.7 too, by path.
import ctypes
import itertools
import os
import sys
import threading
import time
import weakref

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

    start_worker()
    return region


def start_worker():
    worker = threading.Thread(target=work_off)
    worker.daemon = True
    worker.start()


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


def forking_where_no_thread_starts():
    """As at a limit of processes: a new thread would get more memory than there is."""

    def region():
        before = threading.stack_size(1 << 46)
        try:
            fork()
        finally:
            threading.stack_size(before)

    return region


NAMES = itertools.count()


def import_in_worker():
    """Another thread imports a module that is new: what came of it."""

    def load():
        try:
            return __import__("lazy" + str(next(NAMES))).__name__
        except ImportError as error:
            return str(error)

    return in_worker(load)


class Asked:
    """A function that a thread imports beside, when it is asked what it takes; it returns what came of the imports."""

    def __init__(self):
        self.answers = []

    def __call__(self):
        return self.answers

    @property
    def __signature__(self):
        self.answers.append(import_in_worker())
        raise AttributeError("__signature__")

    def __repr__(self):  # 2.7 looks for no signature, and names what has none
        self.answers.append(import_in_worker())
        return "asked"


class ImportingError(Exception):
    """An error that a thread imports beside, when its message is asked for."""

    def __str__(self):
        return import_in_worker()


def asked_beside_imports():
    raise ImportingError


asked = Asked()


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


def going_through_its_variables(seconds):
    def region():
        first = second = third = seconds
        for _name, value in locals().items():
            time.sleep(value)
            time.sleep(value)
        return first, second, third

    return region


class Held:
    pass


def freeing(seconds):
    """What it deletes is gone before it returns; a look that is at it may keep it for as long as it takes."""

    def region():
        held = Held()
        known = weakref.ref(held)
        for _ in range(3):
            time.sleep(seconds if held else 0)
        del held
        assert is_gone(known), "it lives on"

    return region


def is_gone(known):
    """In a function of its own: a look at the one that deletes would find out what it keeps by then."""
    for _ in range(5000):
        if known() is None:
            return True
        time.sleep(0.002)
    return False


def tasks_beside_the_preparation_of_their_pool():
    """Whether all is ready, for the task of a thread that comes first, and of one that comes during the preparation."""

    def prepare():
        preparing.set()
        time.sleep(0.1)
        ready.append(True)

    def hand_in():
        answers.append(pool.submit(lambda: list(ready)).result())

    def come_second():
        preparing.wait()
        hand_in()

    ready, answers, preparing = [], [], threading.Event()
    futures = __import__("concurrent.futures", fromlist=["ProcessPoolExecutor"])
    pool = futures.ProcessPoolExecutor(2, initializer=prepare)
    second = threading.Thread(target=come_second)
    second.start()
    hand_in()
    second.join()
    return answers


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
