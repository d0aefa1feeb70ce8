"""What could cost a program cores here: each finding, and its twin without one."""

from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.diagnosis.findings.finding import EnvironmentFacts, MachineFacts
from pytest_multicore.diagnosis.findings.libraries import library_findings, short_path
from pytest_multicore.diagnosis.findings.machine import PERMISSION_LOSSES, machine_findings
from pytest_multicore.diagnosis.findings.variables import OTHER_VARIABLES, variable_findings
from pytest_multicore.diagnosis.openmp_settings import OPENMP_SETTINGS

HEALTHY = MachineFacts(
    cores_online=4,
    cpus=4,
    cores_granted=4,
    cores_real=4,
    attained=3.9,
    cores=4,
    permitted=dict.fromkeys(PERMISSION_LOSSES, True),
)
SITE = "/usr/lib/python3/site-packages/"


def keys(machine: MachineFacts) -> list[tuple[str, bool]]:
    return [(finding.key, finding.limits) for finding in machine_findings(machine)]


def of(machine: MachineFacts, /, **variables: str) -> list[tuple[str, bool, str]]:
    environment = EnvironmentFacts("current", variables, variables)
    return [(found.key, found.limits, found.text) for found in variable_findings(environment, machine)]


def library(**changed: Any) -> dict[str, Any]:
    path = f"{SITE}numpy.libs/libopenblas.so"
    known = {"path": path, "kind": "openblas", "layer": "pthreads", "threads": 4, "source": "affinity"}
    return {**known, "source_text": "x", **changed}


def of_libraries(*libraries: dict[str, Any], machine: MachineFacts = HEALTHY, **changed: Any) -> list[str]:
    environment = EnvironmentFacts("current", {}, {}, libraries=libraries, product_blas=libraries[0])
    return [found.key for found in library_findings(replace(environment, **changed), machine)]


def test_a_healthy_machine_has_none() -> None:
    assert keys(HEALTHY) == []
    assert of(HEALTHY) == []
    assert of_libraries(library()) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"quota": 1.5, "cores_granted": 1.5}, [("cpu-quota", True)]),
        ({"quota": 4.0}, []),
        ({"cpus": 2, "cores_granted": 2}, [("affinity-narrowed", True)]),
        ({"cpus": 1, "cores_granted": 1, "narrowed": "pinned by x"}, [("affinity-narrowed", True), ("one-core", True)]),
        ({"shared_cores": [(0, 1), (2, 3)], "cores_real": 2}, [("hardware-threads", False)]),
        ({"shared_cores": [(0, 1)], "cores_real": 1}, [("hardware-threads", True)]),
        ({"attained": 2.0}, [("little-attained", True)]),
        ({"attained": None}, []),
        ({"attained": None, "alone_share": 0.2, "least_share": 0.1}, [("too-busy", True)]),
        ({"nodes": 2}, [("several-numa-nodes", False)]),
        ({"permitted": {"nice": False, "ptrace": None}}, [("no-nice", False)]),
        ({"permitted": {"fixed_addresses": False}}, [("no-fixed-addresses", False)]),
    ],
)
def test_what_the_machine_withholds(changed: dict[str, Any], found: list[tuple[str, bool]]) -> None:
    assert keys(replace(HEALTHY, **changed)) == found


@pytest.mark.parametrize(
    ("attained", "least_share", "why"),
    [
        (2.0, 0.5, "4 cores attain 2.00x just now: other processes or guests took 50% of a core's time"),
        (2.0, 0.99, "4 cores attain 2.00x just now: the control had its cores all the time"),
        (None, 0.1, "cannot be told just now: other processes or guests left 10% of a core's time"),
    ],
)
def test_what_took_the_cores_is_told_by_the_time_that_the_control_got(
    attained: float | None, least_share: float, why: str
) -> None:
    changed = replace(HEALTHY, attained=attained, alone_share=1.0, least_share=least_share)
    (finding,) = machine_findings(changed)
    assert why in finding.text


def test_a_quota_names_a_thread_count_that_fits() -> None:
    (finding,) = machine_findings(replace(HEALTHY, quota=1.5, cores_granted=1.5))
    assert "quota is 1.5 cores, and 4 CPUs" in finding.text
    assert "OMP_NUM_THREADS=2" in finding.remedy


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"OMP_NUM_THREADS": "1"}, ["thread-limit"]),
        ({"OMP_NUM_THREADS": "4"}, []),
        ({"OMP_NUM_THREADS": "8"}, ["oversubscribed"]),
        ({"OMP_THREAD_LIMIT": "2"}, ["thread-limit"]),
        ({"LOKY_MAX_CPU_COUNT": "1"}, ["thread-limit"]),
        ({"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "5"}, ["oversubscribed", "variables-disagree"]),
        ({"OMP_DYNAMIC": "TRUE"}, ["variable"]),
        ({"OMP_DYNAMIC": "false"}, []),
        ({"OMP_PROC_BIND": "close"}, ["variable"]),
        ({"OMP_PROC_BIND": "false"}, []),
        ({"GOMP_CPU_AFFINITY": "0-3"}, ["variable"]),
        ({"KMP_AFFINITY": "granularity=fine,compact"}, ["variable"]),
        ({"KMP_AFFINITY": "disabled"}, []),
        ({"MKL_THREADING_LAYER": "SEQUENTIAL"}, ["variable"]),
        ({"MKL_THREADING_LAYER": "GNU"}, []),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["variable"]),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, []),
        ({"KMP_BLOCKTIME": "infinite"}, ["variable"]),
        ({"KMP_BLOCKTIME": "0"}, []),
    ],
)
def test_what_variables_do(variables: dict[str, str], found: list[str]) -> None:
    assert [key for key, _, _ in of(HEALTHY, **variables)] == found


def test_one_thread_is_no_limit_where_one_core_is_granted() -> None:
    assert of(replace(HEALTHY, cpus=1, cores_granted=1), OMP_NUM_THREADS="1") == []


def test_who_sets_a_variable_is_named() -> None:
    variables = {"OMP_NUM_THREADS": "1", "OMP_DYNAMIC": "TRUE"}
    environment = EnvironmentFacts(
        "old", variables, variables, declared=frozenset({"OMP_NUM_THREADS"}), since_start=frozenset({"OMP_DYNAMIC"})
    )
    limit, dynamic = variable_findings(environment, HEALTHY)
    assert limit.text.startswith("OMP_NUM_THREADS=1, set by the environment's declaration, on 4 granted cores:")
    assert dynamic.text.startswith("OMP_DYNAMIC=TRUE, set in pytest's process since it started (a sitecustom")
    assert limit.environments == ("old",)


def test_what_an_import_sets_is_found() -> None:
    environment = EnvironmentFacts("current", {}, {"OMP_NUM_THREADS": "1"})
    (finding,) = variable_findings(environment, HEALTHY)
    assert (finding.key, finding.limits) == ("set-by-import", True)
    assert "OMP_NUM_THREADS became 1 (it was not set)" in finding.text


def test_each_biting_variable_is_one_whose_value_a_report_may_print() -> None:
    from pytest_multicore.environments.threads import REPORTED_VARIABLES

    names = {name for name, *_ in OTHER_VARIABLES} | {setting.variable for setting in OPENMP_SETTINGS}
    assert names <= {*REPORTED_VARIABLES}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"kind": "reference", "threads": 1, "source": "always"}, ["reference-blas"]),
        ({"threads": 1, "source": "always"}, ["sequential-layer"]),
        ({"kind": "blis", "threads": 1, "source": "default"}, ["thread-limit"]),
        ({"threads": 1, "source": "OMP_NUM_THREADS"}, []),
        ({"threads": 1, "source": "code"}, ["limited-at-runtime"]),
    ],
)
def test_what_libraries_do(changed: dict[str, Any], found: list[str]) -> None:
    assert of_libraries(library(**changed)) == found


def test_several_openmp_runtimes_are_named_by_their_packages() -> None:
    first = library(kind="openmp", layer="gnu", path=f"{SITE}scikit_learn.libs/libgomp-a3.so.1")
    second = library(kind="openmp", layer="gnu", path=f"{SITE}torch/lib/libgomp-b4.so.1")
    environment = EnvironmentFacts("current", {}, {}, libraries=[first, second])
    (finding,) = library_findings(environment, HEALTHY)
    assert finding.key == "several-openmp"
    assert "2 OpenMP runtimes: scikit_learn.libs/libgomp-a3.so.1, torch/lib/libgomp-b4.so.1" in finding.text
    assert list(library_findings(replace(environment, libraries=[first]), HEALTHY)) == []


def test_a_broken_package_is_found() -> None:
    assert of_libraries(library(), failed={"scipy.linalg": "ImportError: x"}) == ["broken-package"]


def test_a_path_is_told_from_its_package_on() -> None:
    assert short_path(f"{SITE}numpy.libs/x.so") == "numpy.libs/x.so"
    assert short_path("/usr/lib/libblas.so.3") == "/usr/lib/libblas.so.3"
