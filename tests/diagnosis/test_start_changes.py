"""What changes since an interpreter's start are told of, and in which words."""

from typing import Any

import pytest

from pytest_multicore.diagnosis.start_changes import lock_in_words, start_changes, warnings_of

OPENBLAS = "/lib/libopenblas.so"


def change(what: str, before: Any, after: Any, module: str | None = "ultra", **more: Any) -> dict[str, Any]:
    entry = {"module": module, "step": "set-up", "what": what, "path": None, "before": before, "after": after}
    return {**entry, **more}


def told(*entries: dict[str, Any], wants_few: bool = False, **users: str) -> list[str]:
    return list(warnings_of({"start_changes": entries}, 2, users, wants_few=wants_few))


LOADED = change("pool openblas", None, 2, "numpy", path=OPENBLAS)
ONE_THREAD = change("variable OMP_NUM_THREADS", "2", "1")


def test_an_import_that_sets_one_thread_before_the_library_is_told() -> None:
    assert told(ONE_THREAD, LOADED) == [
        "importing `ultra` set OMP_NUM_THREADS=1: programs that set nothing run on one core"
    ]


def test_after_the_library_only_what_starts_later_is_concerned() -> None:
    assert told(LOADED, ONE_THREAD) == [
        "importing `ultra` set OMP_NUM_THREADS=1: libraries and processes that start later run on one core"
    ]


@pytest.mark.parametrize(
    "harmless",
    [
        [LOADED],
        [change("variable OMP_NUM_THREADS", "2", "2", default="4")],
        [change("variable OMP_NUM_THREADS", None, "8")],
        [change("variable KMP_DUPLICATE_LIB_OK", None, "True", "sklearn")],
        [ONE_THREAD, change("variable OMP_NUM_THREADS", "1", "2")],
        [change("variable OMP_NUM_THREADS", "1", "2")],
        [change("affinity", [0], [0, 1])],
        [change("pool openblas", 1, 2, path=OPENBLAS)],
        [change("variable OMP_NUM_THREADS", "2", "two")],
        [change("gil", True, False)],
    ],
)
def test_what_leaves_no_fewer_cores_is_not_told(harmless: list[dict[str, Any]]) -> None:
    assert told(*harmless) == []


def test_a_default_is_told_unless_the_user_sets_the_variable() -> None:
    default = change("variable OMP_NUM_THREADS", "2", "2", default="1")
    assert told(default, OMP_NUM_THREADS="2") == []
    assert told(default, LOADED)[0].startswith("importing `ultra` sets OMP_NUM_THREADS=1 where it is unset: programs")


def test_a_step_of_the_test_is_named_where_no_import_did_it() -> None:
    lowered = change("pool openblas", 2, 1, None, step="fixture blas_left_at_one", path=OPENBLAS)
    (text,) = told(lowered)
    assert text.startswith("the fixture `blas_left_at_one` set the pool of openblas from 2 threads to 1: it stays so")
    assert told(lowered, wants_few=True) == []


def test_a_narrowed_affinity_and_the_lock_are_told() -> None:
    assert told(change("affinity", [0, 1], [0], "pinner"), change("gil", False, True)) == [
        "importing `pinner` narrowed the affinity from 2 CPUs to 1 CPU: what is started later runs on one core",
        "importing `ultra` switched the interpreter's lock on: its threads run one at a time from then on",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "effect"),
    [
        ("OMP_DYNAMIC", "TRUE", "libgomp takes as many threads as CPUs less the load"),
        ("OMP_WAIT_POLICY", "active", "idle OpenMP threads spin"),
        ("OMP_WAIT_POLICY", "PASSIVE", "OpenMP threads sleep as soon as they wait"),
        ("KMP_BLOCKTIME", "infinite", "idle threads of Intel's OpenMP spin"),
        ("KMP_BLOCKTIME", "0", "OpenMP threads sleep as soon as they wait"),
        ("GOMP_SPINCOUNT", "infinity", "idle OpenMP threads spin"),
        ("GOMP_SPINCOUNT", "0", "OpenMP threads sleep as soon as they wait"),
        ("OMP_PROC_BIND", "close", "OpenMP pins its threads"),
    ],
)
def test_a_setting_of_openmp_is_told_with_what_it_does(variable: str, value: str, effect: str) -> None:
    (text,) = told(change(f"variable {variable}", None, value))
    assert text.startswith(f"importing `ultra` set {variable}={value}: {effect}")


@pytest.mark.parametrize(
    "harmless",
    [
        change("variable OMP_DYNAMIC", None, "FALSE"),
        change("variable KMP_BLOCKTIME", None, "200"),
        change("variable GOMP_SPINCOUNT", None, "300000"),
        change("variable OMP_WAIT_POLICY", "PASSIVE", "passive"),
        change("variable OMP_WAIT_POLICY", "ACTIVE", None),
    ],
)
def test_a_setting_of_openmp_that_does_nothing_new_is_not_told(harmless: dict[str, Any]) -> None:
    assert told(harmless) == []


def test_a_change_in_two_steps_counts_from_its_first_state() -> None:
    steps = [change("affinity", [0, 1, 2], [0, 1], "first"), change("affinity", [0, 1], [0], "second")]
    (only,) = start_changes({"start_changes": steps})
    assert (only.module, only.before, only.after) == ("second", [0, 1, 2], [0])


def test_the_lock_of_a_free_threaded_python_is_put_in_words() -> None:
    free = {"free_threaded": True}
    assert lock_in_words({"free_threaded": False, "gil": True}) == ""
    assert lock_in_words({**free, "gil": False}).endswith("lock is off")
    assert lock_in_words({**free, "gil": True}).endswith("lock is on, from the start on")
    switched = {**free, "gil": True, "start_changes": [change("gil", False, True, "ext")]}
    assert lock_in_words(switched).endswith("lock is on, since importing `ext`")
