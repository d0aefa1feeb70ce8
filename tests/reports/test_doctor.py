"""The doctor's record and lines, from literals."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema

from pytest_multicore.diagnosis.findings.examination import Examination, Product
from pytest_multicore.diagnosis.findings.finding import EnvironmentFacts, Finding
from pytest_multicore.experiment.examine import changed_since_start, usable_threads
from pytest_multicore.measurement.attained_speedup import AttainedSpeedup
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.measurement.topology import Topology
from pytest_multicore.reports import doctor
from pytest_multicore.reports import doctor_record as records
from pytest_multicore.reports.origin import Origin

MACHINE = Machine(
    cores_online=8,
    affinity=(0, 1, 2, 3),
    quota=2.5,
    cores_real=2,
    cpu="Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz with a name that is longer than a line",
    os="Linux 6.1.0-32-cloud-amd64",
)
LIE = Topology(((0, 2), (1, 3)), {0: (0, 1, 2, 3)})
PERMITTED = {"nice": True, "real_time": False, "fixed_addresses": True, "ptrace": None, "perf": False}
LIBRARY = {
    "path": "/home/somebody/a/long/way/to/python3.11/site-packages/numpy.libs/libscipy_openblas64_-32a4b2a6.so",
    "kind": "openblas",
    "version": "0.3.30",
    "layer": "pthreads",
    "threads": 4,
    "source": "affinity",
    "source_text": "the CPUs in the affinity mask",
}
FACTS = EnvironmentFacts(
    "current",
    {"OMP_NUM_THREADS": "4", "LD_LIBRARY_PATH": f"/{'x' * 100}"},
    {},
    libraries=[LIBRARY, {**LIBRARY, "kind": "openmp", "path": f"/{'y' * 120}/libgomp.so.1", "version": None}],
)
FINDINGS = [
    Finding("no-nice", False, "a note", "nothing", ()),
    Finding("thread-limit", True, "OMP_NUM_THREADS=1 on 4 granted cores", "unset it", ("current",)),
    Finding("thread-limit", True, "OMP_NUM_THREADS=1 on 4 granted cores", "unset it", ("old",)),
]


def whole() -> dict[str, Any]:
    environments = [
        records.examined(Examination(FACTS, "3.11.2", {"numpy": "2.4.6", "scipy": None}, Product("numpy", 3.91, 4))),
        records.examined(Examination(EnvironmentFacts("bare", {}, {}), "3.13.0", {}, Product("no module named numpy"))),
        records.unexamined("theano", "not built", "not built yet; Python 3.9.18 is at hand"),
    ]
    machine = records.machine_record(MACHINE, LIE, AttainedSpeedup(2.1, 1.0, 0.8), PERMITTED)
    return records.report(machine, environments, records.merged(FINDINGS), Origin("2026-11-29T04:26:01Z", "0.1.0"))


def lines() -> Iterator[str]:
    report = whole()
    yield from doctor.machine_lines(report["machine"])
    for environment in report["environments"]:
        yield from doctor.environment_lines(environment)
    yield from doctor.finding_lines(report["findings"])


def test_the_record_is_what_its_schema_says() -> None:
    jsonschema.validate(json.loads(json.dumps(whole())), json.loads(records.SCHEMA_FILE.read_text()))


def test_the_lines_fit_80_columns() -> None:
    shown = list(lines())
    assert len(shown) > 20
    too_wide = [line for line in shown if len(line) > 80]
    assert [line.split()[0] for line in too_wide] == [f"LD_LIBRARY_PATH=/{'x' * 100}"], "a path is not broken"


def test_the_lines_say_what_is_there() -> None:
    text = " ".join(" ".join(lines()).split())
    assert "grants: 2.5 cores (8 online, affinity 4 CPUs, cgroup quota 2.5 cores)" in text
    assert "lie on: 2 real cores, hardware threads of the same one: 0,2 1,3; 1 NUMA node" in text
    assert "attains: a speed-up of 2.10x with 3 cores at work, just now: no program" in text
    assert "permits: nice -20, fixed addresses; forbids the real-time class, perf; unknown: ptrace" in text
    assert "OpenBLAS 0.3.30 pthreads, 4 threads: the CPUs in the affinity mask (numpy.libs/" in text
    assert "OpenMP pthreads, 4 threads: the CPUs in the affinity mask (libgomp.so.1)" in text
    assert "a product of matrices on numpy: 3.91 cores busy by 4 threads variables: OMP_NUM_THREADS=4" in text
    assert "no product was computed: no module named numpy" in text
    assert "environment theano: not built yet; Python 3.9.18 is at hand" in text


def test_a_finding_of_two_environments_is_told_once_and_limits_come_first() -> None:
    shown = " ".join(" ".join(doctor.finding_lines(whole()["findings"])).split())
    assert shown.startswith("what could bite: 2 found, 1 of them cost threads or cores ! OMP_NUM_THREADS=1")
    assert "(environment current, old) [thread-limit] remedy: unset it - a note [no-nice]" in shown


def test_a_machine_that_is_too_busy_to_tell_says_what_it_gave() -> None:
    record = records.machine_record(MACHINE, LIE, AttainedSpeedup(None, 0.21, 0.08), PERMITTED)
    said = " ".join(" ".join(doctor.machine_lines(record)).split())
    assert "attains: unknown: the machine is too busy to tell just now. A compute loop got 21% of a core's time" in said
    assert "and with 3 cores at work at least 8% of each" in said
    facts = records.machine_facts(MACHINE, LIE, record)
    assert (facts.attained, facts.alone_share, facts.least_share) == (None, 0.21, 0.08)
    ended = records.machine_record(MACHINE, LIE, None, PERMITTED)
    assert "attains: unknown: its cores were not to be had for a moment" in list(doctor.machine_lines(ended))


def test_threads_that_got_no_core_each_are_told_from_a_product_on_one_thread() -> None:
    shown = records.examined(Examination(FACTS, "3.11.2", {}, Product("numpy", 0.8, 2)))
    assert "0.80 cores busy by 2 threads, which had to wait for cores: the machine is too busy, or a quota" in " ".join(
        " ".join(doctor.environment_lines(shown)).split()
    )
    unknown = records.examined(Examination(FACTS, "3.11.2", {}, Product("numpy", 0.8, None)))
    assert "    a product of matrices on numpy: 0.80 cores busy" in list(doctor.environment_lines(unknown))


def test_no_more_threads_are_waited_for_than_the_library_of_the_product_has() -> None:
    other = {**LIBRARY, "path": "/usr/lib/libopenblas.so.0", "threads": 8}
    facts = {"affinity": [0, 1, 2, 3], "libraries": [other, {**LIBRARY, "threads": 2}]}
    assert usable_threads("builtin:dot_numpy", facts) == 2
    assert usable_threads("builtin:dot_numpy", {**facts, "libraries": [other]}) == 4, "at most the CPUs of the mask"
    assert usable_threads("builtin:dot_numpy", {**facts, "libraries": [{**LIBRARY, "threads": None}]}) == 4
    assert usable_threads("builtin:dot_numpy", {**facts, "libraries": []}) == 4


def test_nothing_found_is_said() -> None:
    assert list(doctor.finding_lines([])) == ["what could bite: nothing was found"]


def test_a_variable_that_pytest_did_not_start_with_is_known(monkeypatch: Any) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    variables = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "2", "MKL_DYNAMIC": "FALSE"}
    at_start = b"OMP_NUM_THREADS=1\0MKL_NUM_THREADS=4\0"
    assert changed_since_start(variables, lambda: at_start) == {"MKL_NUM_THREADS"}
