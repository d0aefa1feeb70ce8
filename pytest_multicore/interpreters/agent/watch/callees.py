"""The function that an expression calls, asked for its name without running any of the user's code.

Objects that answer to any attribute (mocks, expressions of Polars, proxies) are not asked for one.
"""

import sys

MISSING = object()
PLAIN_FUNCTION = type(lambda: None)
#: Modules of the interpreter whose functions are steps of a Python loop, not the work of a library.
OF_THE_INTERPRETER = frozenset(
    ["builtins", "__builtin__", "_operator", "operator", "itertools", "_functools", "functools", "_collections"]
    + ["collections", "math", "cmath", "time", "_thread", "thread", "threading", "types", "_io", "io", "sys", "_queue"]
    + ["queue", "_weakref", "_abc", "_random", "random", "_struct", "_sre", "_socket", "select", "posix"]
)


def stored(value, name):
    """An attribute; MISSING where it has none, or where to ask for it could run code of the user's."""
    for kind in getattr(type(value), "__mro__", ()):
        own = vars(kind)
        if "__getattr__" in own or type(own.get("__getattribute__")) is PLAIN_FUNCTION:
            return MISSING
        if type(own.get(name)) in (property, PLAIN_FUNCTION):
            return MISSING
    try:
        return getattr(value, name, MISSING)
    except Exception:  # raised by a descriptor of an extension's
        return MISSING


def word(value, name):
    """An attribute that is text; None where it is not."""
    found = stored(value, name)
    return found if isinstance(found, str) else None


def compiled_name(function):
    """The dotted name of a compiled function of a library; None of Python's own functions, and of a class in Python."""
    for _ in range(4):  # wrappers within wrappers
        inner = stored(function, "func" if type(function).__name__ == "partial" else "__func__")
        if inner is MISSING:
            break
        function = inner
    if isinstance(function, (PLAIN_FUNCTION, type(sys))) or not callable(function) or _is_pythons(function):
        return None
    owner = stored(function, "__objclass__")
    if owner is MISSING:
        bound = stored(function, "__self__")
        owner = MISSING if bound in (MISSING, None) or isinstance(bound, type(sys)) else type(bound)
    module = word(function, "__module__") or (None if owner is MISSING else word(owner, "__module__"))
    name = word(function, "__qualname__") or word(function, "__name__")
    if not module or not name or module.partition(".")[0] in OF_THE_INTERPRETER:
        return None
    return module + "." + name


def _is_pythons(function):
    """Whether a call of it runs Python code: a class with a set-up, or an object with a call, in Python."""
    kind, names = (function, ("__init__", "__new__")) if isinstance(function, type) else (type(function), ("__call__",))
    for name in names:
        found = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
        if type(getattr(found, "__func__", found)) is PLAIN_FUNCTION:
            return True
    return False
