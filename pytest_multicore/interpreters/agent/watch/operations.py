"""The array operation on a line, and its operands, by the source and the running frame.

{"operation": "matmul" (any product of arrays but einsum) | "einsum" | "linalg" | "fft" | "sort" | "reduction" |
              "copy" | "elementwise" (ufuncs, operators between arrays, comparisons) | null,
 "function_called": NumPy's name of it, as "dot" or, for a + b, "add" | null,
 "subscripts": einsum's, where they are written there | null,
 "operands": [...] see operands.py}
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
    statement = _statement(frame)
    nodes = _expressions(statement) if statement is not None else []
    candidates = [(_operation(node, frame, operands, text), node) for node in nodes]
    candidates = [(operation, node) for operation, node in candidates if operation is not None]
    if not candidates:
        return None
    line, here = frame.f_lineno, _position(frame)

    def rank(pair):
        operation, node = pair
        on_line = node.lineno <= line <= (getattr(node, "end_lineno", None) or node.lineno)
        return _place(node) != here, not on_line, ORDER.index(operation["operation"])

    return min(candidates, key=rank)[0]


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
    arrays = [entry for side in sides for entry in _arrays(side, frame, operands, text)]
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
        name = getattr(function, "__name__", name)
        package = str(getattr(function, "__module__", None) or "").partition(".")[0]
        array_function = package in operands.ARRAY_PACKAGES
        if type(function).__name__ == "ufunc":
            array_function = "ufunc"
            if getattr(function, "signature", None) and name not in OPERATIONS:
                name = name.partition("_")[0]  # linalg's own: svd_f, cholesky_lo
    if isinstance(node.func, ast.Attribute):
        sides.insert(0, node.func.value)
    return name, array_function, sides


def _subscripts(sides):
    """The first argument, where it is text."""
    texts = [getattr(side, TEXTS[type(side).__name__]) for side in sides if type(side).__name__ in TEXTS]
    return next((text for text in texts if hasattr(text, "upper")), None)


def _arrays(node, frame, operands, text):
    """The entries of an operand that is an array, or a list of arrays; none for values that are not computed yet."""
    if type(node).__name__ in ("List", "Tuple"):
        return [entry for part in node.elts for entry in _arrays(part, frame, operands, text)]
    value = operands.resolve(node, frame)
    if value is operands.MISSING or not operands.is_array(value):
        return []
    entry = operands.describe(operands.words(node), value, text)
    return [entry] if entry else []


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
