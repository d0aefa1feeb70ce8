"""L-BFGS-B over a function of PyTorch: from SciPy 1.15 on its steps call OpenBLAS, whose threads wait by spinning.

See scipy/scipy#22438.
"""

from collections.abc import Callable

import pytest


@pytest.fixture
def minimize() -> Callable[[], None]:
    import numpy
    import torch
    from scipy import optimize

    weights = torch.linspace(0.1, 1, 400_000, dtype=torch.float64).reshape(200, 2000)

    def cost(x: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        at = torch.tensor(x, requires_grad=True)
        value = ((at.reshape(1, -1) * weights - 1) ** 2).sum()
        value.backward()
        return value.item(), at.grad.numpy()

    options = {"maxiter": 20}
    return lambda: optimize.minimize(cost, numpy.zeros(2000), jac=True, method="L-BFGS-B", options=options)


@pytest.mark.multicore(threads=2, environment="present", against="scipy==1.14.1")
def test_minimize(minimize: Callable[[], None]) -> None:
    minimize()
