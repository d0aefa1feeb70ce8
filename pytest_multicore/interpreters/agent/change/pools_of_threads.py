"""Changes to pools of threads and processes: see change.py for what a change is.

processes     ThreadPoolExecutor and multiprocessing's ThreadPool use processes; without a number of workers, as many as
              threads were asked for. A task that cannot be handed over (its function or an argument cannot be pickled,
              like a lambda, a lock or another pool) runs in a thread as before.
main-thread   a ThreadPoolExecutor of one worker runs a task of the main thread there and then: for libraries that
              divide their work on the main thread only
in-caller     a ProcessPoolExecutor runs each task there and then, in the thread that hands it over
"""

import pickle
import threading


class Preparation(object):
    """What would prepare a pool's worker: done once, before the first task, whichever thread brings that."""

    def __init__(self, initializer, arguments):
        self._initializer, self._arguments = initializer, arguments
        self._lock = threading.RLock()  # the initializer may hand in a task itself

    def done(self):
        """Do it, unless it is done; wait where another thread is at it."""
        with self._lock:
            initializer, self._initializer = self._initializer, None
            if initializer is not None:
                initializer(*self._arguments)


class ChangeOfPools(object):
    """See change.Change."""

    possible = True
    used = 0

    def before_region(self):
        """See change.Change."""


class UseProcesses(ChangeOfPools):
    """See this file's docstring."""

    def __init__(self, context):
        self._threads = context.threads
        patches = {"concurrent.futures.thread": self._executor, "multiprocessing.pool": self._pool}
        context.load_sibling("watch/imports").patch(patches)

    def _executor(self, module):
        threads, change, plain = self._threads, self, module.ThreadPoolExecutor
        # Not an import statement: 2.7 has concurrent only as an extra package.
        processes = __import__("concurrent.futures.process", fromlist=["ProcessPoolExecutor"]).ProcessPoolExecutor

        class Executor(processes):
            """A pool of processes with the arguments of a pool of threads."""

            def __init__(self, max_workers=None, thread_name_prefix="", *args, **kwargs):
                for name, value in zip(("initializer", "initargs"), args):  # noqa: B905 - 2.7 has no strict
                    kwargs[name] = value
                processes.__init__(self, max_workers or threads, **kwargs)
                self._in_threads = plain(max_workers or threads, **kwargs)
                self._can_be_sent = {}

            def submit(self, function, *args, **kwargs):
                if not _can_be_sent(self._can_be_sent, function, args, kwargs):
                    return self._in_threads.submit(function, *args, **kwargs)
                change.used += 1
                return processes.submit(self, function, *args, **kwargs)

            def shutdown(self, *args, **kwargs):
                self._in_threads.shutdown(*args, **kwargs)
                processes.shutdown(self, *args, **kwargs)

        module.ThreadPoolExecutor = Executor

    def _pool(self, module):
        threads, plain, change = self._threads, module.Pool, self

        class ProcessPool(plain):
            """A pool of processes with the arguments of a pool of threads."""

            def __init__(self, processes=None, initializer=None, initargs=()):
                change.used += 1
                plain.__init__(self, processes or threads, initializer, initargs)

        module.ThreadPool = ProcessPool


def _can_be_sent(known, function, args, kwargs):
    """Whether a task can be pickled; tried once for each function and types of arguments, since it takes time."""
    key = repr(function), tuple(map(type, args)), tuple(sorted(kwargs))
    if key not in known:
        try:
            pickle.dumps((function, args, kwargs), 2)
            known[key] = True
        except Exception:  # whatever an object of the user's raises
            known[key] = False
    return known[key]


class UseMainThread(ChangeOfPools):
    """See this file's docstring."""

    def __init__(self, context):
        context.load_sibling("watch/imports").patch({"concurrent.futures.thread": self._executor})

    def _executor(self, module):
        plain, change = module.ThreadPoolExecutor, self
        new_future = __import__("concurrent.futures", fromlist=["Future"]).Future

        class Executor(plain):
            """A pool of threads; of one worker, it has none. What would prepare that thread prepares the main one."""

            def __init__(self, max_workers=None, thread_name_prefix="", *args, **kwargs):
                plain.__init__(self, max_workers, thread_name_prefix, *args, **kwargs)
                given = dict(zip(("initializer", "initargs"), args), **kwargs)  # noqa: B905 - 2.7 has no strict
                self.preparation = Preparation(given.get("initializer"), given.get("initargs", ()))

            def submit(self, function, *args, **kwargs):
                on_main = type(threading.current_thread()).__name__ == "_MainThread"
                if self._max_workers > 1 or not on_main:
                    return plain.submit(self, function, *args, **kwargs)
                change.used += 1
                return _run_now(self, new_future(), function, args, kwargs)

        module.ThreadPoolExecutor = Executor


class RunInCaller(ChangeOfPools):
    """See this file's docstring."""

    def __init__(self, context):
        context.load_sibling("watch/imports").patch({"concurrent.futures.process": self._executor})

    def _executor(self, module):
        plain, change = module.ProcessPoolExecutor, self
        new_future = __import__("concurrent.futures", fromlist=["Future"]).Future

        class Executor(plain):
            """A pool that never starts its processes. What would prepare each of them prepares this one."""

            def __init__(self, max_workers=None, *args, **kwargs):
                names = ("mp_context", "initializer", "initargs")
                given = dict(zip(names, args), **kwargs)  # noqa: B905 - 2.7 has no strict
                self.preparation = Preparation(given.pop("initializer", None), given.pop("initargs", ()))
                plain.__init__(self, max_workers, **given)

            def submit(self, function, *args, **kwargs):
                change.used += 1
                return _run_now(self, new_future(), function, args, kwargs)

        module.ProcessPoolExecutor = Executor


def _run_now(pool, future, function, args, kwargs):
    """The future of a task that is run here and now; what would prepare the pool's worker does so before the first."""
    pool.preparation.done()
    try:
        future.set_result(function(*args, **kwargs))
    except Exception as error:  # it is the task's: whoever asks for the result gets it
        future.set_exception(error)
    return future
