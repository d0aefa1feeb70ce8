"""Puts the modules of one folder before all others: those of a base that a program is compared with.

A search path of its own is not enough: pytest puts a test's folder, and the project's, before it.
"""

import os
import sys

VARIABLE = "PYTEST_MULTICORE_OVERLAY"


class OverlayFinder(object):
    """Finds the modules at the top of a folder, wherever else they may be. Python 3."""

    def __init__(self, folder):
        from importlib.machinery import PathFinder

        self.folder, self._find = folder, PathFinder.find_spec
        entries = [entry for entry in os.listdir(folder) if entry != "bin" and not entry.endswith(".dist-info")]
        self.names = set(entry.partition(".")[0] for entry in entries)

    def find_spec(self, name, path=None, target=None):
        """See importlib.abc.MetaPathFinder."""
        if path is None and name in self.names:
            spec = self._find(name, [self.folder])
            # A namespace has parts elsewhere, too: the search path joins them.
            return spec if spec is not None and spec.has_location else None
        return None


def install():
    """Use the folder that a variable names, if it names one."""
    folder = os.environ.get(VARIABLE)
    if folder:
        sys.meta_path.insert(0, OverlayFinder(folder))


def imported():
    """The names of its modules that were imported, each with whether that came from the folder."""
    finders = [finder for finder in sys.meta_path if type(finder).__name__ == "OverlayFinder"]
    found = {}
    for finder in finders:
        for name in finder.names:
            file = getattr(sys.modules.get(name), "__file__", None)
            if file:
                found[name] = os.path.realpath(file).startswith(os.path.realpath(finder.folder) + os.sep)
    return found or None
