"""What a suspicion says and would try, on literal evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.causes.work import serial_fraction
from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence
from pytest_multicore.measurement.machine import Machine
from pytest_multicore.verdicts.limits import Limits, Outcome
from tests.rounds import look, made, rows

from .literals import COUNT, TWO_CORES, evidence, idle, library, line, observed, operand, pool, seen, task
from .suffering import (
    AT_ONE,
    capped,
    exported,
    forked,
    gemm,
    keys,
    python_threads,
)


def test_more_threads_than_were_asked_for_are_told_with_their_variable() -> None:
    facts = {"frameworks": {"numpy": "2.0", "numba": "0.60"}}
    found = evidence([(made(os_threads=2), made())] * COUNT, limits=AT_ONE, threads=1, facts=facts)
    (suspicion,) = catalogue.ranked_suspicions(found)

    assert (suspicion.key, suspicion.trials[0].knob) == ("ignores-setting", "NUMBA_NUM_THREADS=1")
    assert keys(evidence([(made(os_threads=2), made())] * COUNT, limits=AT_ONE, threads=2)) == []


@pytest.mark.parametrize(("main_s", "suspected"), [(0.04, False), (0.06, True)])
def test_who_feeds_as_many_workers_as_were_asked_for_ignores_nothing(main_s: float, suspected: bool) -> None:
    taken = [(made(0.1, 2.0, os_threads=3), made(0.19, 1.0, threads=1))] * COUNT
    at_work = seen(task(101), task(102), task(cpu_s=main_s))
    found = evidence(taken, limits=Limits(max_cores=1.3), thread_samples=at_work)
    assert ("ignores-setting" in keys(found)) is suspected


def test_mkl_is_told_to_take_all_threads_for_it_takes_fewer_where_nothing_is_said() -> None:
    suspicion, *_ = catalogue.ranked_suspicions(capped(MKL_DYNAMIC="TRUE", OMP_THREAD_LIMIT="1"))

    assert suspicion.trials[0].change.variables == {"OMP_THREAD_LIMIT": None, "MKL_DYNAMIC": "FALSE"}
    assert suspicion.trials[0].knob == "OMP_THREAD_LIMIT unset and MKL_DYNAMIC=FALSE"
    assert suspicion.remedy == "unset OMP_THREAD_LIMIT, or raise it; set MKL_DYNAMIC=FALSE"


def test_a_variable_that_has_the_count_already_is_not_tried() -> None:
    facts = {"frameworks": {"numexpr": "2.10"}}
    told: dict[str, Any] = {
        "limits": AT_ONE,
        "threads": 1,
        "facts": facts,
        "variables_at_start": {"NUMEXPR_NUM_THREADS": "1"},
    }
    (suspicion,) = catalogue.ranked_suspicions(evidence([(made(os_threads=2), made())] * COUNT, **told))

    assert suspicion.trials == []
    assert "NUMEXPR" not in suspicion.remedy


@pytest.mark.parametrize(("slept_s", "trials"), [(0.31, 1), (0.29, 0)])
def test_sleep_is_left_out_where_it_is_much_of_the_time(slept_s: float, trials: int) -> None:
    """Where it is little, a program that waits for something else would be none the faster."""
    found = idle(0.5, facts=observed(line(), slept_s=slept_s), thread_samples=seen(task(S=1.0)))
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "waiting")

    assert len(suspicion.trials) == trials


def test_calls_of_several_threads_are_no_larger_part_of_the_time() -> None:
    facts = observed(python_threads=4, pools={"opened": pool(2)})
    found = idle(facts=facts, calls=(BlasCalls("dgemm", 1, 1, 1000, 10, 0.1),), threshold=1000)
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "gemm-too-small")

    assert "25% of the time" in suspicion.evidence


def test_stacked_products_are_told_to_be_stacked() -> None:
    """The product that the BLAS gets is small because NumPy divides the stack."""
    small = gemm(1000)
    stacked = line("a @ b", "matmul", operand([500, 40, 40]), operand([40, 40]), share=0.5)
    told = {**small.facts["observed"], "lines": [stacked]}

    assert keys(small)[0] == "gemm-too-small"
    assert keys(replace(small, facts={"observed": told}))[0] == "batched-one-by-one"


def test_numba_is_told_to_read_its_own_variable() -> None:
    (suspicion,) = catalogue.ranked_suspicions(exported("1"))

    assert suspicion.trials[0].change.variables == {"NUMBA_NUM_THREADS": "1"}
    assert "OMP_NUM_THREADS=1 is in the environment" in suspicion.evidence


def test_a_library_that_reads_no_variable_is_told_with_its_own_setting() -> None:
    found = evidence([(made(os_threads=2), made())] * COUNT, limits=AT_ONE, threads=1, mapped_files=("_duckdb.so",))
    (suspicion,) = catalogue.ranked_suspicions(found)

    assert suspicion.remedy == "DuckDB: SET threads = N"


@pytest.mark.parametrize(("linker", "flags"), [("auto", "linker=cvm, openmp=True"), ("cvm", "openmp=True")])
def test_pytensors_linker_is_changed_where_it_knows_no_openmp(linker: str, flags: str) -> None:
    config = {"cxx": "g++", "openmp": False, "device": "cpu", "linker": linker}
    found = idle(facts={"pytensor": config, "frameworks": {"pytensor": "3.3.7"}})
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "elementwise-serial")

    assert suspicion.trials[0].knob.startswith(flags)
    assert ("linker=cvm" in suspicion.remedy) is (linker == "auto")


def test_a_blas_that_splits_everything_has_no_small_products() -> None:
    assert "gemm-too-small" not in keys(replace(gemm(1000), threshold=0))


@pytest.mark.parametrize("lacks_cores", [True, False])
def test_too_few_cores_are_granted_where_no_program_could_reach_the_limit(lacks_cores: bool) -> None:
    nothing = replace(idle().result, outcome=Outcome.INCONCLUSIVE, measurement=None, comparison=None)
    nothing = replace(nothing, verdicts=(), lacks_cores=lacks_cores)

    found = catalogue.ranked_suspicions(Evidence(nothing, "", TWO_CORES))
    assert [(one.key, one.evidence) for one in found] == (
        [("too-few-cores", "cores granted: 2")] if lacks_cores else []
    )


@pytest.mark.parametrize(("disturbed", "told"), [(11, ["machine-busy"]), (10, [])])
def test_the_machine_is_busy_where_most_rounds_were_disturbed(disturbed: int, told: list[str]) -> None:
    found = evidence(rows(COUNT, 1.0, disturbed_ones=disturbed))
    undecided = replace(found.result, outcome=Outcome.INCONCLUSIVE, verdicts=())

    suspicions = catalogue.ranked_suspicions(replace(found, result=undecided))
    assert [one.key for one in suspicions] == told
    assert [one.evidence for one in suspicions] == [
        f"11 of {COUNT} rounds were disturbed (others used 1.00 cores; our threads waited for 0.50 cores)"
    ] * len(told), "and not once more why the verdict is open"


def test_the_tightest_quota_counts() -> None:
    machine = Machine(2, (0, 1), 1.5, 2, "a processor", "Linux")
    (suspicion,) = (
        one for one in catalogue.ranked_suspicions(idle(1.2, machine=machine, quota=1.2)) if one.key == "cpu-quota"
    )

    assert "1.2 cores" in suspicion.evidence


def test_a_part_that_is_serial_is_told_by_amdahls_law() -> None:
    """1.5x on two cores: a third of the time is serial."""
    (suspicion,) = (
        one for one in catalogue.ranked_suspicions(idle(1.33, 1.5, limits=Limits(min_speedup=1.6))) if one.conclusive
    )

    assert (suspicion.key, "33%" in suspicion.evidence) == ("serial-fraction", True)


@pytest.mark.parametrize(("speedup", "proven"), [(1.77, True), (1.8, False)])
def test_a_process_that_is_slow_by_its_layout_proves_no_serial_part(speedup: float, proven: bool) -> None:
    """Twice as fast at 1.8x is one in which the second process was slower by an eighth."""
    (suspicion,) = (
        one
        for one in catalogue.ranked_suspicions(idle(1.7, speedup, limits=Limits(min_speedup=1.95)))
        if one.key == "serial-fraction"
    )

    assert suspicion.conclusive is proven


@pytest.mark.parametrize(("seconds", "trials"), [(0.031, 1), (0.029, 0)])
def test_a_product_alone_is_tried_where_much_of_the_time_is_in_products(seconds: float, trials: int) -> None:
    """A larger one keeps more cores busy in any program."""
    (suspicion,) = (
        one for one in catalogue.ranked_suspicions(gemm(1000, seconds=seconds)) if one.key == "gemm-too-small"
    )

    assert len(suspicion.trials) == trials


def test_a_build_that_can_do_without_the_lock_is_told_to() -> None:
    facts = {**python_threads(0.5).facts, "gil": True, "free_threaded": True}
    (suspicion,) = (one for one in catalogue.ranked_suspicions(idle(facts=facts)) if one.key == "interpreter-bound")

    assert suspicion.trials[0].change.variables == {"PYTHON_GIL": "0"}
    assert "interpreter-bound" not in keys(idle(facts={**facts, "gil": False}))


@pytest.mark.parametrize(("late_s", "weight"), [(0.2, 0.85), (0.19, 0.55)])
def test_who_looks_waits_for_the_interpreters_lock_too(late_s: float, weight: float) -> None:
    (suspicion,) = (
        one for one in catalogue.ranked_suspicions(python_threads(late_s)) if one.key == "interpreter-bound"
    )

    assert suspicion.strength == weight


def test_the_likeliest_is_tried_first() -> None:
    weights = [one.strength for one in catalogue.ranked_suspicions(capped(OMP_THREAD_LIMIT="1", OMP_PROC_BIND="TRUE"))]

    assert len(weights) > 1
    assert weights == sorted(weights, reverse=True)


def test_threads_that_let_go_of_the_lock_are_not_held_up_by_it() -> None:
    """More than one at work at a time, and who looks from within does not wait."""
    facts = observed(line(), python_threads=3, late_s=0.01)
    assert "interpreter-bound" not in keys(idle(1.2, facts=facts))
    assert "interpreter-bound" in keys(idle(1.2, facts={"observed": {**facts["observed"], "late_s": 0.3}}))


@pytest.mark.parametrize(("main_s", "told"), [(0.05, "one Python thread does"), (0.06, "2 Python threads keep")])
def test_a_pool_of_one_worker_takes_no_turns_with_the_thread_that_feeds_it(main_s: float, told: str) -> None:
    at_work = seen(task(101), task(cpu_s=main_s))
    found = idle(facts=observed(line(), python_threads=2), thread_samples=at_work)
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "interpreter-bound")
    assert suspicion.evidence.startswith(told)
    assert ("pool of one" in suspicion.remedy) == told.startswith("one")


def test_an_idle_worker_of_a_pool_is_not_the_hottest_line() -> None:
    waiting = line("work_item = work_queue.get(block=True)", file="/usr/lib/python3.11/concurrent/futures/thread.py")
    found = idle(facts=observed(waiting, line("total += 1"), python_threads=2, late_s=0.5))
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "interpreter-bound")
    assert "most in work.py:7 (total += 1)" in suspicion.evidence


@pytest.mark.parametrize(
    ("part", "other", "large"),
    [
        ((2000, 2000), (2000,), [(4000, 2000), (2000,)]),
        ((2000, 2000), (2000, 1), [(4000, 2000), (4000, 1)]),
        ((2_000_000, 8), (8,), [(2_000_000, 8), (8,)]),
        ((600, 1000), (600, 1000), [(1_200_000,), (1_200_000,)]),
    ],
    ids=["a row", "a column", "no more than fits", "no broadcast"],
)
def test_the_memory_trial_keeps_what_broadcasts(
    part: tuple[int, ...], other: tuple[int, ...], large: list[tuple[int, ...]]
) -> None:
    facts = observed(line("part += row", "elementwise", operand(part), operand(other)), python_threads=2)
    (suspicion,) = (
        one for one in catalogue.ranked_suspicions(idle(1.9, 1.1, facts=facts)) if one.key == "memory-bound"
    )
    replay = suspicion.trials[0].replay

    assert replay
    assert [tuple(one["shape"]) for one in replay.original["operands"]] == large


@pytest.mark.parametrize(
    ("limits", "told"),
    [(Limits(min_speedup=1.5), True), (Limits(min_cores=1.5), False), (Limits(min_speedup=1.5, min_cores=1.5), False)],
)
def test_a_miss_may_be_of_what_cores_gain_alone(limits: Limits, told: bool) -> None:
    assert idle(limits=limits).only_gain_missed is told


@pytest.mark.parametrize(("rows", "can_refute"), [(80, False), (300, True)])
def test_a_product_too_small_to_be_divided_refutes_nothing_of_its_type(rows: int, can_refute: bool) -> None:
    """80 x 80 of objects: as floats it stays on one thread, too, and takes a hundredth of the time."""
    objects = operand([rows, rows], "object")
    found = idle(facts=observed(line("a @ b", "matmul", objects, objects)))
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "non-blas-dtype")
    assert suspicion.trials[0].can_refute is can_refute


@pytest.mark.parametrize(("libraries", "told"), [(["openblas"], False), (["openblas", "openmp"], True), ([], True)])
def test_a_fork_after_openblas_alone_is_told_with_a_proof_only(libraries: list[str], told: bool) -> None:
    found = forked(after_pool=True)
    found = replace(found, facts={**found.facts, "libraries": [library(kind) for kind in libraries]})
    (suspicion,) = (one for one in catalogue.ranked_suspicions(found) if one.key == "after-fork")
    assert suspicion.told_unproven is told


@pytest.mark.parametrize(
    ("quota", "told"),
    [(1.5, "1.20x on 1.5 times the cores, as if 50%"), (2.0, "1.20x on 2 times the cores, as if 67%")],
)
def test_parts_of_a_core_that_a_quota_grants_count_for_amdahls_law_and_prove_nothing(quota: float, told: str) -> None:
    machine = Machine(4, (0, 1, 2, 3), quota, 4, "a processor", "Linux")
    row = made(0.1, 1.22, cores_online=4, control=look(2)), made(0.12, 1.0, threads=1, cores_online=4, control=look(1))
    two, one = (replace(round_, cores_open=quota, cores_granted=quota, cores_in_reach=4) for round_ in row)
    found = serial_fraction(evidence([(two, one)] * COUNT, machine, limits=Limits(min_speedup=1.45)))
    assert found
    assert found.evidence.startswith(told)
    assert found.conclusive is (quota == 2.0)
