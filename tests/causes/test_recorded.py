"""Causes that no test can count on suffering from here, on evidence as the parts of the plugin record it.

No machine with a GPU, no right to put pytest itself under a quota, and two cores that do not use up the memory's
bandwidth everywhere: what a program shows there is written down, and only the table of causes is tried.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_multicore.diagnosis.causes.catalogue import ranked_suspicions
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.limits import Outcome
from tests.diagnosis.literals import evidence
from tests.rounds import made, rows


def keys(found: Evidence) -> list[str]:
    return [one.key for one in ranked_suspicions(found)]


def throttled(count: int) -> list[tuple[Round, Round]]:
    """Two threads under a quota of 1.6 cores of ours: each period of 100 ms they run for 80 ms."""
    return [(replace(made(0.1, 1.6), throttled_s=0.04), made(0.14, 1.0, threads=1)) for _ in range(count)]


def test_a_gpu_does_the_work_by_theanos_own_word() -> None:
    """As Theano 1.0.5 tells it with device=cuda0: the CPU has nothing to do but to wait."""
    found = evidence(rows(20, 1.0, cores=0.4), facts={"theano": {"device": "cuda0", "openmp": False, "cxx": "g++"}})

    assert keys(found)[0] == "gpu-device"
    assert "cuda0" in ranked_suspicions(found)[0].evidence
    assert ranked_suspicions(found)[0].trials, "device=cpu can be tried"


def test_a_gpu_does_the_work_by_the_driver_that_is_mapped() -> None:
    assert (
        keys(evidence(rows(20, 1.0, cores=0.3), mapped_files=("libc.so.6", "libcuda.so.535.54.03")))[0] == "gpu-device"
    )


def test_a_driver_that_is_mapped_is_no_cause_where_the_cores_are_busy() -> None:
    assert "gpu-device" not in keys(evidence(rows(20, 1.0, cores=2.0), mapped_files=("libcuda.so.1",)))


def test_a_quota_that_held_the_group_back_is_named_with_its_figure() -> None:
    found = evidence(throttled(20), Machine(2, (0, 1), 1.6, 2, "a processor", "Linux"))

    assert found.result.outcome is Outcome.INCONCLUSIVE, "it is no fault of the program's"
    assert keys(found)[0] == "cpu-quota"
    assert "1.6 cores" in ranked_suspicions(found)[0].evidence


def test_a_quota_of_the_programs_own_is_blamed_on_it() -> None:
    found = evidence(rows(20, 1.2, cores=1.2), quota=1.2, throttled_s=0.8)

    assert found.result.outcome is Outcome.FAILED
    assert keys(found)[0] == "cpu-quota"
    assert (
        "the group that the program is in has a quota of 1.2 cores, which held it back"
        in ranked_suspicions(found)[0].evidence
    )


def test_the_curve_of_a_program_that_its_quota_held_back_proves_nothing() -> None:
    """It is the quota's: by Amdahl's law two thirds of one thread's time could not be split."""
    held_back, free = (evidence(rows(20, 1.2, cores=1.2), throttled_s=throttled_s) for throttled_s in (0.8, 0.0))
    conclusive = [[one.key for one in ranked_suspicions(found) if one.conclusive] for found in (held_back, free)]
    assert conclusive == [[], ["serial-fraction"]]


def test_a_quota_that_held_nobody_back_is_not() -> None:
    assert "cpu-quota" not in keys(evidence(rows(20, 1.0, cores=1.0), Machine(2, (0, 1), 4.0, 2, "", "")))


def test_memory_that_keeps_busy_cores_waiting() -> None:
    """An addition of 8,000,000 doubles in two parts, as sampled: 96 MB a thread, 1.1x as fast on two cores."""
    operands = [
        {"name": name, "type": "numpy.ndarray", "dtype": "float64", "contiguous": "C"}
        | {"shape": [4_000_000], "strides": [8], "itemsize": 8}
        for name in ("total", "one")
    ]
    line = {
        "file": "/work.py",
        "line": 30,
        "function": "add",
        "source": "numpy.add(total, one, out=total)",
        "samples": 90,
        "share": 0.9,
        "thread": "ThreadPoolExecutor-0_0",
        "operation": "elementwise",
        "function_called": "add",
        "operands": operands,
    }
    found = evidence(rows(20, 1.1, cores=1.9), facts={"observed": {"lines": [line], "python_threads": 2}})

    assert keys(found)[0] == "memory-bound"
    assert "numpy.add(total, one, out=total)" in ranked_suspicions(found)[0].evidence
