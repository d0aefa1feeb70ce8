"""Which CPUs a side gets: always the same, and distinct real cores first."""

import os
from pathlib import Path

import pytest

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.measurement.cpu_order import cpus_for, in_order
from tests.measurement.test_topology import system


@pytest.mark.parametrize(
    ("lists", "granted", "expected"),
    [
        (["0-1", "0-1", "2-3", "2-3"], {0, 1, 2, 3}, [0, 2, 1, 3]),
        (["0,2", "1,3", "0,2", "1,3"], {0, 1, 2, 3}, [0, 1, 2, 3]),
        (["0-1", "0-1", "2-3", "2-3"], {1, 2, 3}, [1, 2, 3]),
        ([], {7, 3, 5}, [3, 5, 7]),
        (["0-1"], {1, 0, 9}, [0, 1, 9]),
    ],
)
def test_each_real_core_comes_before_a_second_thread_of_any(
    lists: list[str], granted: set[int], expected: list[int], tmp_path: Path
) -> None:
    assert in_order(granted, system(tmp_path, dict(enumerate(lists)), {})) == expected


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity masks")
def test_fewer_cores_are_among_more_and_no_more_are_given_than_there_are() -> None:
    granted = len(os.sched_getaffinity(0))
    one, every = cpus_for(1), cpus_for(granted)
    assert set(one) <= set(every) == os.sched_getaffinity(0)
    with pytest.raises(EnvironmentUnavailable, match=f"{granted + 1} cores: this process may run on {granted} CPUs"):
        cpus_for(granted + 1)
