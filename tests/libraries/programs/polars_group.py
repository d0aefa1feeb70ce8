"""Groups and sums by Polars."""

from collections.abc import Callable

import numpy
import polars


def prepare(setting: int | None = None) -> Callable[[], object]:
    keys = numpy.random.default_rng(0).integers(0, 1000, 2_000_000)
    frame = polars.DataFrame({"key": keys, "value": keys * 0.5})
    query = frame.lazy().group_by("key").agg(polars.col("value").sin().sum().alias("sum"), polars.col("value").var())
    return query.collect
