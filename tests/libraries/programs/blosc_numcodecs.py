"""Compression by the Blosc of numcodecs."""

from collections.abc import Callable

import numcodecs.blosc
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        numcodecs.blosc.set_nthreads(setting)
    content = numpy.random.default_rng(0).integers(0, 9, 4_000_000)
    codec = numcodecs.blosc.Blosc(cname="zstd", clevel=9)
    return lambda: codec.encode(content)
