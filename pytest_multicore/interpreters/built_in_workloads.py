"""What a diagnosis may change in the built-in experiments of keras#2544."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BuiltInWorkload:
    """One built-in experiment. On a framework its target is ``builtin:NAME_FRAMEWORK``.

    Attributes:
        with_products_of: from its arguments and a number of multiply-adds, the argument that makes products that large.
        small_product_remedy: what helps where its products are too small; empty: what helps any program.
        has_small_steps: whether it is a Python loop of many small operations, as a training is: py-spy shows that loop,
            and a larger product is not the only thing that its user would try.
    """

    with_products_of: Callable[[Mapping[str, Any], float], dict[str, int]]
    small_product_remedy: str = ""
    has_small_steps: bool = False


def built_in_workload(target: str) -> BuiltInWorkload | None:
    """The built-in experiment that a target names; None for any other workload."""
    module, _, function = target.partition(":")
    return BUILT_IN.get(function.partition("_")[0]) if module == "builtin" else None


def power_of_two(number: float) -> int:
    """The smallest power of two that is not below a number; at least 1."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, number))))


def _larger_matrices(_arguments: Mapping[str, Any], multiply_adds: float) -> dict[str, int]:
    return {"size": power_of_two(multiply_adds ** (1 / 3))}


def _larger_batch(arguments: Mapping[str, Any], multiply_adds: float) -> dict[str, int]:
    """A batch of at most half of the samples: the loop over batches stays one."""
    for_one_sample = int(arguments.get("features", 100)) * int(arguments.get("hidden", 20))
    max_batch = int(arguments.get("samples", 100_000)) / 2
    return {"batch_size": power_of_two(min(multiply_adds / for_one_sample, max_batch))}


BUILT_IN: Mapping[str, BuiltInWorkload] = {
    "dot": BuiltInWorkload(_larger_matrices),
    "fit": BuiltInWorkload(
        _larger_batch,
        small_product_remedy="one thread, and several fits side by side; a larger batch_size is faster by fewer Python "
        "steps; cores help where the products are large in all directions",
        has_small_steps=True,
    ),
}
