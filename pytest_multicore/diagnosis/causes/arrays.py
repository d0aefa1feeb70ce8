"""Causes in operations on arrays, found by the hottest lines: types, order in memory, batches, elements, memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_multicore.diagnosis.evidence import MAX_CORES_OF_ONE_THREAD, MIN_TIME_SHARE, Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Replay, Suspicion, Trial

from .lines import (
    Line,
    Operand,
    contiguous_operand,
    hottest_line,
    hottest_product,
    location,
    replay_arguments,
    replay_trial,
    same_operand,
    size,
    stacked_product,
)
from .work import OPENBLAS_THRESHOLD, OPENMP_TRIAL, TRIAL_SIZE_RATIO

BLAS_TYPES = ("float32", "float64", "complex64", "complex128")
ELEMENT_OPERATIONS = ("elementwise", "reduction")
MEMORY_OPERATIONS = ("elementwise", "copy", "reduction")
#: Bytes that hardly any core's own cache holds.
MIN_MEMORY_BYTES = 4_000_000
#: Elements of an operand that a trial makes for each thread.
MAX_TRIAL_ELEMENTS = 8_000_000
#: Elements of which a core's own cache holds three arrays of doubles, and how often a trial repeats them.
CACHE_ELEMENTS, CACHE_REPEATS = 16_000, 2_000


def non_blas_dtype(evidence: Evidence) -> Suspicion | None:
    """A product of a type that no BLAS multiplies."""
    line = hottest_product(evidence, lambda operands: not all(_has_blas_type(operand) for operand in operands))
    if not (evidence.lacks_useful_cores and line):
        return None
    operands = line["operands"]
    types = ", ".join(dict.fromkeys(operand["dtype"] for operand in operands if not _has_blas_type(operand)))
    as_floats = [contiguous_operand(operand["shape"], "float64") for operand in operands]
    return Suspicion(
        key="non-blas-dtype",
        strength=_strength(0.9, line),
        evidence=f"{location(line)}: operands of type {types}, which no BLAS multiplies: NumPy's own loop does, on one "
        "thread",
        remedy="convert before the product: a.astype(float)",
        trials=[_product_trial("the same product of float64", Effect.MORE_CORES, line, as_floats)],
    )


def strided_operand(evidence: Evidence) -> Suspicion | None:
    """A product of operands with strides that no BLAS can read."""
    line = hottest_product(evidence, lambda operands: not all(_has_blas_strides(operand) for operand in operands))
    if not (evidence.lacks_useful_cores and line) or not all(map(_has_blas_type, line["operands"])):
        return None
    strided = next(operand for operand in line["operands"] if not _has_blas_strides(operand))
    contiguous = [contiguous_operand(operand["shape"], operand["dtype"]) for operand in line["operands"]]
    # While one thread copies, those of the pool may spin: then the time shows a difference, and busy cores do not.
    spinning = evidence.has_comparison and evidence.busy_cores > MAX_CORES_OF_ONE_THREAD
    effect = Effect.SCALES if spinning else Effect.MORE_CORES
    return Suspicion(
        key="strided-operand",
        strength=_strength(0.88, line),
        evidence=f"{location(line)}: {strided['name']} has strides {tuple(strided['strides'])} for elements of "
        f"{strided['itemsize']} bytes, none of them next to another",
        remedy=f"numpy.ascontiguousarray({strided['name']}) outside of the loop; newer NumPy copies by itself",
        trials=[_product_trial("the same product of contiguous copies", effect, line, contiguous)],
    )


def _product_trial(knob: str, effect: Effect, line: Line, changed: Sequence[Operand]) -> Trial:
    """A product that a BLAS can take; one that it may find too small to divide refutes nothing."""
    multiply_adds = math.prod(changed[0]["shape"]) * (changed[1]["shape"][-1] if len(changed[1]["shape"]) > 1 else 1)
    divided = multiply_adds >= TRIAL_SIZE_RATIO * OPENBLAS_THRESHOLD
    return replace(replay_trial(knob, effect, line, changed), can_refute=divided)


def batched_one_by_one(evidence: Evidence) -> Suspicion | None:
    """Stacked small products, which NumPy passes to the BLAS one at a time, or loops over itself."""
    line = stacked_product(evidence)
    if not (evidence.lacks_useful_cores and line):
        return None
    if line["operation"] == "matmul":
        shape = next(operand["shape"] for operand in line["operands"] if len(operand["shape"]) > 2)
        if math.prod(shape[-2:]) > OPENBLAS_THRESHOLD:
            return None
        loop = f"{math.prod(shape[:-2])} products of {' x '.join(map(str, shape[-2:]))}"
    else:
        loop = "an einsum without optimize, which is a loop of its own"
    original = replay_arguments(line, [same_operand(operand) for operand in line["operands"]])
    one_product = Replay(original, {**original, "variant": "one product"})
    return Suspicion(
        key="batched-one-by-one",
        strength=_strength(0.86, line),
        evidence=f"{location(line)}: {loop}, one after the other on one thread",
        remedy="reshape to one 2-D product, or numpy.tensordot; numpy.einsum(..., optimize=True)",
        trials=[Trial("one 2-D product", Effect.MORE_CORES, replay=one_product)],
    )


def elementwise_serial(evidence: Evidence) -> Suspicion | None:
    """Elementwise operations, which NumPy never threads, and Theano only with openmp=True."""
    if not evidence.lacks_useful_cores:
        return None
    for name in ("theano", "pytensor"):
        config = evidence.facts.get(name)
        if config and not config.get("openmp"):
            return _openmp_is_off(evidence, name)
    share = evidence.operation_share(*ELEMENT_OPERATIONS)
    line = hottest_line(evidence, *ELEMENT_OPERATIONS) or _unread_line(evidence)
    if line is None or share < MIN_TIME_SHARE:
        return None
    if line["operands"] and max(map(size, line["operands"])) < CACHE_ELEMENTS:
        return None
    if not evidence.has_idle_cores and evidence.observed_figure("python_threads") > 1:
        return None  # the program's own threads divide them already
    return Suspicion(
        key="elementwise-serial",
        strength=(0.8 if line["operands"] else 0.7) * share,
        evidence=f"{share:.0%} of the samples are in operations on elements, which NumPy does not thread; most in "
        f"{location(line)}",
        remedy="numexpr or numba(parallel=True), or parts of the arrays in threads: such operations release the lock",
        share_of_loss=evidence.share_of_loss(share),
        trials=[_split_trial(line, int(evidence.usable_cores))] if line["operands"] else [],
    )


def _unread_line(evidence: Evidence) -> Line | None:
    """The hottest line with a ufunc whose operands no look can know, like those that a call returns."""
    lines = (line for line in evidence.lines if line.get("operation") in ELEMENT_OPERATIONS)
    return next((line for line in lines if not line["operands"] and line["share"] >= MIN_TIME_SHARE), None)


def _split_trial(line: Line, parts: int) -> Trial:
    original = replay_arguments(line, [same_operand(operand) for operand in line["operands"]])
    split = Replay(original, {**original, "variant": "split", "parts": parts})
    return Trial(f"the operation alone, in {parts} parts on as many threads", Effect.MORE_CORES, replay=split)


def _openmp_is_off(evidence: Evidence, framework: str) -> Suspicion:
    linker = _linker_without_threads(evidence, framework)
    blas_s = sum(call.seconds for call in evidence.calls or ())
    outside_of_blas = evidence.calls is not None and blas_s < MIN_TIME_SHARE * evidence.wall_s
    return Suspicion(
        key="elementwise-serial",
        strength=0.7 if outside_of_blas else 0.3,
        evidence=(
            f"PyTensor's linker {linker} compiles elementwise nodes for one thread, whatever openmp says; "
            if linker
            else f"{framework}.config.openmp is False: elementwise nodes stay on one thread; "
        )
        + f"{blas_s / evidence.wall_s:.0%} of the time is in BLAS products",
        remedy="linker=cvm with openmp=True and a small openmp_elemwise_minsize, or larger tensors"
        if linker
        else "openmp=True with a small openmp_elemwise_minsize, or larger tensors",
        trials=[_cvm_trial() if linker else OPENMP_TRIAL],
    )


def _linker_without_threads(evidence: Evidence, framework: str) -> str:
    """The name of PyTensor's linker, where that is Numba's: from PyTensor 3 on by default. It ignores openmp."""
    linker = str((evidence.facts.get(framework) or {}).get("linker") or "")
    version = str(evidence.facts.get("frameworks", {}).get(framework) or "0")
    by_default = framework == "pytensor" and version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 3
    return linker if linker.startswith("numba") or (by_default and linker in ("auto", "")) else ""


def _cvm_trial() -> Trial:
    flags = {"linker": "cvm", **OPENMP_TRIAL.change.theano_flags}
    return replace(OPENMP_TRIAL, knob=f"linker=cvm, {OPENMP_TRIAL.knob}", change=Change(theano_flags=flags))


def memory_bound(evidence: Evidence) -> Suspicion | None:
    """Cores are busy and wait for memory."""
    line = hottest_line(evidence, *MEMORY_OPERATIONS)
    if not evidence.minimum_missed or evidence.has_idle_cores or line is None:
        return None
    if evidence.operation_share(*MEMORY_OPERATIONS) < MIN_TIME_SHARE:
        return None
    if evidence.observed_figure("python_threads") < 2:  # NumPy does not thread these: something else is busy
        return None
    moved = sum(size(operand) * operand["itemsize"] for operand in line["operands"])
    if moved < MIN_MEMORY_BYTES:
        return None
    return Suspicion(
        key="memory-bound",
        strength=0.75,
        evidence=f"{evidence.busy_cores:.2f} cores busy at {location(line)}, which moves {moved / 1e6:.0f} MB for an "
        "operation an element",
        remedy="block the loops so that data stay in a cache, fuse operations (numexpr, numba), or use smaller types",
        trials=[_cache_trial(line, int(evidence.usable_cores))] if evidence.has_comparison else [],
    )


def _cache_trial(line: Line, threads: int) -> Trial:
    """The operation on large arrays against the same on arrays that a cache holds."""
    operands = line["operands"]
    name = "positive" if line["operation"] == "copy" else line.get("function_called")
    shapes = _shapes_of_all_threads([operand["shape"] for operand in operands], threads)
    large = [contiguous_operand(shape, operand["dtype"]) for shape, operand in zip(shapes, operands, strict=True)]
    small = [contiguous_operand((CACHE_ELEMENTS,), operand["dtype"]) for operand in operands]
    original: dict[str, Any] = {"operation": name, "operands": large, "variant": "split"}
    resident = {"operation": name, "operands": small, "variant": "resident", "repeats": CACHE_REPEATS}
    knob = "the operation alone, on elements that a cache holds"
    return Trial(knob, Effect.SCALES, replay=Replay(original, resident))


def _shapes_of_all_threads(shapes: Sequence[Sequence[int]], threads: int) -> list[tuple[int, ...]]:
    """The operands were those of one thread: all threads together have as many times more.

    What broadcasts along the result's first axis stays as it is: each thread has the same.
    """
    if len({math.prod(shape) for shape in shapes}) == 1:
        return [(min(math.prod(shape), MAX_TRIAL_ELEMENTS) * threads,) for shape in shapes]
    axes = max(map(len, shapes))
    rows = max(shape[0] for shape in shapes if len(shape) == axes)
    row_elements = math.prod(max(shape[-axis] for shape in shapes if len(shape) >= axis) for axis in range(1, axes))
    many_rows = min(rows, max(1, MAX_TRIAL_ELEMENTS // row_elements)) * threads
    return [(many_rows, *shape[1:]) if len(shape) == axes and shape[0] == rows else tuple(shape) for shape in shapes]


def _strength(certain: float, line: Line) -> float:
    """The strength of a suspicion that is certain where nearly all of the time is on its line."""
    return float(certain * min(1.0, line["share"] + 0.2))


def _has_blas_type(operand: Operand) -> bool:
    return operand["dtype"] in BLAS_TYPES


def _has_blas_strides(operand: Operand) -> bool:
    """Whether a BLAS can read a matrix where it lies: the elements of a row, or of a column, are adjacent."""
    if len(operand["shape"]) < 2:
        return True
    strides = [abs(stride) for stride in operand["strides"][-2:]]
    return operand["itemsize"] in strides or 1 in operand["shape"][-2:]


DETECTORS = (non_blas_dtype, strided_operand, batched_one_by_one, elementwise_serial, memory_bound)
