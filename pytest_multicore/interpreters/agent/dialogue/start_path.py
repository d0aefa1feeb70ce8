"""Imports from the search path of the start: a user's folder on sys.path may hold a token.py, and traceback needs one.

They hold for the thread that asks alone. sys.path stays as it is: the program's other threads may import meanwhile.
"""

import sys

# Not threading, which takes milliseconds to load.
get_ident = __import__("thread" if sys.version_info[0] == 2 else "_thread").get_ident
imp = __import__("imp") if sys.version_info[0] == 2 else None
START_PATH = list(sys.path)


class StartPath(object):
    """Finds modules at the top by the path of the start while it is entered, for the thread that made it."""

    def __init__(self):
        self._thread = get_ident()

    def __enter__(self):
        sys.meta_path = [self] + sys.meta_path  # another list: a thread that is going through it would miss a finder

    def __exit__(self, *_):
        sys.meta_path = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(self, name, path=None, target=None):
        """See importlib.abc.MetaPathFinder. Python 3."""
        if path is not None or get_ident() != self._thread:
            return None
        return sys.modules["_frozen_importlib_external"].PathFinder.find_spec(name, START_PATH)

    def find_module(self, name, path=None):
        """See find_spec. Python 2.7."""
        if path is not None or get_ident() != self._thread:
            return None
        try:
            return FoundModule(imp.load_module, imp.find_module(name, START_PATH))
        except ImportError:
            return None


class FoundModule(object):
    """A module that Python 2.7 has found."""

    def __init__(self, load, found):
        self._load, self._found = load, found

    def load_module(self, name):
        """See PEP 302."""
        try:
            return self._load(name, *self._found)
        finally:
            if self._found[0]:
                self._found[0].close()
