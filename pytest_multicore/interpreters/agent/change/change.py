"""Changes to the measured code's surroundings, which trials need and no variable can make.

restore-affinity   all threads get the CPUs of the start, whenever a module is loaded and before each region;
                   os.sched_setaffinity does nothing for this process
keep-limits        functions that set a pool's size at run time do nothing: see setters.py
spawn              multiprocessing and concurrent.futures spawn processes where they would fork (Python 3)
keep-variable NAME nothing that runs here sets or removes this environment variable
processes, main-thread, in-caller      change pools of threads or processes: see pools_of_threads.py
no-sleep           time.sleep returns at once

The `watch` message makes them before any user code runs; they last as long as the process.
"""

import os
import sys
import time


class ChangeContext(object):
    """What changes need to know.

    Attributes:
        affinity: CPUs at the start, or None.
        threads: the thread count that was asked for, or None.
        load_sibling: returns a module of the agent.
        argument: what follows the change's name, for instance a variable's name; "" where nothing does.
    """

    def __init__(self, affinity, threads, load_sibling, argument=""):
        self.affinity, self.threads, self.load_sibling, self.argument = affinity, threads, load_sibling, argument


class Change(object):
    """A change.

    Attributes:
        possible: whether it can be made on this Python and system.
        used: how often it has made a difference so far.
    """

    possible = True
    used = 0

    def before_region(self):
        """Called before each measured region."""


class RestoreAffinity(Change):
    """See this file's docstring. Linux."""

    def __init__(self, context):
        self._process, self._affinity = context.load_sibling("dialogue/process"), context.affinity
        self.possible = self._affinity is not None and sys.platform.startswith("linux")
        if not self.possible:
            return
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity = self._unless_own(os.sched_setaffinity)
        context.load_sibling("watch/imports").listen(self._restore_if_changed, self._restore_if_changed)

    def before_region(self):
        """Give every thread the CPUs of the start."""
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


class KeepLimits(Change):
    """See setters.py."""

    def __init__(self, context):
        context.load_sibling("change/setters").intercept(context.load_sibling("watch/imports"), self._ignore)

    def _ignore(self, _name, _call, _arguments):
        """Change nothing; returns 0 in place of the previous size."""
        self.used += 1
        return 0


class KeepVariable(Change):
    """See this file's docstring. What has read the variable before it was set there goes on as it would have."""

    def __init__(self, context):
        kind, name = type(os.environ) if sys.version_info[0] > 2 else os.environ.__class__, str(context.argument)
        self.possible = bool(name)
        plain_set, plain_delete, change = kind.__setitem__, kind.__delitem__, self

        def set_item(self, key, value):
            if self is os.environ and key == name:
                change.used += 1
            else:
                plain_set(self, key, value)

        def delete_item(self, key):
            if self is os.environ and key == name:
                change.used += 1
            else:
                plain_delete(self, key)

        def clear(self):
            for key in list(self):  # Python 3's own goes on until nothing is left
                del self[key]

        if self.possible:
            kind.__setitem__, kind.__delitem__, kind.clear = set_item, delete_item, clear


class SpawnForFork(Change):
    """See this file's docstring."""

    def __init__(self, context):
        self.possible = sys.version_info[0] > 2
        if self.possible:
            context.load_sibling("watch/imports").patch({"multiprocessing.context": self._spawn_for_fork})

    def _spawn_for_fork(self, context):
        """Make the spawn context the one named fork, and the default, in the module multiprocessing.context."""
        contexts = getattr(context, "_concrete_contexts", {})
        if "fork" in contexts and "spawn" in contexts:
            self.used += 1
            default = context._default_context
            if default._default_context is contexts["fork"]:
                default._default_context = contexts["spawn"]
            contexts["fork"] = contexts["spawn"]


class NoSleep(Change):
    """See this file's docstring."""

    def __init__(self, context):
        plain_sleep = time.sleep

        def sleep(seconds):
            self.used += 1
            plain_sleep(seconds * 0)  # an invalid value still fails, and other threads get their turn

        time.sleep = sleep


def make(name, affinity, threads, load_sibling):
    """The change of this name, which may have an argument behind it."""
    kind, _, argument = name.partition(" ")
    return CHANGES[kind](ChangeContext(affinity, threads, load_sibling, argument))


CHANGES = {
    "restore-affinity": RestoreAffinity,
    "keep-limits": KeepLimits,
    "keep-variable": KeepVariable,
    "spawn": SpawnForFork,
    "processes": lambda context: context.load_sibling("change/pools_of_threads").UseProcesses(context),
    "main-thread": lambda context: context.load_sibling("change/pools_of_threads").UseMainThread(context),
    "in-caller": lambda context: context.load_sibling("change/pools_of_threads").RunInCaller(context),
    "no-sleep": NoSleep,
}
