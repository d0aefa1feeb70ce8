"""keras#2544's second experiment, written out on NumPy: one epoch of Dense(features -> hidden) -> Dense(hidden -> 1).

The same network, shapes, batches, loss (mse), optimiser (rmsprop as in Keras 2.3: rho 0.9, rate 0.001, epsilon 1e-7
added to the root), first weights (Glorot's uniform; biases zero) and order (shuffled each epoch) as fit_keras.py, which
lists the differences from the posted program. float32 by default, as in Keras. One region is one epoch.
Cost: samples * (2 * features * hidden + 3 * hidden) multiply-adds (4.06e8), in products of batch_size * features *
hidden (64,000) and less, and samples / batch_size turns (3125) of a Python loop.

Weights are a list [w1 (features, hidden), b1 (hidden,), w2 (hidden, 1), b2 (1,)], as Keras's get_weights() has them.
"""

RATE, RHO, EPSILON = 0.001, 0.9, 1e-7


def prepare(
    samples=100000, features=100, hidden=20, batch_size=32, loss="mse", optimizer="rmsprop", dtype="float32", seed=0
):
    """Make the data and the first weights; returns the region.

    Args:
        samples: rows of x, (samples, features), and of y, (samples, 1).
        features: columns of x.
        hidden: units of the first layer.
        batch_size: samples to each update of the weights; the last batch may be smaller.
        loss: "mse", the one that is written out here.
        optimizer: "rmsprop", the one that is written out here.
        dtype: of data and weights.
        seed: of the data, the first weights and the shuffling.
    """
    if loss != "mse" or optimizer != "rmsprop":
        raise ValueError(
            "fit on numpy is written out for loss mse and optimizer rmsprop, not for %s and %s: "
            "run fit on keras for those" % (loss, optimizer)
        )
    import numpy

    random = numpy.random.RandomState(seed)
    x = random.standard_normal((samples, features)).astype(str(dtype))
    y = random.standard_normal((samples, 1)).astype(str(dtype))
    weights = first_weights(random, features, hidden, str(dtype))
    squares = [numpy.zeros_like(weight) for weight in weights]
    order = numpy.arange(samples)

    def region():
        random.shuffle(order)
        epoch(weights, squares, x, y, order, batch_size)

    return region


def first_weights(random, features, hidden, dtype):
    """Glorot's uniform weights and zero biases, drawn from the RandomState `random`."""
    import numpy

    weights = []
    for inputs, outputs in ((features, hidden), (hidden, 1)):
        bound = (6.0 / (inputs + outputs)) ** 0.5
        weights.append(random.uniform(-bound, bound, (inputs, outputs)).astype(dtype))
        weights.append(numpy.zeros(outputs, dtype=dtype))
    return weights


def epoch(weights, squares, x, y, order, batch_size):
    """Go through the samples once, in `order`; changes `weights` and `squares` in place."""
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        rmsprop(weights, squares, gradients(weights, x[batch], y[batch]))


def mean_squared_error(weights, x, y):
    """The loss over a batch: x (n, features), y (n, 1)."""
    w1, b1, w2, b2 = weights
    return (((x.dot(w1) + b1).dot(w2) + b2 - y) ** 2).mean()


def gradients(weights, x, y):
    """The loss's gradients by each of `weights`, in their order and shapes: forward, then back."""
    w1, b1, w2, b2 = weights
    activation = x.dot(w1) + b1
    delta = (activation.dot(w2) + b2 - y) * (2.0 / len(x))
    delta_hidden = delta.dot(w2.T)
    return [x.T.dot(delta_hidden), delta_hidden.sum(axis=0), activation.T.dot(delta), delta.sum(axis=0)]


def rmsprop(weights, squares, slopes):
    """One update in place. `squares` are running means of the squared gradients, one for each weight, zero at first."""
    for weight, square, slope in zip(weights, squares, slopes):  # noqa: B905 - 2.7 has no strict
        square *= RHO
        square += (1.0 - RHO) * slope * slope
        weight -= RATE * slope / (square**0.5 + EPSILON)
