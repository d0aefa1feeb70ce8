"""The arrays that expressions of a running frame name, found without running any of the user's code.

An operand is {"name", "type", "dtype", "shape", "strides": in bytes | null, "itemsize",
               "contiguous": "C" | "F" | null}.

Names, stored attributes, items of plain dicts, lists and tuples, and `.T` and plain slices of NumPy's own arrays are
followed; properties, calls and everything else that runs code are not.
"""

import sys

#: Packages whose arrays may be asked for dtype and shape.
ARRAY_PACKAGES = ("numpy", "scipy", "torch", "jax", "jaxlib", "cupy", "tensorflow", "theano", "pytensor")
MODULE = type(sys)
MISSING = object()


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


def _variable(name, frame):
    for names in (frame.f_locals, frame.f_globals):
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
