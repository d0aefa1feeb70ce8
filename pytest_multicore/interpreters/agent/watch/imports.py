"""Calls listeners before and after a module's own code runs, at every kind of import.

In Python 3 all imports go through importlib's _load_unlocked(spec), which is wrapped. A finder on sys.meta_path would
not do: others, like pytest's rewriting of assertions, insert theirs before it. In 2.7 the import statement is wrapped,
and a module's name is that of the statement where no better one is found.
"""

import sys

LISTENERS = []  # pairs of functions that take a module's full name


def listen(before, after):
    """Have before(name) and after(name) called at the loading of every module from now on."""
    if not LISTENERS:
        _wrap_imports()
    LISTENERS.append((before, after))


def noted(name, load):
    """Load a module by a function of the agent's own, as an import would."""
    _notify(0, name)
    try:
        return load()
    finally:
        _notify(1, name)


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


#: Its frame counts as the import system's own, by its file's name: Python leaves those out of tracebacks, and a warning
#: that is meant for the importer passes them by.
LOADING = """
def loading_of_specs(load, notify):
    def notifying_load(spec):
        notify(0, spec.name)
        try:
            return load(spec)
        finally:
            notify(1, spec.name)

    return notifying_load
"""


def _loading_of_specs(load):
    place = {}
    exec(compile(LOADING, "<frozen importlib._bootstrap>", "exec"), place)  # noqa: S102 - the text above
    return place["loading_of_specs"](load, _notify)


def _import_statement(load):
    def notifying_import(name, *args, **kwargs):
        if name in sys.modules:
            return load(name, *args, **kwargs)
        modules_before = set(sys.modules)
        _notify(0, name)
        try:
            return load(name, *args, **kwargs)
        finally:
            _notify(1, _full_name(name, modules_before))

    return notifying_import


def _full_name(name, modules_before):
    """The full name of the module that an implicitly relative import loaded."""
    new = [full for full in set(sys.modules) - modules_before if full == name or full.endswith("." + name)]
    return min(new, key=len) if new else name


def _notify(when, name):
    for listener in list(LISTENERS):
        listener[when](name)
