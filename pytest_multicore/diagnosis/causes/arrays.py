"""Causes in operations on arrays: types, order in memory, batches, elements, memory. Told by the hottest lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.diagnosis.evidence import MORE_THAN_ONE, MUCH, Evidence
from pytest_multicore.diagnosis.suspicions import Effect, Replay, Suspicion, Trial

from .lines import Operand, made, place
from .work import ASSUMED_THRESHOLD, OPENMP

BLAS_TYPES = ("float32", "float64", "complex64", "complex128")
PRODUCTS = ("matmul", "einsum")
#: Bytes that hardly any core's own cache holds.
LARGE_BYTES = 4_000_000
#: Elements of an operand that a trial makes for each thread, at most.
MOST_ELEMENTS = 8_000_000
#: Elements that are in a core's own cache, three arrays of doubles of them; and how often a trial takes them.
RESIDENT_ELEMENTS = 16_000
MANY = 2_000


def non_blas_dtype(found: Evidence) -> Suspicion | None:
    """A product of a type that no BLAS knows."""
    line = _product(found, lambda operands: any(one["dtype"] not in BLAS_TYPES for one in operands))
    if not (found.underused and line):
        return None
    operands = line["operands"]
    types = ", ".join(dict.fromkeys(one["dtype"] for one in operands if one["dtype"] not in BLAS_TYPES))
    as_floats = [made(one["shape"], "float64") for one in operands]
    return Suspicion(
        "non-blas-dtype",
        0.9 * min(1.0, line["share"] + 0.2),
        f"{place(line)}: operands of type {types}, which no BLAS multiplies: NumPy's own loop does, on one thread",
        "convert before the product: a.astype(float)",
        [_replayed("the same product of float64", Effect.MORE_CORES, line, as_floats)],
    )


def strided_operand(found: Evidence) -> Suspicion | None:
    """A product of operands that no BLAS can read where they lie."""
    line = _product(found, lambda operands: not all(_readable(one) for one in operands))
    if not (found.underused and line) or any(one["dtype"] not in BLAS_TYPES for one in line["operands"]):
        return None
    worst = next(one for one in line["operands"] if not _readable(one))
    contiguous = [made(one["shape"], one["dtype"]) for one in line["operands"]]
    # While one thread copies, those of the pool can spin: then cores tell nothing, the time does.
    spinning = found.comparable and found.cores > MORE_THAN_ONE
    effect = Effect.SCALES if spinning else Effect.MORE_CORES
    return Suspicion(
        "strided-operand",
        0.88 * min(1.0, line["share"] + 0.2),
        f"{place(line)}: {worst['name']} has strides {tuple(worst['strides'])} for elements of {worst['itemsize']} "
        "bytes, none of them next to another",
        f"numpy.ascontiguousarray({worst['name']}) outside of the loop; newer NumPy copies by itself",
        [_replayed("the same product of contiguous copies", effect, line, contiguous)],
    )


def batched_one_by_one(found: Evidence) -> Suspicion | None:
    """Stacked small products, which NumPy hands to the BLAS one at a time, or loops over itself."""
    line = _product(found, lambda operands: any(len(one["shape"]) > 2 for one in operands))
    if not (found.underused and line):
        return None
    stacked = next(one for one in line["operands"] if len(one["shape"]) > 2)
    if line["operation"] == "matmul":
        if math.prod(stacked["shape"][-2:]) > ASSUMED_THRESHOLD:
            return None
        what = f"{math.prod(stacked['shape'][:-2])} products of {' x '.join(map(str, stacked['shape'][-2:]))}"
    else:
        what = "an einsum without optimize, which is a loop of its own"
    operands = [_compact(one) for one in line["operands"]]
    changed = {**_operation(line, operands), "variant": "one product"}
    return Suspicion(
        "batched-one-by-one",
        0.86 * min(1.0, line["share"] + 0.2),
        f"{place(line)}: {what}, one after the other on one thread",
        "reshape to one 2-D product, or numpy.tensordot; numpy.einsum(..., optimize=True)",
        [Trial("one 2-D product", Effect.MORE_CORES, replay=Replay(_operation(line, operands), changed))],
    )


def elementwise_serial(found: Evidence) -> Suspicion | None:
    """Element by element, which NumPy never threads and Theano only when told."""
    if not found.underused:
        return None
    for name in ("theano", "pytensor"):
        config = found.facts.get(name)
        if config and not config.get("openmp"):
            in_blas_s = sum(call.seconds for call in found.calls or ())
            return Suspicion(
                "elementwise-serial",
                0.7 if found.calls is not None and in_blas_s < MUCH * found.wall_s else 0.3,
                f"{name}.config.openmp is False: elementwise nodes stay on one thread; "
                f"{in_blas_s / found.wall_s:.0%} of the time is in BLAS products",
                "openmp=True with a small openmp_elemwise_minsize, or larger tensors",
                [OPENMP],
            )
    line = _hottest(found, "elementwise", "reduction")
    if line is None or found.share("elementwise", "reduction") < MUCH or not _large(line, RESIDENT_ELEMENTS):
        return None
    if not found.idle and found.looked("python_threads") > 1:  # threads of the program share them already
        return None
    operands = [_compact(one) for one in line["operands"]]
    split = {**_operation(line, operands), "variant": "split", "parts": int(found.wanted)}
    return Suspicion(
        "elementwise-serial",
        0.8 * found.share("elementwise", "reduction"),
        f"{found.share('elementwise', 'reduction'):.0%} of the samples are in operations on elements, which NumPy does "
        f"not thread; most in {place(line)}",
        "numexpr or numba(parallel=True), or parts of the arrays in threads: such operations release the lock",
        [
            Trial(
                f"the operation alone, in {found.wanted:.0f} parts on as many threads",
                Effect.MORE_CORES,
                replay=Replay(_operation(line, operands), split),
            )
        ],
    )


def memory_bound(found: Evidence) -> Suspicion | None:
    """Cores are busy and wait for memory."""
    line = _hottest(found, "elementwise", "copy", "reduction")
    if not found.too_little or found.idle or line is None or found.share("elementwise", "copy", "reduction") < MUCH:
        return None
    if found.looked("python_threads") < 2:  # NumPy threads no such operation: whoever keeps the cores busy is another
        return None
    moved = sum(math.prod(one["shape"]) * one["itemsize"] for one in line["operands"])
    if moved < LARGE_BYTES:
        return None
    few = [made((RESIDENT_ELEMENTS,), one["dtype"]) for one in line["operands"]]
    name = "positive" if line["operation"] == "copy" else line.get("function_called")
    resident = {"operation": name, "operands": few, "variant": "resident", "repeats": MANY}
    # One thread's operands were seen: all threads have as many times as much.
    elements = [min(math.prod(one["shape"]), MOST_ELEMENTS) * int(found.wanted) for one in line["operands"]]
    large = [made((many,), one["dtype"]) for many, one in zip(elements, line["operands"], strict=True)]
    original = {"operation": name, "operands": large, "variant": "split"}
    return Suspicion(
        "memory-bound",
        0.75,
        f"{found.cores:.2f} cores busy at {place(line)}, which moves {moved / 1e6:.0f} MB for an operation an element",
        "block the loops so that data stay in a cache, fuse operations (numexpr, numba), or use smaller types",
        [
            Trial(
                "the operation alone, on elements that a cache holds",
                Effect.SCALES,
                replay=Replay(original, resident),
            )
        ]
        if found.comparable
        else [],
    )


def _product(found: Evidence, wrong: Any) -> Mapping[str, Any] | None:
    """The hottest line with a product whose operands are known and wrong in a way."""
    return next(
        (
            line
            for line in found.lines
            if line.get("operation") in PRODUCTS
            and line["share"] >= MUCH
            and len(line["operands"]) > 1
            and _numpys(line)
            and wrong(line["operands"])
        ),
        None,
    )


def _hottest(found: Evidence, *operations: str) -> Mapping[str, Any] | None:
    of_these = (line for line in found.lines if line.get("operation") in operations and line["operands"])
    return next(filter(_numpys, of_these), None)


def _numpys(line: Mapping[str, Any]) -> bool:
    """Whether all operands are NumPy's, and tell where they lie: another package's are threaded otherwise."""
    return all(one["type"].startswith("numpy.") and one["strides"] is not None for one in line["operands"])


def _readable(operand: Operand) -> bool:
    """Whether a BLAS can read a matrix where it lies: elements of a row, or of a column, next to each other."""
    if len(operand["shape"]) < 2:
        return True
    last = [abs(stride) for stride in operand["strides"][-2:]]
    return operand["itemsize"] in last or 1 in operand["shape"][-2:]


def _large(line: Mapping[str, Any], elements: int) -> bool:
    return any(math.prod(one["shape"]) >= elements for one in line["operands"])


def _compact(operand: Operand) -> dict[str, Any]:
    return {"shape": list(operand["shape"]), "dtype": operand["dtype"], "strides": list(operand["strides"])}


def _operation(line: Mapping[str, Any], operands: Sequence[Operand]) -> dict[str, Any]:
    name = line.get("function_called") or line["operation"]
    return {"operation": name, "operands": list(operands), "subscripts": line.get("subscripts")}


def _replayed(knob: str, effect: Effect, line: Mapping[str, Any], changed: Sequence[Operand]) -> Trial:
    original = _operation(line, [_compact(one) for one in line["operands"]])
    return Trial(knob, effect, replay=Replay(original, {**original, "operands": list(changed)}))


DETECTORS = (non_blas_dtype, strided_operand, batched_one_by_one, elementwise_serial, memory_bound)
