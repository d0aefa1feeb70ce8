"""Where the level of a series changed, found by ruptures (PELT, least absolute deviations).

The values are logarithms over their own noise, the median of the differences from one run to the next. So one threshold
serves all series, and a spike is no change of level: a median does not follow it. docs/how-to/history.md says how often
a series without a change is given one, and tests/history/test_change_points.py counts it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

#: Runs on either side of a change: of three, one odd run does not move the median.
MIN_RUNS = 3
#: Of a change point: times the logarithm of the number of runs, in units of the noise. With 3, nine in 100 series of 20
#: runs with spikes in a tenth of them got a change that was none; with 5 three in 100, and as many changes were found.
PENALTY = 5.0
#: Noise that a series has at least: with less, a change of a percent would be one.
MIN_NOISE = 0.01
#: Median of |x| of a normal variable of deviation 1; a difference of two such has a deviation of sqrt(2).
MEDIAN_OF_DIFFERENCES = 0.6745 * math.sqrt(2)


def change_points(values: Sequence[float]) -> list[int]:
    """The places in the series at which a new level begins.

    Args:
        values: in the order of the runs; those that are not above 0 make the series one without a change.

    Raises:
        ImportError: ruptures is not installed.
    """
    import numpy
    from ruptures import Pelt

    if len(values) < 2 * MIN_RUNS or min(values) <= 0:
        return []
    logarithms = [math.log(value) for value in values]
    differences = [abs(after - before) for before, after in pairwise(logarithms)]
    noise = max(statistics.median(differences) / MEDIAN_OF_DIFFERENCES, MIN_NOISE)
    search = Pelt(model="l1", min_size=MIN_RUNS, jump=1)
    found = search.fit(numpy.array(logarithms) / noise).predict(pen=PENALTY * math.log(len(values)))
    return [int(place) for place in found[:-1]]  # the last one is the end of the series
