"""Each cause is found where it is: a real program misses its limit, and the diagnosis names why, first in its list.

The twin of each program, without the cause, meets the same limit and has no cause. `test_recorded.py` has the causes
that two cores cannot suffer from.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.environments import shared_libraries as libraries
from pytest_multicore.environments.threads import REPORTED_VARIABLES
from pytest_multicore.measurement import cgroups

from .cases import CASES, Case, Twin

PROGRAMS = Path(__file__).parent / "programs"
HEALTHY = [case for case in CASES if case.healthy]

pytestmark = [
    pytest.mark.explained,
    pytest.mark.skipif(
        sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="the programs need Linux and two cores"
    ),
]

TEST = """
import pytest

@pytest.mark.multicore({limits})
def test_it(multicore):
    multicore.run({workload!r}, **{arguments!r})
"""

# What stands in the way is the machine, not the code: no index, or no such interpreter.
NOT_OURS = ("package index could not be reached", "no Python")

# Read by the loader and by Python itself: nothing that a case is about.
KEPT = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "PYTHON_GIL", "PYTHON_CPU_COUNT")


@pytest.fixture(autouse=True)
def world_without_thread_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REPORTED_VARIABLES:
        if name not in KEPT:
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def measured(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, undecided: Any):  # type: ignore[no-untyped-def]
    """Run a pytest session of one marked test, and give its result as the JSON report has it."""

    def measured(case: Case, twin: Twin, *options: str) -> dict[str, Any]:
        for name, value in twin.exported.items():
            monkeypatch.setenv(name, value)
        file, colon, function = twin.workload.partition(":")
        workload = f"{PROGRAMS / file}.py:{function}" if colon else twin.workload
        limits = ", ".join(f"{name}={value!r}" for name, value in {**case.limits, **twin.limits}.items())
        pytester.makepyfile(TEST.format(limits=limits, workload=workload, arguments=dict(twin.arguments)))
        session = pytester.runpytest_subprocess(
            *("-p", "no:randomly", "--multicore-explain=auto", "--multicore-json=report.json"),
            *("--multicore-budget=30", *twin.options, *options),
        )
        if any(text in session.stdout.str() for text in NOT_OURS):
            pytest.skip("the environment cannot be built here")
        return json.loads((pytester.path / "report.json").read_text())["results"][-1]

    return measured


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_program_that_suffers_is_told_why(case: Case, measured: Any, needed: Any, undecided: Any) -> None:
    needed(case)
    result = measured(case, case.suffers)
    if case.outcome == "failed" and result["outcome"] == "inconclusive":
        undecided(result["reason"])
    if case.escapes and result["outcome"] == "passed":
        pytest.skip(case.escapes)

    assert result["outcome"] == case.outcome, result
    assert [one["key"] for one in result["causes"]][:1] == [case.key], result["causes"]
    first = result["causes"][0]
    assert first["evidence"]
    assert first["remedy"]
    if case.proven and first["trial"] and not first["proven"]:
        undecided(f"the trial was not decided: {first['trial']}")
    assert first["proven"] is case.proven, first


@pytest.mark.parametrize("case", HEALTHY, ids=lambda case: case.name)
def test_its_healthy_twin_has_no_cause(case: Case, measured: Any, needed: Any, undecided: Any) -> None:
    needed(case)
    assert case.healthy
    result = measured(case, case.healthy)
    if result["outcome"] == "inconclusive":
        undecided(result["reason"])

    assert result["outcome"] == "passed", result
    assert result["causes"] == []


def test_neighbours_are_named_where_they_leave_a_verdict_open(measured: Any) -> None:
    """With equal priority, beside four loops that end by themselves, a product has no two cores to itself."""
    case = Case("machine-busy", Twin("numpy_product:product"), None, {"min_cores": 1.5, "threads": 2, "budget": 5})
    loop = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: sum(range(1000))"
    neighbours = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(4)]
    try:
        result = measured(case, case.suffers, "--multicore-priority=off")
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()

    assert result["outcome"] == "inconclusive", result
    assert [(one["key"], one["proven"]) for one in result["causes"]] == [("machine-busy", False)]


@pytest.fixture
def needed(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
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
        return None if libraries.compiler() else "no C compiler"
    if need == "load":
        return None if os.getloadavg()[2] >= 1 else "OMP_DYNAMIC spares threads on a machine that was loaded for long"
    kind, _, folder = need.rpartition(":")
    if kind == "debian":
        found = libraries.first_match([parent / folder for parent in libraries.library_folders()], ["libblas.so.3"])
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
