"""One operation of a program, alone: the same kinds of arrays, made of random numbers, and the same function.

operation: NumPy's name of a function or ufunc ("matmul", "dot", "einsum", "add", "exp" ...), or "matmul" for @.
operands: [{"shape", "dtype", "strides": in bytes | null for contiguous ones}].
subscripts: einsum's.
variant: null as it is; "one product": stacked operands reshaped to one 2-D product, einsum with optimize=True;
    "split": in `parts` parts along the first axis, each on a thread of its own.
repeats: how often within one repetition.
"""

import os


def prepare(operation, operands, subscripts=None, variant=None, parts=None, repeats=1):
    """Make the operands; returns the region."""
    import numpy

    made = [array(numpy, one) for one in operands]
    once = VARIANTS[variant](numpy, operation, made, subscripts, parts or int(os.environ.get("OMP_NUM_THREADS", "1")))
    if repeats == 1:
        return once

    def region():
        for _ in range(repeats):
            once()

    return region


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
    """Random numbers of a type, small enough for any."""
    numbers = numpy.random.RandomState(0).randint(0, 3, size=shape)
    return numbers.astype(dtype)


def as_it_is(numpy, operation, operands, subscripts, parts):
    """The operation once."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands)
    function = getattr(numpy, operation)
    if isinstance(function, numpy.ufunc) and operation != "matmul" and function.nout == 1:
        out = function(*operands[: function.nin])
        return lambda: function(*operands[: function.nin], out=out)
    return lambda: function(*operands)


def one_product(numpy, operation, operands, subscripts, parts):
    """All of a stack at once."""
    if operation == "einsum":
        return lambda: numpy.einsum(subscripts, *operands, optimize=True)
    stacked, other = operands
    if other.ndim > 2:  # no shared factor: as much work in one product of the same depth
        other = other.reshape((-1,) + other.shape[-2:])[0]
    flat = stacked.reshape(-1, stacked.shape[-1])
    return lambda: numpy.matmul(flat, other)


def split(numpy, operation, operands, subscripts, parts):
    """Parts of the operands on threads of their own: most functions of NumPy let go of the interpreter's lock."""
    from multiprocessing import dummy

    if parts < 2:
        return as_it_is(numpy, operation, operands, subscripts, parts)
    longest = max(len(one) if one.ndim else 0 for one in operands)
    cut = [numpy.array_split(one, parts) if one.ndim and len(one) == longest else [one] * parts for one in operands]
    pieces = [as_it_is(numpy, operation, piece, subscripts, 1) for piece in zip(*cut)]  # noqa: B905 - 2.7 has no strict
    pool = dummy.Pool(parts)
    return lambda: pool.map(call, pieces, 1)


def call(function):
    """What a thread of the pool does."""
    function()


VARIANTS = {None: as_it_is, "one product": one_product, "split": split}
