# Threads that are watched, for the agent's tests. It runs on Python 2.7 too, by path.
import os
import threading
import time


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


def in_threads(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
