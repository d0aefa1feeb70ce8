"""Which import changed the affinity, a thread variable or a pool: compared before and after each module's own code.

Each is {"module": the full name of the innermost module whose code did it; null: no module was being loaded,
         "what": "affinity" | "variable NAME" | "pool API", "path": of a pool's library | null,
         "before", "after": CPUs, text, threads; null: there was none}
A pool whose "before" is null belongs to a library that the module loaded. Only pools that can be asked while modules
are being imported are compared (pools.py): OpenBLAS and GNU's OpenMP.
"""

import os
import re

#: Only these are read: other variables may be secrets.
THREAD_VARIABLE = re.compile(
    r"(OMP|GOMP|KMP|MKL|OPENBLAS|GOTO|BLIS|VECLIB|NUMBA|NUMEXPR|LOKY)_|\w+_THREADS$|(PJRT_)?NPROC$"
)
MAX_CHANGES = 200


class ImportChanges(object):
    """Compares the state at each step of the imports with the previous state.

    Attributes:
        entries: the list of this file's docstring, in the order of the changes.
    """

    def __init__(self, load_sibling):
        self._affinity, self._text = load_sibling("dialogue/process").affinity, load_sibling("dialogue/failures").text
        self._pools, self._libraries = load_sibling("watch/pools"), load_sibling("dialogue/libraries")
        self._loads, self._early_pools = None, []
        self._loading = []
        self.entries = []
        self._last = self._state()

    def before(self, module):
        """A module's code is about to run; the module that imports it made the changes since the last step."""
        self.look()
        self._loading.append(module)

    def after(self, module):
        """A module's code has run, or failed."""
        if self._loading:
            self._loading[-1] = module  # 2.7 knows its full name only now
        self.look()
        del self._loading[-1:]

    def look(self):
        """Compare the states now."""
        now, last = self._state(), self._last
        if now == last:
            return
        self._last = now
        module = self._text(self._loading[-1]) if self._loading else None
        for what, path in sorted(set(now) | set(last), key=str):
            before, after = last.get((what, path)), now.get((what, path))
            if before != after and len(self.entries) < MAX_CHANGES:
                entry = {"module": module, "what": what, "path": path, "before": before, "after": after}
                self.entries.append(entry)

    def _state(self):
        state = {("affinity", None): self._affinity()}
        for name, value in os.environ.items():
            if THREAD_VARIABLE.match(name):
                state["variable " + self._text(name), None] = self._text(value)
        for pool in self._pools_to_ask():
            state["pool " + pool.api, pool.path] = pool.threads()
        return state

    def _pools_to_ask(self):
        loads = self._pools.library_loads()
        if loads is None or loads != self._loads:
            self._loads, self._early_pools = loads, self._pools.early_pools(self._libraries, self._text)
        return self._early_pools
