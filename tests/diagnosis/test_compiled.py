"""Compiled code on one thread, and Python loops: what is said of them, on literal evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_multicore.diagnosis.causes import catalogue
from pytest_multicore.diagnosis.causes.known_functions import KNOWN_FUNCTIONS, known
from pytest_multicore.diagnosis.causes.thread_pools import was_blas_called
from pytest_multicore.diagnosis.evidence import BlasCalls, Evidence
from pytest_multicore.diagnosis.suspicions import Suspicion

from .literals import idle, library, line, observed, seen, task
from .suffering import calling, elementwise, keys, python_threads, stacks, stepping


def suspicion(found: Evidence, key: str = "serial-native") -> Suspicion:
    (one,) = (one for one in catalogue.ranked_suspicions(found) if one.key == key)
    return one


def first(found: Evidence) -> Suspicion:
    return catalogue.ranked_suspicions(found)[0]


def hashing(held: float = 0.05, thread: str = "MainThread", threads: int = 1) -> Evidence:
    facts = observed(line("digest(block)", called="_hashlib.openssl_sha256"), python_threads=threads)
    return idle(facts=facts, native=stacks(0.97, "libcrypto.so.3", held=held, thread=thread))


def test_the_function_its_library_the_line_and_the_lock_are_told() -> None:
    text = suspicion(hashing()).evidence

    assert "97% of the looks at native stacks are in libcrypto.so.3, most in outer > inner of libcrypto.so.3" in text
    assert "by _hashlib.openssl_sha256 at work.py:7 (digest(block))" in text
    assert "lets go of the interpreter's lock (held at 5% of the looks)" in text


def test_stacks_in_a_library_without_a_name_say_less_than_a_named_one() -> None:
    unnamed = suspicion(replace(hashing(), native=stacks(0.97, "?", held=0.05)))

    assert "97% of the looks at native stacks are in a library that py-spy cannot name, by _hashlib" in unnamed.evidence
    assert unnamed.strength < 0.4 < suspicion(hashing()).strength


def test_a_native_stack_refutes_that_the_interpreter_is_what_binds() -> None:
    assert "interpreter-bound" not in keys(hashing())
    assert "interpreter-bound" not in keys(replace(python_threads(0.5), native=stacks(0.97, held=0.9)))


def test_compiled_code_that_holds_the_lock_gains_from_processes() -> None:
    found = suspicion(hashing(held=0.9, threads=2))

    assert "holds the interpreter's lock" in found.evidence
    assert [trial.knob for trial in found.trials] == ["processes in place of threads"]


def test_a_pool_of_one_is_tried_on_the_main_thread() -> None:
    """Blosc in numcodecs has threads there only."""
    found = suspicion(hashing(thread="ThreadPoolExecutor-#_#"))

    assert "ThreadPoolExecutor-#_#, not the main thread" in found.evidence
    assert [trial.change.agent_changes for trial in found.trials] == [("main-thread",)]
    assert suspicion(hashing()).trials == []


def test_a_product_of_a_blas_is_left_to_who_knows_more_of_it() -> None:
    blas = {"libraries": [library("openblas")]}
    found = idle(facts={**observed(line()), **blas}, native=stacks(1.0, "numpy.libs/libopenblas.so"))

    assert suspicion(found).strength < suspicion(idle(facts=observed(line()), native=stacks(1.0))).strength


def test_elementwise_work_stays_the_first_where_its_line_is_known() -> None:
    found = replace(elementwise(1.0), native=stacks(1.0, "numpy/_core/_multiarray_umath.so"))

    assert keys(found) == ["elementwise-serial", "serial-native"]


def test_without_native_stacks_the_lines_are_told_with_the_reason() -> None:
    text = suspicion(calling(1.0)).evidence

    assert "package.work" in text
    assert "by the lines alone, without native stacks: py-spy is not installed" in text
    assert "interpreter-bound" not in keys(calling(1.0))


@pytest.mark.parametrize(("main_s", "told"), [(0.56, True), (0.54, False)])
def test_python_that_keeps_a_busy_pool_waiting_is_told_from_more_than_a_core_on(main_s: float, told: bool) -> None:
    at_work = seen(task(cpu_s=main_s), task(101))
    found = idle(1.5, facts=observed(line()), native=stacks(0.1), thread_samples=at_work)

    assert ("interpreter-bound" in keys(found)) is told


@pytest.mark.parametrize(
    ("file", "calls", "called"),
    [
        ("numpy.libs/libscipy_openblas64_.so", (), True),
        ("libwork.so", (), False),
        ("libwork.so", None, None),
        ("libwork.so", (BlasCalls("dgemm", 9, 9, 9, 1, 0.01),), True),
    ],
    ids=["by its stacks", "not at all", "not recorded", "recorded"],
)
def test_a_blas_was_called_by_what_is_seen_of_it(
    file: str, calls: tuple[BlasCalls, ...] | None, called: bool | None
) -> None:
    """LAPACK's functions call it from within the library, where nothing is recorded."""
    assert was_blas_called(idle(facts=observed(line()), native=stacks(1.0, file), calls=calls)) is called
    assert was_blas_called(idle(facts=observed(line()), calls=())) is None, "nobody looked at its stacks"


def test_steps_are_told_by_their_number_and_the_line_that_dispatches_them() -> None:
    found = stepping(0.0005)

    assert keys(found)[0] == "small-steps"
    assert "jax: 2,000 steps a second, 500 us each, from work.py:7 (weights = step(weights" in first(found).evidence
    assert first(found).trials == []


def test_larger_steps_are_tried_where_the_workload_takes_them() -> None:
    found = stepping(0.0005)
    asked = replace(found, result=replace(found.result, arguments={"batch_size": 32, "samples": 1000}))

    assert [trial.change.arguments for trial in first(asked).trials] == [{"batch_size": 2048}]


@pytest.mark.parametrize(
    ("path", "names", "remedy"),
    [
        ("numpy/_core/_multiarray_umath.so", "numpy.ndarray.sort array_sort", "sort parts and merge them"),
        ("numpy/fft/_pocketfft_umath.so", "", "scipy.fft with workers"),
        ("scipy/fft/_pocketfft/pypocketfft.so", "", "workers=N"),
        ("sklearn/tree/_tree.so", "", "n_jobs=N of a forest"),
        ("sklearn/ensemble/_hist_gradient_boosting/histogram.so", "", "OMP_NUM_THREADS=N"),
        ("sklearn/neighbors/_ball_tree.so", "", "n_jobs=N of the estimator"),
        ("sklearn/svm/_libsvm.so", "", "GridSearchCV"),
        ("tokenizers/tokenizers.so", "tokenizers.Tokenizer.encode", "encode_batch"),
        ("blosc.c", "numcodecs.blosc.Blosc.encode encode", "main thread"),
        ("pyarrow/libarrow_compute.so.2600", "", "slices of the array"),
        ("libcrypto.so.3", "_hashlib.openssl_sha256", "2,047 bytes"),
        ("", "scipy.spatial._ckdtree.cKDTree.query", "workers=-1"),
        ("libscipy_openblas64_-32a4b2a6.so", "numpy._core._multiarray_umath.correlate dot", "a part of the data"),
        ("libscipy_openblas64_-32a4b2a6.so", "scipy_dlartg_64_", "larger matrices"),
    ],
)
def test_a_known_function_has_a_remedy_of_its_own(path: str, names: str, remedy: str) -> None:
    row = known(path, names)

    assert row is not None
    assert remedy in row.remedy


def test_a_function_that_nobody_knows_has_none() -> None:
    assert known("libwork.so", "work") is None
    assert all(row.remedy and row.what and row.source and (row.library or row.function) for row in KNOWN_FUNCTIONS)
    assert [
        row.what for row in KNOWN_FUNCTIONS if "where it has one" in row.remedy or "where the estimator" in row.remedy
    ] == []


def test_a_function_that_holds_the_lock_is_not_advised_to_be_threaded() -> None:
    assert "ThreadPoolExecutor" in suspicion(hashing()).remedy
    remedy = suspicion(hashing(held=0.9)).remedy
    assert "ThreadPoolExecutor" not in remedy
    assert "several processes" in remedy


def beside_workers(own_s: float, workers_s: float) -> Evidence:
    """Two Python threads in turns, and two processes that they hand tasks to."""
    others = (task(200, 200, workers_s / 2), task(300, 300, workers_s / 2))
    return replace(python_threads(0.5), thread_samples=seen(task(cpu_s=own_s), *others))


def test_who_hands_tasks_to_processes_is_not_advised_to_use_processes() -> None:
    found = suspicion(beside_workers(0.6, 0.4), "interpreter-bound")
    assert "60% of the CPU time is the process's that hands tasks to others" in found.evidence
    assert found.remedy.startswith("fewer and larger tasks (chunksize=N)")
    assert found.trials == ()


def test_where_other_processes_do_the_work_what_this_one_does_explains_nothing() -> None:
    found = beside_workers(0.4, 0.6)
    assert "interpreter-bound" not in keys(found)
    assert "serial-native" not in keys(replace(found, native=stacks(1.0)))
