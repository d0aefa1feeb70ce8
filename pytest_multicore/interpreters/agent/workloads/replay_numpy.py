"""One operation of a program, alone: the same function on the same kinds of arrays, of random numbers.

operation: NumPy's name of a function or ufunc ("matmul", "dot", "einsum", "add", "exp" ...), or "matmul" for @.
operands: [{"shape", "dtype", "strides": in bytes | null for contiguous ones}].
subscripts: einsum's.
variant: null: unchanged; "one product": stacked operands reshaped to one 2-D product, einsum with optimize=True;
    "split": in `parts` parts along the result's first axis, each on a thread of its own: what broadcasts along it is
    common to all;
    "resident": `repeats` times the elements, all at the same few addresses, split in the same way.
parts: default OMP_NUM_THREADS.
"""

import os


def prepare(operation, operands, subscripts=None, variant=None, parts=None, repeats=1):
    """Make the operands; returns the region."""
    import numpy

    arrays = [array(numpy, operand) for operand in operands]
    parts = parts or int(os.environ.get("OMP_NUM_THREADS", "1"))
    if variant == "resident":
        return resident(numpy, operation, arrays, repeats, parts)
    return VARIANTS[variant](numpy, operation, arrays, subscripts, parts)


def array(numpy, operand):
    """An array with a shape, a type and, where they are given, strides."""
    shape, dtype, strides = tuple(operand["shape"]), numpy.dtype(str(operand["dtype"])), operand.get("strides")
    if strides is None:
        return filled(numpy, shape, dtype)
    steps = zip(shape, strides)  # noqa: B905 - 2.7 has no strict
    reach = sum((length - 1) * abs(stride) for length, stride in steps) // dtype.itemsize + 1
    flat = filled(numpy, (max(1, reach),), dtype)
    # A negative stride visits the same memory backwards, at the cost of a positive one.
    return numpy.lib.stride_tricks.as_strided(flat, shape, tuple(abs(stride) for stride in strides))


def filled(numpy, shape, dtype):
    """Random numbers that any type holds, and for which neither logarithms nor divisions are slow."""
    numbers = numpy.random.RandomState(0).randint(1, 4, size=shape)
    return numbers.astype(dtype)


def as_it_is(numpy, operation, operands, subscripts, parts):
    """The operation once."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands)
    function = getattr(numpy, operation)
    if isinstance(function, numpy.ufunc) and operation != "matmul" and function.nout == 1:
        arguments = inputs(function, operands)
        out = function(*arguments)
        return lambda: function(*arguments, out=out)
    return lambda: function(*operands)


def inputs(ufunc, operands):
    """As many operands as it takes: a scalar is not recorded, and an array in its place costs about as much."""
    return (list(operands) * ufunc.nin)[: ufunc.nin]


def one_product(numpy, operation, operands, subscripts, parts):
    """All products of a stack as one."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands, optimize=True)
    left, right = operands
    if left.ndim < 3:  # one left factor for the whole stack on the right
        right = numpy.concatenate(list(right.reshape((-1,) + right.shape[-2:])), axis=1)
    elif right.ndim > 2:  # no common factor: as much work in one product of the same depth
        right = right.reshape((-1,) + right.shape[-2:])[0]
    rows = left.reshape(-1, left.shape[-1])
    return lambda: numpy.matmul(rows, right)


def split(numpy, operation, operands, subscripts, parts):
    """Parts of the operands, each on a thread of its own: most of NumPy's functions release the interpreter's lock."""
    if parts < 2:
        return as_it_is(numpy, operation, operands, subscripts, parts)
    axes = max(operand.ndim for operand in operands)
    longest = max(len(operand) if operand.ndim == axes and axes else 0 for operand in operands)

    def cut(operand):
        splits = axes and operand.ndim == axes and len(operand) == longest
        return numpy.array_split(operand, parts) if splits else [operand] * parts

    pieces = zip(*[cut(operand) for operand in operands])  # noqa: B905 - 2.7 has no strict
    return in_threads([as_it_is(numpy, operation, piece, subscripts, 1) for piece in pieces])


def resident(numpy, operation, operands, repeats, parts):
    """One call for each thread, as long as the original, on rows that are all the same memory, which a cache holds."""
    function, rows = getattr(numpy, operation), max(1, repeats // parts)

    def one_part():
        if not isinstance(function, numpy.ufunc):
            view = repeated(numpy, operands[0], rows)
            return lambda: function(view)
        arguments = inputs(function, operands)
        views, out = (
            [repeated(numpy, operand, rows) for operand in arguments],
            repeated(numpy, function(*arguments), rows),
        )
        return lambda: function(*views, out=out)

    return in_threads([one_part() for _ in range(parts)])


def repeated(numpy, row, rows):
    """A matrix of `rows` rows, all of which are the same copy of one row in memory."""
    return numpy.lib.stride_tricks.as_strided(row.copy(), (rows,) + row.shape, (0,) + row.strides)


def in_threads(pieces):
    """Each piece on a thread of its own."""
    from multiprocessing import dummy

    if len(pieces) < 2:
        return pieces[0]
    pool = dummy.Pool(len(pieces))
    return lambda: pool.map(call, pieces, 1)


def call(function):
    """Call a function, as a task of the pool."""
    function()


VARIANTS = {None: as_it_is, "one product": one_product, "split": split}
