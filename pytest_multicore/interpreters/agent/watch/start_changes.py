"""What changed in this process since it started: thread variables, affinity, pools and the interpreter's lock.

Each is {"module": the full name of the innermost module whose code did it; null: no module was being loaded,
         "step": what ran meanwhile, in words: "set-up", "fixture NAME", "first call" | null: before any of it,
         "what": "affinity" | "variable NAME" | "pool API" | "dynamic API" | "levels API" | "gil",
         "path": of a pool's library | null,
         "before", "after": CPUs, text, threads, whether threads are fewer at will, nested levels, whether the lock is
         on; null: there was none,
         "default": of a variable that stayed as it was, the value that setdefault would have given it; else missing}
A pool whose "before" is null belongs to a library that was loaded then.

Every measured interpreter notes this, so it must be cheap: at both ends of each module's code it compares the
environment's dictionary. The affinity, the lock and numbers that the libraries hold in memory it compares only where a
package imports another one; of these the package is told then, unless `fine` is set. Nothing of it runs in a round.
Only pools that can be asked while modules are being imported are compared (pools.py): OpenBLAS and GNU's OpenMP. All
but the variables belongs to a thread, or is asked of one: only the main thread's is compared.
"""

import os
import re
import sys
import threading

get_ident = getattr(threading, "get_ident", None) or threading._get_ident  # 2.7

#: Only these are read: other variables may be secrets.
THREAD_VARIABLE = re.compile(
    r"(OMP|GOMP|KMP(?!_DUP)|MKL|OPENBLAS|GOTO|BLIS|VECLIB|NUMBA|NUMEXPR|LOKY)_|\w+_N?THREADS(_NUM)?$|(PJRT_)?NPROC$|PYTHON_CPU_COUNT$"
)
MAX_CHANGES = 200

#: Bound before change/change.py or the user replaces anything.
is_gil_enabled = getattr(sys, "_is_gil_enabled", None)


class StartChanges(object):
    """Compares the state at each step with the previous state.

    Attributes:
        entries: the list of this file's docstring, in the order of the changes.
        step: what runs now, in words.
        fine: whether everything is compared at each module.
    """

    fine = False

    def __init__(self, load_sibling):
        process = load_sibling("dialogue/process")
        self._affinity = process.affinity
        self._mask = getattr(os, "sched_getaffinity", None)
        self._text = load_sibling("dialogue/failures").text
        self._pools = load_sibling("watch/early_pools").EarlyPools(load_sibling)
        self._main_thread = get_ident()
        self._loading = {}  # by thread: the modules whose code runs, the innermost last
        self.entries = []
        self.step = None
        self._last_environ = dict(_environ())
        self._start_environ = self._last_environ
        self._last_mask, self._last_gil = self._state_of_thread()
        self._last_affinity = self._affinity()
        load_sibling("watch/imports").listen(self.before, self.after)
        self._wrap_setdefault()

    def before(self, module):
        """A module's code is about to run; the module that imports it made the changes since the last look."""
        loading = self._loading.setdefault(get_ident(), [])
        self._look_between(loading[-1] if loading else "", module)
        loading.append(module)

    def after(self, module):
        """A module's code has run, or failed."""
        loading = self._loading.get(get_ident())
        if not loading:
            return
        loading[-1] = module  # 2.7 knows its full name only now
        self._look_between(module, loading[-2] if len(loading) > 1 else "")
        loading.pop()

    def enter(self, step):
        """Another step begins: what changed up to now belongs to the one before."""
        self.look()
        step, self.step = self.step, step
        return step

    def module(self):
        """The innermost module whose code runs now, in the thread that asks; None where none is being loaded."""
        loading = self._loading.get(get_ident())
        return self._text(loading[-1]) if loading else None

    def rename(self, step, now):
        """A step turned out to be another one."""
        for entry in self.entries:
            if entry["step"] == step:
                entry["step"] = now

    def report(self):
        """All changes up to now."""
        self.look()
        return self.entries

    def look(self):
        """Compare the states now."""
        self._look_at_variables()
        if get_ident() == self._main_thread:
            self._look_at_thread()

    def _look_between(self, module, other):
        """Compare where one module's code is followed by another's."""
        if self.fine or module.partition(".")[0] != other.partition(".")[0]:
            self.look()
        else:
            self._look_at_variables()

    def _look_at_variables(self):
        environ = _environ()
        if environ != self._last_environ:
            self._note_variables(dict(environ))

    def _look_at_thread(self):
        mask, gil = self._state_of_thread()
        if mask != self._last_mask:
            affinity = self._affinity()
            self._note("affinity", None, self._last_affinity, affinity)
            self._last_mask, self._last_affinity = mask, affinity
        if gil is not self._last_gil:
            self._note("gil", None, self._last_gil, gil)
            self._last_gil = gil
        for change in self._pools.changes():
            self._note(*change)

    def _state_of_thread(self):
        mask = self._mask(0) if self._mask else self._affinity()
        return mask, None if is_gil_enabled is None else is_gil_enabled()

    def _note_variables(self, environ):
        before, self._last_environ = self._last_environ, environ
        for name in sorted(set(before) | set(environ)):
            if before.get(name) != environ.get(name) and THREAD_VARIABLE.match(self._text(name)):
                values = [before.get(name), environ.get(name)]
                self._note_variable(name, *[value if value is None else self._text(value) for value in values])

    def _note_variable(self, name, before, after, **more):
        self._note("variable " + self._text(name), None, before, after, **more)

    def _note(self, what, path, before, after, **more):
        if len(self.entries) >= MAX_CHANGES:
            return
        module = self.module()
        if module and not (self.fine or what.startswith("variable ")):
            module = module.partition(".")[0]
        entry = {"module": module, "step": self.step, "what": what, "path": path, "before": before, "after": after}
        self.entries.append(dict(entry, **more))

    def _wrap_setdefault(self):
        """Note defaults that do nothing here, because this process was started with another value."""
        kind, plain, changes = type(os.environ), getattr(type(os.environ), "setdefault", None), self
        if sys.version_info[0] < 3 or plain is None:
            return

        def setdefault(self, key, value):
            current = plain(self, key, value)
            if self is os.environ and current != value and THREAD_VARIABLE.match(key):
                changes.note_default(key, current, value)
            return current

        kind.setdefault = setdefault

    def note_default(self, name, current, value):
        """A default that had no effect. What the process itself set before is no start's value: that is no news."""
        self.look()
        key = os.environ.encodekey(name)
        if _environ().get(key) == self._start_environ.get(key):
            text = self._text(current)
            self._note_variable(name, text, text, default=self._text(value))


def _environ():
    """The dictionary behind os.environ: to compare it takes a microsecond."""
    data = getattr(os.environ, "_data", None)  # Python 3
    return getattr(os.environ, "data", os.environ) if data is None else data
