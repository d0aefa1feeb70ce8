"""An elementwise expression, evaluated by NumExpr."""

from collections.abc import Callable

import numexpr
import numpy


def prepare(setting: int | None = None) -> Callable[[], object]:
    if setting:
        numexpr.set_num_threads(setting)
    a = numpy.ones(4_000_000)
    return lambda: numexpr.evaluate("sin(a) + cos(a)", local_dict={"a": a})
