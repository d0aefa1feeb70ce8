"""A program that runs in a control group with a quota, as a container does that a job starts for itself.

CAUSES_CGROUP names the group's folder. The group is entered before any thread starts, and one call of the region takes
several of a quota's periods of 100 ms: a shorter one could be over before the quota is used up.
"""

from __future__ import annotations

import os
from collections.abc import Callable


def suffers() -> Callable[[], object]:
    with open(os.path.join(os.environ["CAUSES_CGROUP"], "cgroup.procs"), "w") as tasks:
        tasks.write(str(os.getpid()))
    return product()


def healthy() -> Callable[[], object]:
    return product()


def product() -> Callable[[], object]:
    import numpy

    matrix = numpy.random.default_rng(0).random((1000, 1000))

    def region() -> None:
        for _ in range(20):
            matrix @ matrix

    return region
