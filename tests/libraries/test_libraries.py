"""Each library's threads: what its variables and its own setting do, measured in the product's interpreters."""

from __future__ import annotations

import os
import sys
from functools import cache

import pytest

from pytest_multicore.environments import shared_libraries
from pytest_multicore.environments.blas_names import DEBIAN_ALTERNATIVES
from pytest_multicore.errors import EnvironmentUnavailable
from tests.absent import SIGNS as ABSENT
from tests.fixture_types import Undecided

from . import record
from .busy_cores import Figures, installed, measure
from .cases import CASES, Case

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(
        sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="the programs need Linux and two cores"
    ),
]

CLAIMS = [pytest.param(case, claim, id=f"{case.name}-{claim}") for case in CASES for claim in case.claims()]


@cache
def measured(case: Case) -> dict[str, Figures] | str:
    """The figures of all its claims; a reason where its environment cannot be had."""
    folders = DEBIAN_ALTERNATIVES[case.blas][0] if case.blas in DEBIAN_ALTERNATIVES else ()
    places = [parent / folder for parent in shared_libraries.library_folders() for folder in folders]
    if folders and not shared_libraries.first_match(places, ["libblas.so.3"]):
        return f"Debian's BLAS {case.blas} is not installed"
    try:
        versions = installed(case)
    except EnvironmentUnavailable as error:
        if not any(sign in str(error) for sign in (*ABSENT, "cannot be had")):  # the last of a BLAS
            raise
        return str(error)
    figures = measure(case, case.claims())
    if os.environ.get(record.WRITE_VARIABLE) == "1":
        record.write(case, versions, figures)
    return figures


@pytest.mark.parametrize(("case", "claim"), CLAIMS)
def test_a_library_keeps_to_what_it_is_told(case: Case, claim: str, undecided: Undecided) -> None:
    figures = measured(case)
    if isinstance(figures, str):
        pytest.skip(figures)
    if figures[claim].busy is None:
        undecided("all rounds met other processes")
    assert figures[claim].cores == case.claims()[claim].cores, f"{figures[claim].busy:.2f} cores busy"
