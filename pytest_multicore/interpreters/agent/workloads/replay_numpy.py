"""One operation of a program, alone: the same kinds of arrays, made of random numbers, and the same function.

operation: NumPy's name of a function or ufunc ("matmul", "dot", "einsum", "add", "exp" ...), or "matmul" for @.
operands: [{"shape", "dtype", "strides": in bytes | null for contiguous ones}].
subscripts: einsum's.
variant: null as it is; "one product": stacked operands reshaped to one 2-D product, einsum with optimize=True;
    "split": in `parts` parts along the first axis, each on a thread of its own;
    "resident": `repeats` times the elements, which are the same few in memory again and again, split likewise.
parts: OMP_NUM_THREADS unless told.
"""

import os


def prepare(operation, operands, subscripts=None, variant=None, parts=None, repeats=1):
    """Make the operands; returns the region."""
    import numpy

    made = [array(numpy, one) for one in operands]
    parts = parts or int(os.environ.get("OMP_NUM_THREADS", "1"))
    if variant == "resident":
        return resident(numpy, operation, made, repeats, parts)
    return VARIANTS[variant](numpy, operation, made, subscripts, parts)


def array(numpy, operand):
    """An array of a shape, a type and, where they are told, strides."""
    shape, dtype, strides = tuple(operand["shape"]), numpy.dtype(str(operand["dtype"])), operand.get("strides")
    if strides is None:
        return filled(numpy, shape, dtype)
    steps = zip(shape, strides)  # noqa: B905 - 2.7 has no strict
    reach = sum((length - 1) * abs(stride) for length, stride in steps) // dtype.itemsize + 1
    flat = filled(numpy, (max(1, reach),), dtype)
    # A negative stride walks the same memory backwards: its cost is that of a positive one.
    return numpy.lib.stride_tricks.as_strided(flat, shape, tuple(abs(stride) for stride in strides))


def filled(numpy, shape, dtype):
    """Random numbers of a type: small enough for any, and none that a logarithm or a division takes long over."""
    numbers = numpy.random.RandomState(0).randint(1, 4, size=shape)
    return numbers.astype(dtype)


def as_it_is(numpy, operation, operands, subscripts, parts):
    """The operation once."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands)
    function = getattr(numpy, operation)
    if isinstance(function, numpy.ufunc) and operation != "matmul" and function.nout == 1:
        given = inputs(function, operands)
        out = function(*given)
        return lambda: function(*given, out=out)
    return lambda: function(*operands)


def inputs(ufunc, operands):
    """As many as it takes: a number beside an array is no operand, and an array in its place costs about as much."""
    return (list(operands) * ufunc.nin)[: ufunc.nin]


def one_product(numpy, operation, operands, subscripts, parts):
    """All of a stack at once."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands, optimize=True)
    left, right = operands
    if left.ndim < 3:  # one factor for all of the stack on the right
        right = numpy.concatenate(list(right.reshape((-1,) + right.shape[-2:])), axis=1)
    elif right.ndim > 2:  # no shared factor: as much work in one product of the same depth
        right = right.reshape((-1,) + right.shape[-2:])[0]
    rows = left.reshape(-1, left.shape[-1])
    return lambda: numpy.matmul(rows, right)


def split(numpy, operation, operands, subscripts, parts):
    """Parts of the operands on threads of their own: most functions of NumPy let go of the interpreter's lock."""
    if parts < 2:
        return as_it_is(numpy, operation, operands, subscripts, parts)
    longest = max(len(one) if one.ndim else 0 for one in operands)
    cut = [numpy.array_split(one, parts) if one.ndim and len(one) == longest else [one] * parts for one in operands]
    return in_threads([as_it_is(numpy, operation, piece, subscripts, 1) for piece in zip(*cut)])  # noqa: B905 - 2.7


def resident(numpy, operation, operands, repeats, parts):
    """One call for each thread, as long as ever, on rows that are one and the same: a cache holds it."""
    function, rows = getattr(numpy, operation), max(1, repeats // parts)

    def one_part():
        if not isinstance(function, numpy.ufunc):
            view = repeated(numpy, operands[0], rows)
            return lambda: function(view)
        given = inputs(function, operands)
        views, out = [repeated(numpy, one, rows) for one in given], repeated(numpy, function(*given), rows)
        return lambda: function(*views, out=out)

    return in_threads([one_part() for _ in range(parts)])


def repeated(numpy, row, rows):
    """As many rows as asked for, which are a copy of one."""
    return numpy.lib.stride_tricks.as_strided(row.copy(), (rows,) + row.shape, (0,) + row.strides)


def in_threads(pieces):
    """Each piece on a thread of its own."""
    from multiprocessing import dummy

    if len(pieces) < 2:
        return pieces[0]
    pool = dummy.Pool(len(pieces))
    return lambda: pool.map(call, pieces, 1)


def call(function):
    """What a thread of the pool does."""
    function()


VARIANTS = {None: as_it_is, "one product": one_product, "split": split}
