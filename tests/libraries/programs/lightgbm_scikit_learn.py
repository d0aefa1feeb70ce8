"""Boosted trees by LightGBM's scikit-learn interface, which counts cores as joblib does."""

from collections.abc import Callable

import lightgbm
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    rows = numpy.random.default_rng(0).random((40_000, 30))
    model = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=setting)
    return lambda: model.fit(rows, rows[:, 0])
