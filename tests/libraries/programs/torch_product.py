"""A product by PyTorch."""

from collections.abc import Callable

import torch


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        torch.set_num_threads(setting)
    matrix = torch.ones(900, 900, dtype=torch.float64)
    return lambda: matrix @ matrix
