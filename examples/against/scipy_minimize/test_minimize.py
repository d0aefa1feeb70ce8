"""L-BFGS-B over a function of PyTorch: from SciPy 1.15 on its steps call OpenBLAS, whose threads wait by spinning
(scipy/scipy#22438)."""

import numpy
import pytest
import torch
from scipy.optimize import minimize


@pytest.mark.multicore(threads=2, environment="present", against="scipy==1.14.1", max_slowdown=1)
def test_minimize() -> None:
    weights = torch.linspace(0.1, 1, 400_000, dtype=torch.float64).reshape(200, 2000)

    def cost(x: numpy.ndarray) -> tuple[float, numpy.ndarray]:
        at = torch.tensor(x, requires_grad=True)
        value = ((at.reshape(1, -1) * weights - 1) ** 2).sum()
        value.backward()
        return value.item(), at.grad.numpy()

    minimize(cost, numpy.zeros(2000), jac=True, method="L-BFGS-B", options={"maxiter": 20})
