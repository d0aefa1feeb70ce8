"""keras#2544's second experiment: one epoch of Keras's fit of Dense(features -> hidden) -> Dense(hidden -> 1).

Defaults are those posted: 100,000 samples of 100 features, 20 hidden units, batches of 32, rmsprop. What differs: the
loss is mse, since the posted categorical_crossentropy is refused for one output column; the activations are linear,
Keras's default; the data are normal random numbers with a fixed seed. None of it changes the shapes or their cost.

Works with Keras 1, 2 and 3; KERAS_BACKEND or ~/.keras/keras.json choose the backend. Keras computes in its own floatx,
by default float32, independent of Theano's floatX, which it sets. One region is one epoch, shuffled as is Keras's
default, and the copy of the weights to NumPy: a backend may return before it has computed them.
Cost: samples * (2 * features * hidden + 3 * hidden) multiply-adds (4.06e8), in products of batch_size * features *
hidden (64,000) and less, and samples / batch_size turns (3125) of a Python loop.
"""


def prepare(
    samples=100000, features=100, hidden=20, batch_size=32, loss="mse", optimizer="rmsprop", dtype=None, seed=0
):
    """Make the data and compile the model; returns the region.

    Args:
        samples: rows of x, (samples, features), and of y, (samples, 1).
        features: columns of x.
        hidden: units of the first layer.
        batch_size: samples to each update of the weights.
        loss: as Keras names it.
        optimizer: as Keras names it.
        dtype: Keras's floatx; None leaves it as it is. Keras 1 reads it from ~/.keras/keras.json only.
        seed: of the data, the first weights and the shuffling.
    """
    import keras
    import numpy
    from keras import backend

    if dtype is not None:
        set_floatx(keras, backend, str(dtype))
    numpy.random.seed(seed)  # Keras 1 and 2 draw weights and orders from the global generator
    if hasattr(keras, "utils") and hasattr(keras.utils, "set_random_seed"):
        keras.utils.set_random_seed(seed)  # Keras 3 has generators of its own
    x = numpy.random.standard_normal((samples, features)).astype(backend.floatx())
    y = numpy.random.standard_normal((samples, 1)).astype(backend.floatx())
    model = build(features, hidden)
    model.compile(loss=str(loss), optimizer=str(optimizer))
    epochs = {"nb_epoch" if is_keras_1(keras) else "epochs": 1}

    def region():
        model.fit(x, y, batch_size=batch_size, verbose=0, **epochs)
        model.get_weights()

    return region


def build(features, hidden):
    """The network, not compiled: by position, since Keras 1 and 2 name the arguments differently."""
    from keras.layers import Dense, Input
    from keras.models import Model

    inputs = Input(shape=(features,))
    return Model(inputs, Dense(1)(Dense(hidden)(inputs)))


def is_keras_1(keras):
    """Whether `keras`, the module, is of the first major version."""
    return keras.__version__.startswith("1.")


def set_floatx(keras, backend, dtype):
    """Set Keras's floatx, in Theano too where that is the backend.

    Raises:
        ValueError: it is Keras 1, which has its floatx in the defaults of functions once it is imported.
    """
    if is_keras_1(keras) and dtype != backend.floatx():
        raise ValueError(
            "fit on keras %s computes in %s, not in %s: Keras 1 takes floatx from ~/.keras/keras.json when imported"
            % (keras.__version__, backend.floatx(), dtype)
        )
    backend.set_floatx(dtype)
