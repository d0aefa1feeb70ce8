"""keras#2544's second experiment, on PyTorch without Keras: one epoch of Linear(features, hidden), Linear(hidden, 1).

A training loop as PyTorch's users write it: a batch is picked by a random order, then forward, backward and a step of
torch.optim.RMSprop (rho 0.9, rate 0.001, epsilon 1e-7, as Keras 2.3). The network, shapes, batches, loss (mse) and
first weights (Glorot's uniform; biases zero) are those of fit_keras.py, which lists the differences from the posted
program. float32 by default, as in Keras. One region is one epoch, and the reading of the last loss.
Cost: samples * (2 * features * hidden + 3 * hidden) multiply-adds (4.06e8), in products of batch_size * features *
hidden (64,000) and less, and samples / batch_size turns (3125) of a Python loop.
"""


def prepare(
    samples=100000, features=100, hidden=20, batch_size=32, loss="mse", optimizer="rmsprop", dtype="float32", seed=0
):
    """Make data, network and optimiser; returns the region, which returns the last batch's loss.

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
            "fit on torch is written out for loss mse and optimizer rmsprop, not for %s and %s: "
            "run fit on keras for those" % (loss, optimizer)
        )
    import torch

    torch.manual_seed(seed)
    kind = getattr(torch, str(dtype))
    x, y = [torch.randn(samples, columns, dtype=kind) for columns in (features, 1)]
    model = build(torch, features, hidden, kind)
    descent = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)

    def region():
        return epoch(torch, model, descent, x, y, batch_size)

    return region


def build(torch, features, hidden, kind):
    """The network, with Glorot's uniform weights and zero biases, as Keras starts it."""
    model = torch.nn.Sequential(torch.nn.Linear(features, hidden), torch.nn.Linear(hidden, 1)).to(kind)
    for layer in model:
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return model


def epoch(torch, model, descent, x, y, batch_size):
    """Go through the samples once, in random order; changes the model. Returns the last batch's loss, a number."""
    order = torch.randperm(len(x))
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        descent.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x[batch]), y[batch])
        loss.backward()
        descent.step()
    return loss.item()
