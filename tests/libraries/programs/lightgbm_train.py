"""Boosted trees by LightGBM's own interface."""

from collections.abc import Callable

import lightgbm
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    rows = numpy.random.default_rng(0).random((40_000, 30))
    parameters = {"verbose": -1, "objective": "regression"} | ({"num_threads": setting} if setting else {})
    data = lightgbm.Dataset(rows, rows[:, 0], params=parameters).construct()
    return lambda: lightgbm.train(parameters, data, 10)
