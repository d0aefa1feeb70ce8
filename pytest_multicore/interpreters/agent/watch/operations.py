"""The array operation on a line, and its operands, by the source and the running frame.

{"operation": "matmul" (any product of arrays but einsum) | "einsum" | "linalg" | "fft" | "sort" | "reduction" |
              "copy" | "elementwise" (ufuncs, operators between arrays, comparisons) | null,
 "function_called": NumPy's name of it, as "dot" or, for a + b, "add" | null,
 "subscripts": einsum's, where they are written there | null,
 "operands": [...] see operands.py,
 "called": the dotted name of the compiled function of a library that the line calls | null}
"""

import ast
import itertools
import linecache

NAMES = {
    "matmul": "matmul dot vdot inner outer tensordot multi_dot vecdot matvec vecmat mm bmm",
    "einsum": "einsum",
    "linalg": "svd eig eigh eigvals eigvalsh solve inv pinv cholesky qr lstsq det slogdet matrix_power expm lu norm",
    "fft": "fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn",
    "sort": "sort argsort partition argpartition lexsort unique median percentile quantile searchsorted",
    "reduction": "sum mean std var prod cumsum cumprod min max argmin argmax any all average count_nonzero trace "
    "nansum nanmean nanstd nanvar",
    "copy": "copy ascontiguousarray asfortranarray astype concatenate stack vstack hstack take repeat tile",
    "elementwise": "where clip",
}
OPERATIONS = dict((name, operation) for operation, names in NAMES.items() for name in names.split())
ORDER = ["matmul", "einsum", "linalg", "fft", "sort", "reduction", "copy", "elementwise"]  # the likely dearest first
OPERATORS = {
    "MatMult": "matmul",
    "Add": "add",
    "Sub": "subtract",
    "Mult": "multiply",
    "Div": "divide",
    "FloorDiv": "floor_divide",
    "Mod": "remainder",
    "Pow": "power",
    "BitAnd": "bitwise_and",
    "BitOr": "bitwise_or",
    "BitXor": "bitwise_xor",
    "USub": "negative",
    "Invert": "invert",
    "Lt": "less",
    "LtE": "less_equal",
    "Gt": "greater",
    "GtE": "greater_equal",
    "Eq": "equal",
    "NotEq": "not_equal",
}
BY_ELEMENT = ("elementwise", "reduction")
NO_OPERATION = {"operation": None, "function_called": None, "subscripts": None, "operands": [], "called": None}
TEXTS = {"Constant": "value", "Str": "s"}  # Str: before 3.8
MAX_SOURCE_LINES = 20000  # lines
FILES = {}  # path -> its statements, or ()


def at(frame, operands, text):
    """The operation of a frame's present line, as in this file's docstring; None where there is none.

    Args:
        frame: a thread's frame.
        operands: the module operands.py.
        text: a function that turns any value into text that JSON can carry.
    """
    try:
        return _at(frame, operands, text)
    except Exception:  # whatever objects of the user's answer: the look at them must not break the program
        return None


def _at(frame, operands, text):
    statement = _statement(frame)
    nodes = _expressions(statement) if statement is not None else []
    line, here = frame.f_lineno, _position(frame)

    def distance(node):
        on_line = getattr(node, "lineno", line) <= line <= (getattr(node, "end_lineno", None) or node.lineno)
        return _place(node) != here, not on_line

    nodes = [node for node in nodes if hasattr(node, "lineno")]
    candidates = [(_operation(node, frame, operands, text), node) for node in nodes]
    candidates = [(operation, node) for operation, node in candidates if operation is not None]
    called = _compiled(sorted(nodes, key=distance), frame, operands, text)
    if not candidates:
        return called and dict(NO_OPERATION, called=called)
    chosen = min(candidates, key=lambda pair: (distance(pair[1]), ORDER.index(pair[0]["operation"])))[0]
    return dict(chosen, called=called)


def _compiled(nodes, frame, operands, text):
    """The name of the first function of these expressions that is compiled; None where there is none."""
    for node in nodes:
        if type(node).__name__ == "Call":
            function = operands.resolve(node.func, frame)
            name = None if function is operands.MISSING else operands.callees.compiled_name(function)
            if name:
                return text(name)
    return None


def _operation(node, frame, operands, text):
    """The array operation of one expression; None where it has none."""
    kind = type(node).__name__
    if kind == "Call":
        function, array_function, sides = _called_function(node, frame, operands)
        operation = OPERATIONS.get(function, "elementwise" if array_function == "ufunc" else None)
    else:
        function, array_function, sides = _operator(node, kind), False, _sides(node, kind)
        operation = OPERATIONS.get(function, "elementwise") if function else None
    if operation is None:
        return None
    by_element = operation in BY_ELEMENT
    arrays = [entry for side in sides for entry in _arrays(side, frame, operands, text, by_element)]
    if not (arrays or array_function):
        return None
    subscripts = _subscripts(sides) if operation == "einsum" else None
    return {
        "operation": operation,
        "function_called": text(function),
        "subscripts": subscripts and text(subscripts),
        "operands": arrays,
    }


def _operator(node, kind):
    if kind in ("BinOp", "AugAssign", "UnaryOp"):
        return OPERATORS.get(type(node.op).__name__)
    return OPERATORS.get(type(node.ops[0]).__name__) if kind == "Compare" else None


def _sides(node, kind):
    if kind == "Compare":
        return [node.left] + node.comparators
    names = {"BinOp": ("left", "right"), "AugAssign": ("target", "value"), "UnaryOp": ("operand",)}
    return [getattr(node, name) for name in names.get(kind, ())]


def _called_function(node, frame, operands):
    """NumPy's name of the called function, whether it is an array package's, or "ufunc", and the operands' nodes."""
    function = operands.resolve(node.func, frame)
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    sides = list(node.args)
    array_function = False
    if function is not operands.MISSING:
        word = operands.callees.word
        name = word(function, "__name__") or name
        array_function = (word(function, "__module__") or "").partition(".")[0] in operands.ARRAY_PACKAGES
        if type(function).__name__ == "ufunc":
            array_function = "ufunc"
            if word(function, "signature") and name not in OPERATIONS:
                name = name.partition("_")[0]  # linalg's own: svd_f, cholesky_lo
    if isinstance(node.func, ast.Attribute):
        sides.insert(0, node.func.value)
    return name, array_function, sides


def _subscripts(sides):
    """The first argument, where it is text."""
    texts = [getattr(side, TEXTS[type(side).__name__]) for side in sides if type(side).__name__ in TEXTS]
    return next((text for text in texts if hasattr(text, "upper")), None)


def _arrays(node, frame, operands, text, by_element):
    """The entries of an operand that is an array, or a list of arrays; none for values that are not computed yet.

    Of exp(a * b) the largest array that a * b is computed from: as long, and whatever the order in memory, it costs an
    operation on elements about as much.
    """
    kind = type(node).__name__
    if kind in ("List", "Tuple"):
        return [entry for part in node.elts for entry in _arrays(part, frame, operands, text, by_element)]
    if by_element and kind in ("BinOp", "UnaryOp", "Compare", "Call"):
        inner = _operation(node, frame, operands, text)
        arrays = inner["operands"] if inner and inner["operation"] == "elementwise" else []
        return sorted(arrays, key=lambda entry: -_size(entry))[:1]
    value = operands.resolve(node, frame)
    if value is operands.MISSING or not operands.is_array(value):
        return []
    entry = operands.describe(operands.words(node), value, text)
    return [entry] if entry else []


def _size(entry):
    size = entry["itemsize"]
    for length in entry["shape"]:
        size *= length
    return size


def _statement(frame):
    """The innermost statement that contains the frame's line."""
    path, line = frame.f_code.co_filename, frame.f_lineno
    if path not in FILES:
        FILES[path] = _statements(path)
    nodes = [node for node in FILES[path] if node.lineno <= line <= getattr(node, "end_lineno", line)]
    return max(nodes, key=lambda node: node.lineno) if nodes else None


def _statements(path):
    lines = linecache.getlines(path)
    if not 0 < len(lines) < MAX_SOURCE_LINES:
        return ()
    try:
        tree = ast.parse("".join(lines).encode("utf-8") if bytes is not str else "".join(lines))
    except (SyntaxError, ValueError, UnicodeError):
        return ()
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]


def _expressions(statement):
    """The expressions of a statement, without those of inner statements; an augmented assignment counts as one."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return []
    pending, nodes = [statement], []
    while pending:
        node = pending.pop()
        nodes.append(node)
        pending.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))
    return nodes


def _position(frame):
    """The place in the source of the frame's instruction (Python 3.11 and later), in the form of _place."""
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is None:
        return None
    line, end_line, column, end_column = next(itertools.islice(positions(), frame.f_lasti // 2, None), (None,) * 4)
    return line, column, end_line, end_column


def _place(node):
    return node.lineno, node.col_offset, getattr(node, "end_lineno", None), getattr(node, "end_col_offset", None)
