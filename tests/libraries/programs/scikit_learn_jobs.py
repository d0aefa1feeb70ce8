"""A forest whose trees are fitted by ``n_jobs`` threads of joblib's."""

from collections.abc import Callable

import numpy
from sklearn.ensemble import RandomForestRegressor


def prepare(setting: int | None = None) -> Callable[[], object]:
    rows = numpy.random.default_rng(0).random((12_000, 20))
    model = RandomForestRegressor(n_estimators=8, n_jobs=setting or -1, random_state=0)
    return lambda: model.fit(rows, rows[:, 0])
