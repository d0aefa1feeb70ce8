"""keras#2544's second experiment, on JAX without Keras: one epoch of Dense(features -> hidden) -> Dense(hidden -> 1).

A training loop as JAX's users write it: one compiled function does a step, forward, backward and update, and picks its
batch out of the data; a Python loop calls it. The network, shapes, batches, loss (mse), optimiser (rmsprop: rho 0.9,
rate 0.001, epsilon 1e-7 added to the root), first weights (Glorot's uniform; biases zero) and order (shuffled each
epoch) are those of fit_numpy.py. float32 by default. One region is one epoch, and the wait for the last weights: JAX
returns before it has computed. Cost: samples * (2 * features * hidden + 3 * hidden) multiply-adds (4.06e8), in products
of batch_size * features * hidden (64,000) and less, and samples / batch_size turns (3125) of a Python loop.

Weights are a list [w1 (features, hidden), b1 (hidden,), w2 (hidden, 1), b2 (1,)].
"""

RATE, RHO, EPSILON = 0.001, 0.9, 1e-7


def prepare(
    samples=100000, features=100, hidden=20, batch_size=32, loss="mse", optimizer="rmsprop", dtype="float32", seed=0
):
    """Make the data and the first weights; returns the region, which returns the last batch's loss.

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
            "fit on jax is written out for loss mse and optimizer rmsprop, not for %s and %s: "
            "run fit on keras for those" % (loss, optimizer)
        )
    import jax
    import numpy

    if "64" in str(dtype):
        jax.config.update("jax_enable_x64", True)
    random = numpy.random.RandomState(seed)
    x, y = [
        jax.numpy.asarray(random.standard_normal((samples, columns)), dtype=str(dtype)) for columns in (features, 1)
    ]
    weights = [jax.numpy.asarray(weight, dtype=str(dtype)) for weight in first_weights(random, features, hidden)]
    state = {"weights": weights, "squares": [jax.numpy.zeros_like(weight) for weight in weights]}
    step = compiled_step(jax)
    order = numpy.arange(samples, dtype="int32")

    def region():
        random.shuffle(order)
        return epoch(step, state, x, y, order, batch_size)

    return region


def first_weights(random, features, hidden):
    """Glorot's uniform weights and zero biases, drawn from the RandomState `random`."""
    weights = []
    for inputs, outputs in ((features, hidden), (hidden, 1)):
        bound = (6.0 / (inputs + outputs)) ** 0.5
        weights.append(random.uniform(-bound, bound, (inputs, outputs)))
        weights.append([0.0] * outputs)
    return weights


def mean_squared_error(weights, x, y):
    """The loss over a batch: x (n, features), y (n, 1)."""
    w1, b1, w2, b2 = weights
    return (((x.dot(w1) + b1).dot(w2) + b2 - y) ** 2).mean()


def compiled_step(jax):
    """The compiled function of one step: (weights, squares, x, y, rows of the batch) -> (weights, squares, loss)."""

    @jax.jit
    def step(weights, squares, x, y, batch):
        loss, slopes = jax.value_and_grad(mean_squared_error)(weights, x[batch], y[batch])
        squares = [RHO * square + (1.0 - RHO) * slope * slope for square, slope in zip(squares, slopes)]  # noqa: B905
        weights = [
            weight - RATE * slope / (square**0.5 + EPSILON)
            for weight, square, slope in zip(weights, squares, slopes)  # noqa: B905 - 2.7 has no strict
        ]
        return weights, squares, loss

    return step


def epoch(step, state, x, y, order, batch_size):
    """Go through the samples once, in `order`; changes `state`. Returns the last batch's loss, a number."""
    weights, squares = state["weights"], state["squares"]
    for start in range(0, len(order), batch_size):
        weights, squares, loss = step(weights, squares, x, y, order[start : start + batch_size])
    state["weights"], state["squares"] = [weight.block_until_ready() for weight in weights], squares
    return float(loss)
