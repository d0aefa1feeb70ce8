"""Compression by python-blosc2."""

from collections.abc import Callable

import blosc2
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        blosc2.set_nthreads(setting)
    content = numpy.random.default_rng(0).integers(0, 9, 4_000_000).tobytes()
    return lambda: blosc2.compress2(content, typesize=8, clevel=7, codec=blosc2.Codec.ZSTD)
