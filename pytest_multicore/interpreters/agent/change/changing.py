"""One thing of the world that the measured code runs in, changed: what a trial needs that no variable can do.

restore-affinity   the CPUs of the start, for all threads, whenever a module is loaded and before each region;
                   os.sched_setaffinity does nothing for this process
keep-limits        what sets a pool's size at run time does nothing: see limits_kept.py
spawn              multiprocessing and concurrent.futures start fresh processes where they would fork (Python 3)
processes          ThreadPoolExecutor and multiprocessing's ThreadPool use processes; without a number of workers, as
                   many as threads were asked for
no-sleep           time.sleep returns at once

They are made by the `watch` message, before any user code runs, and last as long as the process.
"""

import os
import sys
import time


class Asked(object):
    """What a change is made from.

    Attributes:
        affinity: CPUs at the start, or None.
        threads: how many were asked for, or None.
        load_sibling: gives a module of this folder.
    """

    def __init__(self, affinity, threads, load_sibling):
        self.affinity, self.threads, self.load_sibling = affinity, threads, load_sibling


class Change(object):
    """A change.

    Attributes:
        possible: whether this Python and this system can have it.
        used: how often it has made a difference so far.
    """

    possible = True
    used = 0

    def before_region(self):
        """Called before each measured region."""


class RestoredAffinity(Change):
    """See this file's docstring. Linux."""

    def __init__(self, asked):
        self._process, self._affinity = asked.load_sibling("dialogue/process"), asked.affinity
        self.possible = self._affinity is not None and sys.platform.startswith("linux")
        if not self.possible:
            return
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity = self._unless_own(os.sched_setaffinity)
        asked.load_sibling("watch/imports").listen(self._restore_if_changed, self._restore_if_changed)

    def before_region(self):
        """Whatever a thread has now, it gets the start's."""
        self.used += self._process.affinity() != self._affinity
        self._process.set_affinity(self._affinity)

    def _restore_if_changed(self, _):
        if self._process.affinity() != self._affinity:
            self.used += 1
            self._process.set_affinity(self._affinity)

    def _unless_own(self, set_affinity):
        def sched_setaffinity(pid, mask):
            if pid in (0, os.getpid()) or os.path.exists("/proc/self/task/%s" % pid):
                self.used += 1
                return
            set_affinity(pid, mask)

        return sched_setaffinity


class KeptLimits(Change):
    """See limits_kept.py."""

    def __init__(self, asked):
        asked.load_sibling("change/limits_kept").keep(asked.load_sibling("watch/imports"), self._note)

    def _note(self):
        self.used += 1


class Spawned(Change):
    """See this file's docstring."""

    def __init__(self, asked):
        self.possible = sys.version_info[0] > 2
        if self.possible:
            asked.load_sibling("watch/imports").patch({"multiprocessing.context": self._spawn_for_fork})

    def _spawn_for_fork(self, context):
        """The module multiprocessing.context: the name fork gets the other context, and so does the default."""
        contexts = getattr(context, "_concrete_contexts", {})
        if "fork" in contexts and "spawn" in contexts:
            self.used += 1
            default = context._default_context
            if default._default_context is contexts["fork"]:
                default._default_context = contexts["spawn"]
            contexts["fork"] = contexts["spawn"]


class Processes(Change):
    """See this file's docstring."""

    def __init__(self, asked):
        self._threads = asked.threads
        patches = {"concurrent.futures.thread": self._executor, "multiprocessing.pool": self._pool}
        asked.load_sibling("watch/imports").patch(patches)

    def _executor(self, module):
        threads, change = self._threads, self
        # Not as a statement: 2.7 has it from a package only.
        plain = __import__("concurrent.futures.process", fromlist=["ProcessPoolExecutor"]).ProcessPoolExecutor

        class Executor(plain):
            """A pool of processes that is made as one of threads is."""

            def __init__(self, max_workers=None, thread_name_prefix="", *args, **kwargs):
                for name, value in zip(("initializer", "initargs"), args):  # noqa: B905 - 2.7 has no strict
                    kwargs[name] = value
                change.used += 1
                plain.__init__(self, max_workers or threads, **kwargs)

        module.ThreadPoolExecutor = Executor

    def _pool(self, module):
        threads, plain, change = self._threads, module.Pool, self

        class ProcessPool(plain):
            """A pool of processes that is made as one of threads is."""

            def __init__(self, processes=None, initializer=None, initargs=()):
                change.used += 1
                plain.__init__(self, processes or threads, initializer, initargs)

        module.ThreadPool = ProcessPool


class NoSleep(Change):
    """See this file's docstring."""

    def __init__(self, asked):
        plain_sleep = time.sleep

        def sleep(seconds):
            self.used += 1
            plain_sleep(seconds * 0)  # a wrong value still fails, and other threads get their turn

        time.sleep = sleep


CHANGES = {
    "restore-affinity": RestoredAffinity,
    "keep-limits": KeptLimits,
    "spawn": Spawned,
    "processes": Processes,
    "no-sleep": NoSleep,
}
