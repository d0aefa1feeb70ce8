"""N threads, as variables."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_multicore.environments.threads import REPORTED_VARIABLES, THREAD_VARIABLES, for_threads
from pytest_multicore.errors import UsageError


def test_every_library_of_the_table_is_told() -> None:
    variables = for_threads(4)

    assert set(variables) == set(THREAD_VARIABLES)
    assert len(THREAD_VARIABLES) == 17
    assert set(variables.values()) == {"4"}


def test_inherit_sets_nothing() -> None:
    assert for_threads(None) == {}


@pytest.mark.parametrize("threads", [0, -1, True, 2.0, "2"])
def test_anything_but_a_number_from_1_on_is_refused(threads: Any) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        for_threads(threads)


def test_limits_that_ci_may_export_are_reported_but_never_set() -> None:
    for name in ("OMP_DYNAMIC", "OMP_THREAD_LIMIT", "OMP_PROC_BIND", "KMP_AFFINITY", "MKL_THREADING_LAYER"):
        assert name in REPORTED_VARIABLES
        assert name not in THREAD_VARIABLES


def test_counts_of_cores_follow_the_threads_that_are_asked_for() -> None:
    """n_jobs=-1 counts cores as loky does, a pool of Python's own by os.cpu_count(): one thread would use them all."""
    told = for_threads(1)
    for name in ("LOKY_MAX_CPU_COUNT", "PYTHON_CPU_COUNT", "OPENCV_FOR_THREADS_NUM", "BLOSC_NTHREADS"):
        assert told[name] == "1"


def test_what_only_guesses_at_a_machine_is_not_set() -> None:
    """DuckDB sizes its pool by what a batch system grants: other programs take that for the batch system itself."""
    assert not {name for name in THREAD_VARIABLES if name.startswith("SLURM_")}
