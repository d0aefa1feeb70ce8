"""Boosted trees by XGBoost."""

from collections.abc import Callable

import numpy
import xgboost


def prepare(setting: int | None = None) -> Callable[[], object]:
    rows = numpy.random.default_rng(0).random((40_000, 30))
    parameters = {"tree_method": "hist"} | ({"nthread": setting} if setting else {})
    data = xgboost.DMatrix(rows, rows[:, 0])
    return lambda: xgboost.train(parameters, data, 5)
