"""Groups and sums by Arrow's own executor."""

from collections.abc import Callable

import numpy
import pyarrow


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        pyarrow.set_cpu_count(setting)
    keys = numpy.random.default_rng(0).integers(0, 1000, 4_000_000)
    table = pyarrow.table({"key": keys, "value": keys * 0.5})
    return lambda: table.group_by("key").aggregate([("value", "sum"), ("value", "stddev")])
