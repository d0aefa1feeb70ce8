"""keras#2544's first experiment, on NumPy: c <- 0.4 * c + 0.8 * dot(a, b).

a, b and c are `size` x `size` matrices of ones; the posted program used 2000. One region is `iterations` such updates.
The posted program ran 100 of them; here 1 is the default, and rounds repeat the region as often as they need.
Cost: size**3 multiply-adds for each update (8e9 at 2000), all in one call of the BLAS's gemm, and 3 passes over
size**2 elements by one thread. c tends to 0.8 * size / 0.6, so that any number of rounds stays finite.
"""


def prepare(size=2000, iterations=1, dtype="float64"):
    """Make the matrices; returns the region."""
    import numpy

    a, b, c, product = [numpy.ones((size, size), dtype=str(dtype)) for _ in range(4)]

    def region():
        for _ in range(iterations):
            numpy.dot(a, b, out=product)
            numpy.multiply(product, 0.8, out=product)
            numpy.multiply(c, 0.4, out=c)
            numpy.add(c, product, out=c)

    return region
