"""Puts the modules of one folder before all others: those of a base that a program is compared with.

A search path of its own is not enough: pytest puts a test's folder, and the project's, before it.
"""

import os
import sys

VARIABLE = "PYTEST_MULTICORE_OVERLAY"


class OverlayFinder(object):
    """Finds the modules of a folder, wherever else they may be. Python 3."""

    def __init__(self, folder):
        from importlib.machinery import PathFinder

        self.folder, self._find = folder, PathFinder.find_spec
        entries = [entry for entry in os.listdir(folder) if entry != "bin" and not entry.endswith(".dist-info")]
        self.names = set(entry.partition(".")[0] for entry in entries)

    def find_spec(self, name, path=None, target=None):
        """See importlib.abc.MetaPathFinder."""
        top, _, below = name.partition(".")
        if top not in self.names or (below and not self.is_namespace(top)):
            return None
        # A namespace has parts elsewhere, too. What this folder has of it is found here, the rest on the search path.
        spec = self._find(name, [os.path.join(self.folder, *name.split(".")[:-1])])
        return spec if spec is not None and spec.has_location else None

    def is_namespace(self, top):
        """Whether a package at the top has no file of its own."""
        return not getattr(sys.modules.get(top), "__file__", None)

    def holds(self, module):
        """Whether the folder has a file for a module of this name."""
        place = os.path.join(self.folder, *module.split("."))
        return os.path.isfile(place + ".py") or os.path.isfile(os.path.join(place, "__init__.py"))

    def came_from_here(self, module):
        """Whether an imported module's file lies in the folder."""
        return os.path.realpath(module.__file__).startswith(os.path.realpath(self.folder) + os.sep)


def install():
    """Use the folder that a variable names, if it names one."""
    folder = os.environ.get(VARIABLE)
    if folder:
        sys.meta_path.insert(0, OverlayFinder(folder))


def imported():
    """The names at the folder's top that were imported, each with whether that came from the folder.

    None where there is no folder. A namespace counts by its modules that the folder has.
    """
    finders = [finder for finder in sys.meta_path if type(finder).__name__ == "OverlayFinder"]
    if not finders:
        return None
    found = {}
    for name, module in list(dict(sys.modules).items()):
        top = name.partition(".")[0]
        for finder in finders:
            if top not in finder.names or not getattr(module, "__file__", None):
                continue
            if name == top or (finder.is_namespace(top) and finder.holds(name)):
                found[top] = found.get(top, True) and finder.came_from_here(module)
    return found
