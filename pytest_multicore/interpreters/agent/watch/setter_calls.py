"""Who sets thread variables, the affinity, and the sizes of pools: each call, with the line that it came from.

Each is {"what": "variable NAME" | "affinity" | "pool API", "setter": the function's name,
         "value": text | CPUs | threads | null: removed, "module", "step": as in start_changes.py,
         "in_region": whether a measured region ran, "file", "line", "function": of the caller, "count"}
in the order of the last such call. Calls by compiled code are not seen.
"""

import itertools
import os
import sys

AGENT_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: These pass a call on: the caller is behind them.
PASSING = ("os.py", "_collections_abc.py", "contextlib.py", "threadpoolctl.py", "monkeypatch.py", "UserDict.py")
#: How the names of setters begin, and whose pools they set.
APIS = (
    ("openblas", "openblas"),
    ("scipy_openblas", "openblas"),
    ("goto", "openblas"),
    ("mkl", "mkl"),
    ("bli_", "blis"),
    ("omp", "openmp"),
    ("torch", "torch"),
    ("numexpr", "numexpr"),
    ("numba", "numba"),
    ("cv2", "cv2"),
    ("pyarrow", "pyarrow"),
    ("faiss", "openmp"),
)
MAX_ENTRIES = 100


class SetterCalls(object):
    """Notes the calls from the moment it is made."""

    def __init__(self, load_sibling, changes, in_region):
        self._changes, self._in_region = changes, in_region
        self._text = load_sibling("dialogue/failures").text
        self._pattern = load_sibling("watch/start_changes").THREAD_VARIABLE
        self._notes, self._order = {}, itertools.count()  # [its last call's number, count, entry] by an entry's text
        self._new_count = load_sibling("watch/tally").Count
        load_sibling("change/setters").intercept(load_sibling("watch/imports"), self._pool_set)
        self._wrap_variables()
        if hasattr(os, "sched_setaffinity"):
            self._wrap_affinity()

    def report(self):
        """The list of this file's docstring."""
        notes = sorted(list(self._notes.values()), key=lambda note: note[0])
        entries = [dict(entry, count=count.value()) for _, count, entry in notes]
        return [entry for entry in entries if entry["count"]]  # a thread may have made it, and not counted yet

    def _pool_set(self, name, call, arguments):
        numbers = [argument for argument in arguments if isinstance(argument, int)]
        api = next((api for start, api in APIS if name.lower().startswith(start)), "unknown")
        self._note("pool " + api, name, numbers[-1] if numbers else None)
        return call()

    def _wrap_variables(self):
        kind = type(os.environ) if sys.version_info[0] > 2 else os.environ.__class__
        plain_set, plain_delete, calls = kind.__setitem__, kind.__delitem__, self

        def set_item(self, key, value):
            plain_set(self, key, value)
            if self is os.environ:
                calls.note_variable(key, value)

        def delete_item(self, key):
            plain_delete(self, key)
            if self is os.environ:
                calls.note_variable(key, None)

        kind.__setitem__, kind.__delitem__ = set_item, delete_item

    def note_variable(self, name, value):
        """A variable was set, or removed."""
        if self._pattern.match(self._text(name)):
            self._note("variable " + self._text(name), "os.environ", None if value is None else self._text(value))

    def _wrap_affinity(self):
        plain, note = os.sched_setaffinity, self._note

        def sched_setaffinity(pid, mask):
            mask = list(mask)
            plain(pid, mask)
            if pid in (0, os.getpid()):
                note("affinity", "os.sched_setaffinity", sorted(mask))

        os.sched_setaffinity = sched_setaffinity

    def _note(self, what, setter, value):
        entry = {"what": what, "setter": self._text(setter), "value": value}
        entry.update(module=self._changes.module(), step=self._changes.step)
        entry.update(self._caller(), in_region=self._in_region())
        key = repr(sorted(entry.items()))
        # The program's own threads come by here: a step that another one of them can come between must not fail.
        if key in self._notes or len(self._notes) < MAX_ENTRIES:
            note = self._notes.setdefault(key, [0, self._new_count(), entry])
            note[0] = next(self._order)
            note[1].add()

    def _caller(self):
        frame = sys._getframe(1)
        while frame.f_back is not None and self._passes(frame.f_code.co_filename):
            frame = frame.f_back
        code = frame.f_code
        return {"file": self._text(code.co_filename), "line": frame.f_lineno, "function": self._text(code.co_name)}

    def _passes(self, file):
        return file.startswith((AGENT_FOLDER, "<frozen ")) or os.path.basename(file) in PASSING
