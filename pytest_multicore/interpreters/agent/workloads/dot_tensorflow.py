"""keras#2544's first experiment, on TensorFlow: a tf.function that assigns c <- 0.4 * c + 0.8 * matmul(a, b).

a and b are constants, c is a variable: `size` x `size` matrices of ones; the posted program used 2000. One region is
`iterations` calls of the function and the reading of one number of c. The posted program called it 100 times; here 1
is the default, and rounds repeat the region. Cost: size**3 multiply-adds for each call (8e9 at 2000). float64, as
posted: TensorFlow's own default is float32. c tends to 0.8 * size / 0.6, so that any number of rounds stays finite.
"""


def prepare(size=2000, iterations=1, dtype="float64"):
    """Make the matrices and trace the function; returns the region, which returns a number of c."""
    import tensorflow

    with tensorflow.device("CPU"):
        a, b, ones = [tensorflow.ones((size, size), dtype=str(dtype)) for _ in range(3)]
        c = tensorflow.Variable(ones)

    @tensorflow.function
    def update():
        c.assign(0.4 * c + 0.8 * tensorflow.matmul(a, b))

    def region():
        for _ in range(iterations):
            update()
        return float(c[0, 0].numpy())

    update()  # traces it
    return region
