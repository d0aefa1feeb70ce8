# What is watched of NumPy, for the agent's tests.
import numpy


class Layer:
    def __init__(self, weights):
        self.weights = weights
        self.asked = []

    @property
    def costly(self):
        self.asked.append(1)
        return self.weights


def product(dtype, size=150):
    left = numpy.ones((size, size), dtype=dtype)
    layer = Layer(numpy.ones((2 * size, size), dtype=dtype)[::2])

    def region():
        return left @ layer.weights.T

    return region


def product_of_objects(form, size=80):
    array = numpy.ones((size, size), dtype=object)

    def region():
        array @ array

    return {"function": region, "lambda": lambda: array @ array}[form]


def through_a_property(size=1500):
    layer = Layer(numpy.ones((size, size)))

    def region():
        before = len(layer.asked)
        layer.costly.dot(layer.weights)
        assert len(layer.asked) == before + 1, "somebody else asked too"

    return region


def named_function(name, size):
    functions = {
        "einsum": lambda a: numpy.einsum("ij,jk->ik", a, a),
        "sort": lambda a: numpy.sort(a, axis=None),
        "elementwise": lambda a: numpy.exp(a),
        "reduction": lambda a: a.sum(axis=0),
        "linalg": lambda a: numpy.linalg.eigvalsh(a),
    }
    array = numpy.random.RandomState(0).normal(size=(size, size))

    def region():
        functions[name](array)

    return region


def limited_product(size=700):
    import threadpoolctl

    array = numpy.ones((size, size))

    def region():
        with threadpoolctl.threadpool_limits(1):
            array @ array

    return region


def threads_within_limits():
    import threadpoolctl

    assert numpy.ones((4, 4)).dot(numpy.ones((4, 4))).sum() > 0
    with threadpoolctl.threadpool_limits(1):
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]


def product_once():
    return float(numpy.ones((500, 500)).dot(numpy.ones((500, 500)))[0, 0])


def load_numba():
    """Whether its threads have been started."""
    import numba.np.ufunc.parallel as parallel

    return parallel._is_initialized


def limit_numba(threads):
    import numba

    numba.set_num_threads(threads)
