"""What the program itself warned of: libraries say so when they fall back to one thread, or to one job.

[{"category": "UserWarning", "message": at most MAX_CHARACTERS, "module": that warned}], each text once, in the order in
which they came. Only those that speak of threads and their like are kept, and none that is for a library's developers.
Warnings that compiled code gives do not pass here.
"""

import itertools
import re
import sys
import warnings

ABOUT_THREADS = re.compile(
    r"\b(n_?jobs?|jobs?|(multi-?)?threads?|threading|parallel\w*|cores?|workers?|process(es)?|cpus?|openmp|blas|gil)\b|"
    r"_THREADS\b",
    re.IGNORECASE,
)
FOR_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning) + (
    (ResourceWarning,) if sys.version_info[0] > 2 else ()
)
MAX_WARNINGS = 10
MAX_CHARACTERS = 300


class ProgramWarnings(object):
    """Notes warnings from the moment it is made; they are given as before."""

    def __init__(self, text):
        self._notes, self._order, self._text = {}, itertools.count(), text  # (number, entry) by what is in an entry
        plain = warnings.warn

        def warn(message, category=None, stacklevel=1, *args, **kwargs):
            self._note(message, category)
            plain(message, category or UserWarning, stacklevel + 1, *args, **kwargs)  # 2.7 takes no None

        warnings.warn = warn

    def _note(self, message, category):
        kind = type(message) if isinstance(message, Warning) else category or UserWarning
        if not isinstance(kind, type) or issubclass(kind, FOR_DEVELOPERS) or len(self._notes) >= MAX_WARNINGS:
            return
        words = " ".join(self._text(message).split())[:MAX_CHARACTERS]
        if not ABOUT_THREADS.search(words):
            return
        entry = {"category": kind.__name__, "message": words, "module": _module()}
        # Threads warn at once: what was looked for may be there by now.
        self._notes.setdefault(repr(sorted(entry.items())), (next(self._order), entry))

    def report(self):
        """The list of this file's docstring."""
        notes = sorted(list(self._notes.values()), key=lambda note: note[0])
        return [entry for _, entry in notes[:MAX_WARNINGS]]


def _module():
    """The name of the module whose code warned; None where it has none."""
    try:
        name = sys._getframe(3).f_globals.get("__name__")  # of warn's caller
    except ValueError:  # compiled code called it
        return None
    return name if isinstance(name, str) else None
