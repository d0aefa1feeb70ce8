"""What the programs need, and the world that they run in."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_multicore.environments import shared_libraries
from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.measurement import cgroups

from .case import Case

PROGRAMS = Path(__file__).parent / "programs"

# Read by the loader and by Python itself: nothing that a case is about.
KEPT = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "PYTHON_GIL", "PYTHON_CPU_COUNT")


@pytest.fixture
def no_thread_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world without variables that limit threads."""
    for name in REPORTED_VARIABLES:
        if name not in KEPT:
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def needed(request: pytest.FixtureRequest) -> Callable[[Case], None]:
    """Skip a case, with the reason, where something that it needs is missing."""

    def needed(case: Case) -> None:
        for need in case.needs:
            if need == "cgroup":
                request.getfixturevalue("group_with_a_quota")
            elif missing := _missing(need):
                pytest.skip(missing)

    return needed


def _missing(need: str) -> str | None:
    if need in ("cc", "theano"):
        return None if shared_libraries.compiler() else "no C compiler"
    if need == "load":
        return None if os.getloadavg()[2] >= 1 else "OMP_DYNAMIC spares threads on a machine that was loaded for long"
    kind, _, folder = need.rpartition(":")
    if kind == "debian":
        folders = [parent / folder for parent in shared_libraries.library_folders()]
        found = shared_libraries.first_match(folders, ["libblas.so.3"])
        return None if found else f"Debian's BLAS {folder} is not installed"
    return None if importlib.util.find_spec(need) else f"{need} is not installed"


@pytest.fixture
def group_with_a_quota(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a control group with a quota of one core beside this process's own; its folder is told by CAUSES_CGROUP."""
    made = (_made(folder / f"causes-{os.getpid()}") for folder in cgroups._own_cpu_folders())
    group = next(filter(None, made), None)
    if group is None:
        pytest.skip("no control group with a quota may be made here")
    monkeypatch.setenv("CAUSES_CGROUP", str(group))
    yield
    with suppress(OSError):
        group.rmdir()


def _made(group: Path) -> Path | None:
    """A group with a quota; None where it may not be made, or has none."""
    try:
        group.mkdir()
    except OSError:
        return None
    for name, quota in (("cpu.max", "100000 100000"), ("cpu.cfs_quota_us", "100000")):
        with suppress(OSError):
            (group / name).write_text(quota)
            _put_first(group)
            return group
    group.rmdir()
    return None


def _put_first(group: Path) -> None:
    """The group's share among its like: a nice value counts within a group only."""
    for name, highest in (("cpu.weight", "10000"), ("cpu.shares", "262144")):
        with suppress(OSError):
            (group / name).write_text(highest)
