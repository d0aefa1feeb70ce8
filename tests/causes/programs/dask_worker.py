"""A product in a worker of Dask, whose nanny gives it one thread unless told otherwise: dask/distributed#8985."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any

import numpy

#: What the nanny sets in its workers, by distributed.yaml.
PRESET = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def suffers() -> Callable[[], object]:
    return product()


def healthy() -> Callable[[], object]:
    """The same with what the nanny presets left out."""
    import dask

    dask.config.set({"distributed.nanny.pre-spawn-environ": dict.fromkeys(PRESET, "2")})
    return product()


def product() -> Callable[[], object]:
    import distributed

    untyped: Any = distributed
    cluster = untyped.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    client = untyped.Client(cluster)
    atexit.register(cluster.close)
    atexit.register(client.close)
    matrix = client.scatter(numpy.random.default_rng(0).random((1500, 1500)))
    return lambda: client.submit(corner, matrix, pure=False).result()


def corner(matrix: numpy.ndarray) -> float:
    return float((matrix @ matrix)[0, 0])
