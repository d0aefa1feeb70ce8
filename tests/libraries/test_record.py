"""The record that the reference's table is made from: complete, and in step with what is claimed."""

from __future__ import annotations

import pytest

from pytest_multicore.environments.threaded_libraries import LIBRARIES
from pytest_multicore.environments.threads import THREAD_VARIABLES

from . import record
from .busy_cores import Figures
from .cases import CASES, PROGRAMS, Case

RECORD = record.read()
#: Read on systems of Apple's only, where nothing could be measured.
ELSEWHERE = {"VECLIB_MAXIMUM_THREADS"}
#: Runtimes without a program of their own: others are measured on them.
WITHOUT_CASE = {"OpenMP"}
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@cases
def test_each_claim_of_a_case_was_measured_and_held(case: Case) -> None:
    measured = RECORD[case.name]["busy_cores"]
    assert {name: Figures(busy).cores for name, busy in measured.items()} == {
        name: claim.cores for name, claim in case.claims().items()
    }


@cases
def test_the_versions_are_those_that_the_case_declares(case: Case) -> None:
    versions = RECORD[case.name]["versions"]
    assert versions["python"].startswith(f"{case.python}.")
    assert {f"{name}=={version}" for name, version in versions.items() if name != "python"} == set(case.requires)


@cases
def test_the_record_names_what_a_case_reads(case: Case) -> None:
    assert tuple(RECORD[case.name]["variables"]) == case.order
    assert tuple(RECORD[case.name]["caps"]) == case.caps
    assert RECORD[case.name]["setting"] == (case.entry.setting if case.setting else "")
    assert set(case.order) <= set(case.entry.variables)
    assert (PROGRAMS / f"{case.program}.py").is_file()


def test_every_case_is_recorded_and_nothing_else() -> None:
    assert set(RECORD) == {case.name for case in CASES}


def test_each_library_of_the_table_has_a_case() -> None:
    assert {one.name for one in LIBRARIES} - WITHOUT_CASE == {case.library for case in CASES}


def test_each_variable_that_is_set_has_a_case() -> None:
    tried = {name for case in CASES for name in (*case.order, *case.caps)}
    assert set(THREAD_VARIABLES) - ELSEWHERE <= tried


def test_what_no_variable_sizes_keeps_all_cores_at_one_thread() -> None:
    """Such a library is held by vary="cores" alone."""
    by_cores = [case for case in CASES if not case.order]
    assert by_cores
    for case in by_cores:
        figures = RECORD[case.name]["busy_cores"]
        assert Figures(figures["threads=1 changes nothing"]).cores == 2
        assert Figures(figures["one CPU"]).cores == 1
