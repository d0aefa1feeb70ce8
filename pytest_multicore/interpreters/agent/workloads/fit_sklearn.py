"""keras#2544's second experiment, on scikit-learn's MLPRegressor: one epoch of features -> hidden -> 1, linear units.

Shapes, batches, loss (squared error) and order (shuffled each epoch) are those of fit_keras.py, which lists the
differences from the posted program; there is no penalty on the weights. MLPRegressor has no rmsprop: adam, its default,
takes its place. float32 by default, as in Keras. One region is one epoch: a call of partial_fit, which goes through the
samples once, batch by batch. The weights are NumPy's, so they are computed when it returns.
Cost: samples * (2 * features * hidden + 3 * hidden) multiply-adds (4.06e8), in products of batch_size * features *
hidden (64,000) and less, and samples / batch_size turns (3125) of a Python loop.
"""

OPTIMIZERS = ("adam", "sgd")


def prepare(
    samples=100000, features=100, hidden=20, batch_size=32, loss="mse", optimizer="adam", dtype="float32", seed=0
):
    """Make the data and the model; returns the region.

    Args:
        samples: rows of x, (samples, features), and of y, (samples,).
        features: columns of x.
        hidden: units of the first layer.
        batch_size: samples to each update of the weights; the last batch may be smaller.
        loss: "mse", the one that MLPRegressor has by itself.
        optimizer: "adam" or "sgd".
        dtype: of data and weights.
        seed: of the data, the first weights and the shuffling.
    """
    if loss != "mse" or optimizer not in OPTIMIZERS:
        raise ValueError(
            "fit on sklearn exists for loss mse and optimizers %s, not for %s and %s: run fit on keras for those"
            % (" and ".join(OPTIMIZERS), loss, optimizer)
        )
    import numpy
    from sklearn.neural_network import MLPRegressor

    random = numpy.random.RandomState(seed)
    x = random.standard_normal((samples, features)).astype(str(dtype))
    y = random.standard_normal(samples).astype(str(dtype))
    model = MLPRegressor(
        hidden_layer_sizes=(hidden,),
        activation="identity",
        solver=str(optimizer),
        alpha=0.0,
        batch_size=batch_size,
        random_state=seed,
    )

    def region():
        model.partial_fit(x, y)

    return region
