"""Gradient descent by a compiled step for each batch: small batches are too little work for JAX's threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

SAMPLES, FEATURES = 16_384, 256


def descent(batch: int, hidden: int = 256) -> Callable[[], object]:
    import jax
    import jax.numpy

    wait: Any = jax.block_until_ready
    random = numpy.random.default_rng(0)
    samples = random.random((SAMPLES, FEATURES), dtype=numpy.float32)
    targets = random.random((SAMPLES, 1), dtype=numpy.float32)
    weights = [random.random((FEATURES, hidden), dtype=numpy.float32), random.random((hidden, 1), dtype=numpy.float32)]

    def loss(weights: Any, samples: Any, targets: Any) -> Any:
        first, second = weights
        return ((jax.numpy.tanh(samples @ first) @ second - targets) ** 2).mean()

    def plain_step(weights: Any, samples: Any, targets: Any) -> Any:
        slopes = jax.grad(loss)(weights, samples, targets)
        return [weight - 0.01 * slope for weight, slope in zip(weights, slopes, strict=True)]

    step = jax.jit(plain_step)  # no decorator: without JAX installed it would have no type

    def region() -> object:
        trained = weights
        for start in range(0, SAMPLES, batch):
            trained = step(trained, samples[start : start + batch], targets[start : start + batch])
        return wait(trained)

    return region
