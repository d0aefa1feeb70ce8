"""Each cause is found where it is: a real program misses its limit, and the diagnosis names why, first in its list.

One case runs a whole session in every run: the verdict, the trial, the report; and so does its twin without the cause,
which meets the limit. One case of each kind of proof does so as a slow test. Of every other cause one program is
measured and observed in this process, and the table of causes must suspect it first; with ``-m exhaustive`` all of its
programs are, and run a whole session, too. The literals of tests/diagnosis suspect every cause in every run.
`test_recorded.py` has the causes that two cores cannot suffer from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.measurement.host_lock import HOLDER_VARIABLE, host_lock
from tests.absent import skip_where_absent
from tests.fixture_types import Undecided

from .case import Case, Twin
from .cases import CASES
from .conftest import PROGRAMS
from .in_process import Diagnosis, diagnosed

HEALTHY = [case for case in CASES if case.healthy]

pytestmark = [pytest.mark.explained, pytest.mark.usefixtures("two_cores", "no_thread_variables")]

TEST = """
import pytest

@pytest.mark.multicore({limits})
def test_it(multicore):
    multicore.run({workload!r}, **{arguments!r})
"""

#: What runs a whole session in every run, and its twin: a product that is too small.
IN_EVERY_RUN = ("gemm-too-small",)

Measured = Callable[..., dict[str, Any]]
Needed = Callable[[Case], None]


@pytest.fixture
def measured(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Measured:
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
            *("--multicore-budget=30", "--multicore-priority=realtime", *twin.options, *options),
        )
        skip_where_absent(session.stdout.str())
        results: list[dict[str, Any]] = json.loads((pytester.path / "report.json").read_text())["results"]
        return results[-1]

    return measured


def typical_first(cases: Iterable[Case]) -> list[Any]:
    """One case in every run, those that stand for their kind of proof as slow tests, the others as exhaustive ones."""
    slow = {True: pytest.mark.slow, False: pytest.mark.exhaustive}
    return [pytest.param(case, marks=[] if case.name in IN_EVERY_RUN else slow[case.typical]) for case in cases]


def first_of_each_cause(cases: Iterable[Case]) -> list[Any]:
    """One case of each cause as a slow test; the others with ``-m exhaustive``."""
    covered = {case.key for case in CASES if case.typical}
    parameters = []
    for case in cases:
        parameters.append(pytest.param(case, marks=pytest.mark.exhaustive if case.key in covered else pytest.mark.slow))
        covered.add(case.key)
    return parameters


def named(cases: Iterable[Any]) -> pytest.MarkDecorator:
    """One test for each case, or each set of parameters that holds one, by its name."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@named(first_of_each_cause(case for case in CASES if not case.typical))
def test_a_program_that_suffers_is_suspected_of_its_cause(
    case: Case, diagnosis: Callable[..., Diagnosis], undecided: Undecided
) -> None:
    found = diagnosis(case, case.suffers)
    if found.outcome == "inconclusive":
        undecided(found.reason)
    if case.escapes and found.outcome == "passed":
        pytest.skip(case.escapes)

    assert found.outcome == "failed", found
    assert found.keys[:1] == (case.key,), found


@named(typical_first(CASES))
def test_a_session_names_the_cause_with_its_proof(
    case: Case, measured: Measured, needed: Needed, undecided: Undecided
) -> None:
    needed(case)
    result = measured(case, case.suffers)
    if case.outcome == "failed" and result["outcome"] == "inconclusive":
        undecided(result["reason"])
    if case.escapes and result["outcome"] == "passed":
        pytest.skip(case.escapes)

    assert result["outcome"] == case.outcome, result
    told = next((one for one in result["causes"] if one["key"] == case.key), None)
    if told and case.proven and told["trial"] and not told["proven"]:
        undecided(f"the trial was not decided: {told['trial']}")  # another cause may be first then
    assert [one["key"] for one in result["causes"]][:1] == [case.key], result["causes"]
    first = result["causes"][0]
    assert first["evidence"]
    assert first["remedy"]
    assert first["proven"] is case.proven, first


@named(typical_first(HEALTHY))
def test_a_session_names_no_cause_of_the_healthy_twin(
    case: Case, measured: Measured, needed: Needed, undecided: Undecided
) -> None:
    needed(case)
    assert case.healthy
    result = measured(case, case.healthy)
    if result["outcome"] == "inconclusive":
        undecided(result["reason"])

    assert result["outcome"] == "passed", result
    assert result["causes"] == []


@pytest.mark.slow
def test_neighbours_are_named_where_they_leave_a_verdict_open(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With equal priority, beside four loops that end by themselves, a product has no two cores to itself.

    They run at this test's turn alone: they would be over before a session that waited for its own, and until then
    disturb the other lane.
    """
    case = Case("machine-busy", Twin("numpy_product:product"), None, {"min_cores": 1.5, "threads": 2, "budget": 5})
    loop = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: sum(range(1000))"
    with host_lock().exclusive(print):
        monkeypatch.setenv(HOLDER_VARIABLE, str(os.getpid()))
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
def diagnosis(needed: Needed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Diagnosis]:
    """Measure and observe a program in this process."""

    def diagnosis(case: Case, twin: Twin) -> Diagnosis:
        needed(case)
        for name, value in twin.exported.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return diagnosed(case, twin)

    return diagnosis
