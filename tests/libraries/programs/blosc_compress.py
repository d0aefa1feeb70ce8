"""Compression by python-blosc."""

from collections.abc import Callable

import blosc
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        blosc.set_nthreads(setting)
    content = numpy.random.default_rng(0).integers(0, 9, 4_000_000).tobytes()
    return lambda: blosc.compress(content, typesize=8, clevel=9, cname="zstd")
