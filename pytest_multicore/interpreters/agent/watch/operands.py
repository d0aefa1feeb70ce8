"""The arrays that expressions of a running frame name, found without running any of the user's code.

An operand is {"name", "type", "dtype", "shape", "strides": in bytes | null, "itemsize",
               "contiguous": "C" | "F" | null}.

Names, stored attributes, items of plain dicts, lists and tuples, and `.T` and plain slices of NumPy's own arrays are
followed; properties, calls and everything else that runs code are not.
"""

import sys
import threading

#: Packages whose arrays may be asked for dtype and shape.
ARRAY_PACKAGES = ("numpy", "scipy", "torch", "jax", "jaxlib", "cupy", "tensorflow", "theano", "pytensor")
MODULE = type(sys)
MISSING = object()
#: Before 3.13 the variables of a function's frame are written into one dict of the frame's, each time somebody asks.
SHARES_VARIABLES = sys.version_info < (3, 13)
READERS = frozenset(["locals", "vars", "dir", "eval", "exec", "f_locals"])  # of that dict: it must not change meanwhile
IS_FUNCTION = 1  # CO_OPTIMIZED, in a code's flags
OWN_REFERENCES = 3  # to that dict, where nobody else has it: the frame's, a variable's and an argument's


class Slots(object):
    """A class for the type of a slot's descriptor."""

    __slots__ = ("slot",)


SLOT = type(Slots.__dict__["slot"])


def resolve(node, frame):
    """The object that an expression (ast) names in a frame; MISSING where that cannot be found out."""
    kind = type(node).__name__
    try:
        if kind == "Name":
            return _variable(node.id, frame)
        if kind == "Attribute":
            return _attribute(resolve(node.value, frame), node.attr)
        if kind == "Subscript":
            return _item(resolve(node.value, frame), _index(node.slice, frame))
    except Exception:  # raised by an array, for instance for an index that is out of range by now
        return MISSING
    return MISSING


def is_array(value):
    """Whether a value is an array of a known package."""
    kind = type(value)
    package = str(getattr(kind, "__module__", "")).partition(".")[0]
    return package in ARRAY_PACKAGES and not isinstance(value, (type, MODULE)) and _has(kind, value, "dtype", "shape")


def describe(name, value, text):
    """An operand's entry; None where the array has no type or shape."""
    try:
        shape = [int(size) for size in value.shape]
        itemsize = _number(value, "itemsize", "element_size")
        strides = _strides(value, itemsize)
        return {
            "name": text(name),
            "type": text(type(value).__module__ + "." + type(value).__name__),
            "dtype": text(value.dtype).rpartition(".")[2],  # torch.float32
            "shape": shape,
            "strides": strides,
            "itemsize": itemsize,
            "contiguous": _order(shape, strides, itemsize),
        }
    except Exception:  # a symbolic array has no shape yet
        return None


def words(node):
    """An operand's name, roughly as in the source."""
    kind = type(node).__name__
    if kind == "Name":
        return node.id
    if kind == "Attribute":
        return words(node.value) + "." + node.attr
    if kind == "Subscript":
        return words(node.value) + "[...]"
    return "?"


def let_go(frame):
    """Empty the dict of a frame whose variables were asked for: else what they held lives on until the function ends.

    After each call of a trace function Python sets the variables to what the dict holds: that of a traced frame is left
    alone. At its start a function may be traced without a mark of it, and has let go of nothing yet.
    """
    code = frame.f_code
    if not (SHARES_VARIABLES and code.co_flags & IS_FUNCTION) or reads_by_name(code):
        return
    if frame.f_trace is None and frame.f_lineno != code.co_firstlineno:
        variables = frame.f_locals
        if sys.getrefcount(variables) <= OWN_REFERENCES:  # numexpr and pandas look the caller's up in it
            variables.clear()


def is_traced():
    """Whether this thread has a function that traces or profiles it, or new ones get one."""
    of_others = [getattr(threading, name, None) for name in ("_trace_hook", "_profile_hook")]
    return any(hook is not None for hook in [sys.gettrace(), sys.getprofile()] + of_others)


def reads_by_name(code):
    """Whether a function may read its variables from the frame's dict, as 2.7 does in an `exec`: it is left alone."""
    if code.co_flags & IS_FUNCTION:
        return SHARES_VARIABLES and not READERS.isdisjoint(code.co_names)
    return sys.version_info[0] == 2 and code.co_nlocals > 0


def _variable(name, frame):
    places, code = (frame.f_globals,), frame.f_code
    if not reads_by_name(code):
        places = (frame.f_locals, frame.f_globals)
    elif name in code.co_varnames + code.co_cellvars + code.co_freevars:
        return MISSING
    for names in places:
        if name in names:
            return names[name]
    return MISSING


def _attribute(value, name):
    if value is MISSING:
        return MISSING
    if isinstance(value, MODULE):
        return vars(value).get(name, MISSING)
    if name == "T" and _is_numpy(value):
        return value.T
    mro = getattr(type(value), "__mro__", ())
    of_class = next((vars(kind)[name] for kind in mro if name in vars(kind)), MISSING)
    if isinstance(of_class, SLOT):
        return of_class.__get__(value, type(value))
    if isinstance(of_class, property):
        return MISSING
    try:
        stored = object.__getattribute__(value, "__dict__")
    except (AttributeError, TypeError):  # it has none; 2.7's old classes
        stored = {}
    return stored.get(name, of_class)


def _item(value, index):
    """An item of a NumPy array, or of a plain dict, list or tuple, whose look-up runs no code of the user's."""
    if type(value) in (list, tuple) and type(index) is int:
        return value[index]
    if type(value) is dict and type(index) in (int, str):
        return value.get(index, MISSING)
    return value[index] if _is_numpy(value) and index is not MISSING and type(index) is not str else MISSING


def _index(node, frame):
    """An index that only makes a view: numbers, slices, `...`, None and tuples of them."""
    kind = type(node).__name__
    if kind == "Index":  # before 3.9
        return _index(node.value, frame)
    if kind == "Slice":
        parts = [None if part is None else _index(part, frame) for part in (node.lower, node.upper, node.step)]
        return MISSING if any(part is MISSING for part in parts) else slice(*parts)
    if kind in ("Tuple", "ExtSlice"):
        parts = [_index(part, frame) for part in (node.elts if kind == "Tuple" else node.dims)]
        return MISSING if any(part is MISSING for part in parts) else tuple(parts)
    if kind == "UnaryOp" and type(node.op).__name__ == "USub":
        number = _index(node.operand, frame)
        return MISSING if number is MISSING else -number
    if kind == "Ellipsis":
        return Ellipsis
    value = resolve(node, frame)
    if value is MISSING:  # n, s: before 3.8
        value = next((getattr(node, name) for name in ("value", "n", "s") if hasattr(node, name)), MISSING)
    return value if value is None or value is Ellipsis or type(value) in (int, str) else MISSING


def _is_numpy(value):
    """Whether it is NumPy's own array, whose views and `.T` run no other code."""
    return type(value).__name__ == "ndarray" and type(value).__module__ == "numpy"


def _has(kind, value, *names):
    instance = getattr(value, "__dict__", {})
    return all(name in instance or any(name in vars(base) for base in kind.__mro__) for name in names)


def _number(value, attribute, method):
    value_found = getattr(value, attribute, None)
    if value_found is None or callable(value_found):  # torch had a method only, and has both now
        value_found = getattr(value, method)()
    return int(value_found)


def _strides(value, itemsize):
    """Strides in bytes; torch's are in elements."""
    if hasattr(value, "strides"):
        return [int(step) for step in value.strides]
    if hasattr(value, "stride"):
        return [int(step) * itemsize for step in value.stride()]
    return None


def _order(shape, strides, itemsize):
    if strides is None:
        return None
    if _runs_through(reversed(shape), reversed(strides), itemsize):
        return "C"
    return "F" if _runs_through(shape, strides, itemsize) else None


def _runs_through(shape, strides, step):
    """Whether the elements are adjacent in memory, with the first given axis the fastest."""
    for size, stride in zip(shape, strides):  # noqa: B905 - 2.7 has no strict
        if size > 1 and stride != step:
            return False
        step *= size
    return True
