"""Limits that an import, a fixture or the test itself sets: their keys, who is named, and the trial that undoes it."""

from typing import Any

from pytest_multicore.diagnosis.causes.catalogue import ranked_suspicions
from pytest_multicore.diagnosis.causes.settings import is_set_by_program
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Suspicion
from tests.diagnosis.literals import idle, line, observed, task
from tests.diagnosis.literals import seen as threads_seen
from tests.diagnosis.suffering import stacks

OPENBLAS = "/lib/libopenblas.so"


def change(what: str, before: Any, after: Any, module: str | None = "ultra", step: str = "set-up") -> dict[str, Any]:
    path = OPENBLAS if what.startswith("pool") else None
    return {"module": module, "step": step, "what": what, "path": path, "before": before, "after": after}


def call(what: str, value: object, **told: Any) -> dict[str, Any]:
    where = {"file": "/site/ultra.py", "line": 3, "function": "<module>", "step": "set-up", "module": "ultra"}
    return {**where, "what": what, "value": value, "in_region": False, "count": 1, **told}


def seen(*changes: dict[str, Any], calls: tuple[dict[str, Any], ...] = (), **more: Any) -> Evidence:
    pools = {"opened": pools_of(1), "region": pools_of(1)}
    facts = {"start_changes": list(changes), "observed": {"pools": pools, "setters": list(calls)}}
    return idle(facts=facts, **more)


def pools_of(threads: int) -> list[dict[str, Any]]:
    return [{"api": "openblas", "path": OPENBLAS, "threads": threads, "dynamic": None}]


def of_key(key: str, evidence: Evidence) -> Suspicion | None:
    return next((one for one in ranked_suspicions(evidence) if one.key == key), None)


ONE_THREAD = change("variable OMP_NUM_THREADS", "2", "1")
SMALL_POOL = change("pool openblas", None, 1, "numpy")


def test_a_variable_set_before_the_library_is_the_first_suspicion_and_is_kept_from_being_set() -> None:
    first = ranked_suspicions(seen(ONE_THREAD, SMALL_POOL, calls=(call("variable OMP_NUM_THREADS", "1"),)))[0]
    assert first.key == "thread-limit"
    assert first.evidence.startswith("importing `ultra` set OMP_NUM_THREADS=1 at ultra.py:3 in <module>, before")
    assert first.trials[0].change.agent_changes == ("keep-variable OMP_NUM_THREADS",)


def test_the_file_of_a_package_is_told_with_the_packages_name() -> None:
    setting = call("variable OMP_NUM_THREADS", "1", file="/site/ultra/__init__.py")
    first = ranked_suspicions(seen(ONE_THREAD, SMALL_POOL, calls=(setting,)))[0]
    assert "set OMP_NUM_THREADS=1 at ultra/__init__.py:3 in <module>, before" in first.evidence


def test_several_variables_of_one_import_are_undone_together() -> None:
    other = change("variable OPENBLAS_NUM_THREADS", "2", "1")
    first = ranked_suspicions(seen(ONE_THREAD, other, SMALL_POOL))[0]
    assert first.trials[0].change.agent_changes == (
        "keep-variable OMP_NUM_THREADS",
        "keep-variable OPENBLAS_NUM_THREADS",
    )
    third = change("variable GOTO_NUM_THREADS", "2", "1")
    first = ranked_suspicions(seen(ONE_THREAD, other, third, SMALL_POOL))[0]
    names = "OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and GOTO_NUM_THREADS"
    assert first.trials[0].knob == f"importing `ultra` kept from setting {names}"
    assert first.remedy.startswith(f"leave {names} alone there, or set them to what")


def test_one_set_after_the_library_is_a_weak_suspicion() -> None:
    large = change("pool openblas", None, 2, "numpy")
    late = of_key("thread-limit", seen(large, ONE_THREAD))
    assert late is not None
    assert late.strength == 0.5


def test_a_librarys_own_variable_is_suspected_before_compiled_code_on_one_thread_and_cannot_be_raised_later() -> None:
    own = change("variable POLARS_MAX_THREADS", "2", "1")
    facts = {"start_changes": [own], **observed(line()), "frameworks": {"polars": "2"}}
    first = ranked_suspicions(idle(facts=facts, native=stacks(1.0, "_polars_runtime_32/_polars_runtime.so")))[0]
    assert first.key == "thread-limit"
    assert "threadpoolctl" not in first.remedy
    without = {"start_changes": [own], **observed(line())}
    assert ranked_suspicions(idle(facts=without, native=stacks(1.0)))[0].key == "serial-native"


def test_a_variable_that_was_set_back_limits_nothing() -> None:
    assert of_key("thread-limit", seen(ONE_THREAD, change("variable OMP_NUM_THREADS", "1", "2"), SMALL_POOL)) is None


def test_a_fixture_is_named_by_its_name() -> None:
    fixture = change("variable OPENBLAS_NUM_THREADS", "2", "1", None, "fixture a")
    assert ranked_suspicions(seen(fixture, SMALL_POOL))[0].evidence.startswith(
        "the fixture `a` set OPENBLAS_NUM_THREADS=1, before the library was loaded"
    )


def test_where_an_import_sets_it_again_unsetting_it_outside_keeps_it_unset() -> None:
    again = call("variable OMP_NUM_THREADS", "1")
    suspicion = of_key("thread-limit", seen(calls=(again,), variables_at_start={"OMP_NUM_THREADS": "1"}, threads=None))
    assert suspicion is not None
    assert "the import of `ultra` (ultra.py:3 in <module>) sets it again" in suspicion.evidence
    change_made = suspicion.trials[0].change
    assert (change_made.variables, change_made.agent_changes) == (
        {"OMP_NUM_THREADS": None},
        ("keep-variable OMP_NUM_THREADS",),
    )


def test_what_is_exported_and_set_again_beside_others_is_undone_with_them() -> None:
    """An import that sets three variables, one of which is exported with the same value: that one does not change."""
    again = call("variable OPENBLAS_NUM_THREADS", "1")
    start = {"OPENBLAS_NUM_THREADS": "1"}
    first = ranked_suspicions(seen(ONE_THREAD, SMALL_POOL, calls=(again,), variables_at_start=start, threads=None))[0]
    assert first.key == "thread-limit"
    assert "importing `ultra` set OMP_NUM_THREADS=1, before the library was loaded" in first.evidence
    assert "; and OPENBLAS_NUM_THREADS=1 in the environment" in first.evidence
    assert "the import of `ultra` (ultra.py:3 in <module>) sets it again" in first.evidence
    (trial,) = first.trials
    assert trial.change.variables == {"OPENBLAS_NUM_THREADS": None}
    assert set(trial.change.agent_changes) == {
        "keep-variable OMP_NUM_THREADS",
        "keep-variable OPENBLAS_NUM_THREADS",
    }


def test_where_nobody_sets_it_again_only_the_variable_is_unset() -> None:
    suspicion = of_key("thread-limit", seen(variables_at_start={"OMP_NUM_THREADS": "1"}, threads=None))
    assert suspicion is not None
    assert suspicion.trials[0].change.agent_changes == ()


def test_a_pool_left_low_by_an_earlier_step_is_limited_at_runtime_and_its_line_is_told() -> None:
    left = change("pool openblas", 2, 1, None, "fixture blas_left_at_one")
    lowering = call("pool openblas", 1, file="/tests/test_it.py", line=20, function="blas_left_at_one")
    first = ranked_suspicions(seen(left, calls=(lowering,)))[0]
    assert first.key == "limited-at-runtime"
    assert first.evidence == (
        "the fixture `blas_left_at_one` set the pool of openblas from 2 threads to 1 at test_it.py:20 in "
        "blas_left_at_one, and it is still so in the region"
    )
    assert first.trials[0].change.agent_changes == ("keep-limits",)


def test_a_pool_that_is_large_again_in_the_region_is_not() -> None:
    left = change("pool openblas", 2, 1, None, "fixture f")
    pools = {"opened": pools_of(2), "region": pools_of(2)}
    assert of_key("limited-at-runtime", idle(facts={"start_changes": [left], "observed": {"pools": pools}})) is None


def test_a_pool_that_only_its_setter_shows_is_told_by_the_last_call() -> None:
    torch = {"api": "torch", "path": "torch/__init__.py", "threads": 1, "dynamic": None}
    calls = [call("pool torch", 2), call("pool torch", 1, line=9)]
    facts = {"observed": {"pools": {"opened": [torch], "region": [torch]}, "setters": calls}}
    suspicion = of_key("limited-at-runtime", idle(facts=facts))
    assert suspicion is not None
    assert "at ultra.py:9 in <module>" in suspicion.evidence
    facts["observed"]["setters"] = calls[::-1]
    assert of_key("limited-at-runtime", idle(facts=facts)) is None


def test_a_modules_pool_is_raised_by_its_own_function_and_to_opencv_0_is_the_caller_alone() -> None:
    pool = {"api": "cv2", "path": "cv2/__init__.py", "threads": 1, "dynamic": None}
    facts = {"observed": {"pools": {"opened": [pool], "region": [pool]}, "setters": [call("pool cv2", 0)]}}
    suspicion = of_key("limited-at-runtime", idle(facts=facts))
    assert suspicion is not None
    assert "the pool of cv2 was set to 0 threads at ultra.py:3 in <module>" in suspicion.evidence
    assert "cv2.setNumThreads(N)" in suspicion.remedy
    assert "threadpool_limits" not in suspicion.remedy


def bound(*calls: dict[str, Any], imports: tuple[dict[str, Any], ...] = (), **start: str) -> Suspicion:
    """A program on one of two CPUs, in which OMP_PROC_BIND is set."""
    facts = {
        "affinity_at_start": [0, 1],
        "affinity": [0],
        "variables": {"OMP_PROC_BIND": "true"},
        "observed": {"setters": list(calls), "imports": list(imports)},
    }
    found = of_key("affinity-narrowed", idle(facts=facts, variables_at_start=start))
    assert found is not None
    return found


BY_RUNTIME = {"module": "lightgbm", "what": "affinity"}


def test_a_variable_that_an_import_set_binds_the_thread_that_loads_openmp() -> None:
    found = bound(call("variable OMP_PROC_BIND", "true"), imports=(BY_RUNTIME,))
    assert found.evidence.endswith("narrowed by OMP_PROC_BIND=true, set at ultra.py:3 in <module>")
    assert found.remedy == "unset OMP_PROC_BIND"
    assert found.trials[0].change.agent_changes == ("keep-variable OMP_PROC_BIND",)
    assert found.trials[0].change.variables == {}


def test_one_of_the_environment_is_unset_there() -> None:
    found = bound(imports=(BY_RUNTIME,), OMP_PROC_BIND="true")
    assert found.evidence.endswith("narrowed by OMP_PROC_BIND=true")
    assert (found.trials[0].change.variables, found.trials[0].change.agent_changes) == ({"OMP_PROC_BIND": None}, ())


def test_beside_such_a_variable_a_call_that_narrows_the_mask_is_the_one_that_is_named() -> None:
    found = bound(call("affinity", [0]), OMP_PROC_BIND="true")
    assert found.evidence.endswith("narrowed by the program at ultra.py:3 in <module>")
    assert [trial.change.agent_changes for trial in found.trials] == [("restore-affinity",)]


def two_threads_in_turns(**facts: Any) -> Evidence:
    looked_on = observed(line(), python_threads=2, late_s=0.7)
    return idle(facts={**looked_on, **facts}, thread_samples=threads_seen(task(R=0.5), task(101, R=0.5)))


def test_the_import_that_switched_the_lock_on_is_named_and_tried_without() -> None:
    switched = change("gil", False, True, "ext")
    suspicion = of_key(
        "interpreter-bound", two_threads_in_turns(free_threaded=True, gil=True, start_changes=[switched])
    )
    assert suspicion is not None
    assert "the interpreter's lock is on, since importing `ext`" in suspicion.evidence
    assert suspicion.remedy.startswith("a release of `ext` that runs without the lock, or PYTHON_GIL=0; ")
    assert suspicion.trials[0].change.variables == {"PYTHON_GIL": "0"}
    with_the_lock = of_key("interpreter-bound", two_threads_in_turns(free_threaded=False, gil=True))
    assert with_the_lock is not None
    assert all("PYTHON_GIL" not in trial.change.variables for trial in with_the_lock.trials)


def test_workers_of_dask_are_told_where_their_thread_comes_from() -> None:
    workers = threads_seen(task(200, 200), variables={200: {"OMP_NUM_THREADS": "1"}})
    of_dask = idle(thread_samples=workers, threads=None, facts={"frameworks": {"distributed": "2026.1"}})
    first = of_key("nested-limit", of_dask)
    assert first is not None
    assert "by the nanny of Dask" in first.evidence
    assert "distributed.nanny.pre-spawn-environ" in first.remedy
    of_others = of_key("nested-limit", idle(thread_samples=workers, threads=None))
    assert of_others is not None
    assert "Dask" not in of_others.evidence + of_others.remedy


def test_what_the_program_sets_is_known_however_it_came_to_that() -> None:
    """Exported, and set to the same again: no change, and yet it would undo a trial."""
    again = seen(calls=(call("variable OMP_NUM_THREADS", "1"),))

    assert is_set_by_program(again, "OMP_NUM_THREADS")
    assert is_set_by_program(seen(ONE_THREAD), "OMP_NUM_THREADS")
    assert not is_set_by_program(again, "OMP_DYNAMIC")
