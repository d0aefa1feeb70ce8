"""Options of the parent's pytest whose values JSON does not know: each is [kind, content]; see carried_options.py."""

import pathlib

CONTAINERS = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def values(options):
    """The options with their values."""
    return dict((name, _value(entry)) for name, entry in options.items())


def _value(entry):
    kind, content = entry
    if kind == "path":
        return pathlib.Path(content)
    if kind == "dict":  # each key before its value
        parts = iter([_value(one) for one in content])
        return dict((key, next(parts)) for key in parts)
    return CONTAINERS[kind](_value(one) for one in content) if kind in CONTAINERS else content
