"""L-BFGS-B over a function of PyTorch: from SciPy 1.15 on its steps call OpenBLAS, whose threads wait by spinning.

See scipy/scipy#22438. Each release evaluates the function 41 times.
"""

from collections.abc import Callable

import pytest


@pytest.fixture
def minimize() -> Callable[[], None]:
    import numpy
    import torch
    from scipy import optimize

    angles = torch.linspace(0.1, 1, 360_000, dtype=torch.float64)

    def cost(x: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        at = torch.tensor(x, requires_grad=True)
        value = (100 * (at[1:] - at[:-1] ** 2) ** 2 + (1 - at[:-1]) ** 2).sum() + 1e-9 * torch.sin(angles * at[0]).sum()
        value.backward()
        return value.item(), at.grad.numpy()

    start, options = numpy.full(60, -1.2), {"maxfun": 40}
    return lambda: optimize.minimize(cost, start, jac=True, method="L-BFGS-B", options=options)


@pytest.mark.multicore(threads=2, environment="present", against="scipy==1.14.1")
def test_minimize(minimize: Callable[[], None]) -> None:
    minimize()
