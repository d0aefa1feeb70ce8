"""Distances and clusters, on scikit-learn's OpenMP."""

from collections.abc import Callable

import numpy
from sklearn.ensemble import HistGradientBoostingRegressor


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        from threadpoolctl import threadpool_limits

        threadpool_limits(setting)
    rows = numpy.random.default_rng(0).random((60_000, 30))
    model = HistGradientBoostingRegressor(max_iter=3, early_stopping=False)
    return lambda: model.fit(rows, rows[:, 0])
