"""What is said of a base: how its environment differs, and whether its modules were imported from it."""

from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.environments.blas import BlasSelection
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.overlay import Overlay
from pytest_multicore.environments.provision import Installation
from pytest_multicore.experiment.base_modules import modules_from_elsewhere, nothing_imported
from pytest_multicore.experiment.differences import MAX_PACKAGES, differences
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment


def openblas(path: str, threads: int) -> dict[str, Any]:
    return {"kind": "openblas", "path": path, "version": "0.3.27", "threads": threads}


def test_what_is_the_same_is_not_told() -> None:
    facts = {"python": "3.11.7", "libraries": [openblas("/a/libopenblas.so", 2)], "variables": {"X": "1"}}
    assert differences({"numpy": "2.0"}, {"numpy": "2.0"}, facts, facts) == ()


def test_the_bases_side_comes_first_and_frameworks_before_other_packages() -> None:
    facts = {"python": "3.11.7", "frameworks": {"numpy": "2.0"}, "libraries": [openblas("/a/new.so", 1)]}
    base_facts = {"python": "3.10.1", "libraries": [openblas("/b/old.so", 2)], "variables": {"OMP_NUM_THREADS": "2"}}
    assert differences({"numpy": "2.0", "attrs": "2"}, {"numpy": "1.26", "attrs": "1"}, facts, base_facts) == (
        "numpy 1.26 -> 2.0",
        "attrs 1 -> 2",
        "Python 3.10.1 -> 3.11.7",
        "threads of openblas 2 -> 1",
        "library openblas old.so 0.3.27 -> new.so 0.3.27",
        "OMP_NUM_THREADS 2 -> none",
    )


def test_of_two_libraries_of_a_kind_both_are_told() -> None:
    two = {"libraries": [openblas("/a/b.so", 2), openblas("/a/a.so", 1)]}
    assert differences({}, {}, {"libraries": [openblas("/a/a.so", 1)]}, two) == (
        "threads of openblas 1 and 2 -> 1",
        "library openblas a.so 0.3.27 and b.so 0.3.27 -> a.so 0.3.27",
    )


@pytest.mark.parametrize(
    ("commits", "told"),
    [
        (("0123456789abcdef", ""), "commit 0123456789ab -> the working tree"),
        (("0123456789abcdef", "fedcba9876543210"), "commit 0123456789ab -> commit fedcba987654"),
    ],
)
def test_a_commit_is_named(commits: tuple[str, str], told: str) -> None:
    assert differences({}, {}, {}, {}, commits) == (told,)


def test_a_page_of_packages_is_not_printed() -> None:
    ours, theirs = ({f"p{number:02}": version for number in range(30)} for version in ("1", "2"))
    told = differences(ours, theirs, {}, {})
    assert len(told) == MAX_PACKAGES + 1
    assert told[-1] == f"and {30 - MAX_PACKAGES} more packages"


INSTALLATION = Installation(Path("python"), Path("site-packages"), (3, 11, 7), None, "key")
PLACE = PreparedEnvironment(
    Environment("current"),
    INSTALLATION,
    BlasSelection(""),
    Overlay(Path("overlay"), ("toy==1.0", "numpy==2.0"), "toy", ("toy",)),
    "toy==1.0",
)


def test_modules_of_the_base_itself_must_come_from_it() -> None:
    assert modules_from_elsewhere(PLACE, {"overlay": {"toy": True, "numpy": False}}) == ""
    assert modules_from_elsewhere(PLACE, {"overlay": {"toy": False}}).startswith(
        "toy of toy==1.0: the base's modules were imported from elsewhere; leave out what imports it"
    )
    assert modules_from_elsewhere(None, {}) == ""


def test_a_base_of_which_nothing_is_imported_is_told_where_that_is_known() -> None:
    told = "nothing of toy==1.0 was imported: program and base are the same"
    assert nothing_imported(PLACE, {"overlay": {"numpy": True}}) == told
    assert nothing_imported(PLACE, {"overlay": {"toy": True}}) == ""
    assert nothing_imported(PLACE, {}) == "", "an interpreter that has ended tells nothing"
    assert nothing_imported(None, {"overlay": None}) == ""


def test_a_place_with_a_release_laid_over_it_says_so() -> None:
    assert PLACE.name == "current with toy==1.0"
