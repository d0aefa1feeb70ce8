"""Tells when a module's own code is about to run and when it has run: every import, however it was asked for.

In Python 3 all of them go through importlib's _load_unlocked(spec). It is wrapped, and not a finder put on
sys.meta_path: others, as pytest's rewriting of assertions, put theirs before it. 2.7 has no such place; there the
import statement is wrapped, and a module's name is the one that the statement says where no better one is found.
"""

import sys

LISTENERS = []  # pairs of functions that take a module's full name


def listen(before, after):
    """Have before(name) and after(name) called round the loading of every module from now on."""
    if not LISTENERS:
        _wrap_imports()
    LISTENERS.append((before, after))


def patch(patches):
    """Have modules changed as soon as they are loaded.

    Args:
        patches: full name -> function that takes the module and changes it.
    """

    def after(name):
        if name in patches and sys.modules.get(name) is not None:
            patches[name](sys.modules[name])

    listen(lambda name: None, after)
    for name in patches:
        after(name)


def _wrap_imports():
    bootstrap = sys.modules.get("_frozen_importlib")
    if hasattr(bootstrap, "_load_unlocked"):
        bootstrap._load_unlocked = _loading_of_specs(bootstrap._load_unlocked)
    elif "__builtin__" in sys.modules:
        builtin = sys.modules["__builtin__"]
        builtin.__import__ = _import_statement(builtin.__import__)


def _loading_of_specs(load):
    def load_and_tell(spec):
        _tell(0, spec.name)
        try:
            return load(spec)
        finally:
            _tell(1, spec.name)

    return load_and_tell


def _import_statement(load):
    def import_and_tell(name, *args, **kwargs):
        if name in sys.modules:
            return load(name, *args, **kwargs)
        known = set(sys.modules)
        _tell(0, name)
        try:
            return load(name, *args, **kwargs)
        finally:
            _tell(1, _full_name(name, known))

    return import_and_tell


def _full_name(name, known):
    """The full name of what an implicitly relative import brought."""
    new = [full for full in set(sys.modules) - known if full == name or full.endswith("." + name)]
    return min(new, key=len) if new else name


def _tell(when, name):
    for listener in list(LISTENERS):
        listener[when](name)
