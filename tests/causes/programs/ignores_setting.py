"""Compression by Blosc: it starts as many threads as there are cores, whatever OMP_NUM_THREADS says.

With a thread count the plugin sets Blosc's own variable, too: so its users' world is the one that it is tried in.
"""

from __future__ import annotations

from collections.abc import Callable

import blosc
import numpy

DATA = numpy.arange(500_000).tobytes()


def suffers() -> Callable[[], object]:
    return compression()


def healthy() -> Callable[[], object]:
    blosc.set_nthreads(1)
    return compression()


def compression() -> Callable[[], object]:
    return lambda: blosc.compress(DATA, typesize=8, cname="zstd")
