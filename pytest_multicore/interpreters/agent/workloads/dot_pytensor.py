"""keras#2544's first experiment, on PyTensor: a function whose update is c <- 0.4 * c + 0.8 * dot(a, b).

a, b and c are shared `size` x `size` matrices of ones, as posted with 2000; one region is `iterations` calls of the
compiled function. The posted program called it 100 times; here 1 is the default, and rounds repeat the region.
Cost: size**3 multiply-adds for each call (8e9 at 2000); PyTensor makes one gemm of dot, scaling and sum.
c tends to 0.8 * size / 0.6, so that any number of rounds stays finite.
"""


def prepare(size=2000, iterations=1, dtype=None):
    """Make the shared matrices and compile the function; returns the region.

    Args:
        size: rows and columns.
        iterations: calls of the function in one region.
        dtype: of a, b and c; None takes pytensor.config.floatX, as posted.
    """
    import numpy
    import pytensor
    import pytensor.tensor as tensor

    kind = str(dtype or pytensor.config.floatX)
    a, b, c = [pytensor.shared(numpy.ones((size, size), dtype=kind, order="C")) for _ in range(3)]
    share, weight = numpy.asarray([0.4, 0.8], dtype=kind)  # a plain 0.4 would make float32 float64
    function = pytensor.function([], updates=[(c, share * c + weight * tensor.dot(a, b))])

    def region():
        for _ in range(iterations):
            function()

    return region
