"""Causes in the work itself: its size, its types, its order in memory, its serial part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_multicore.verdicts.statistics import Interval

from .evidence import Calls, Evidence
from .suspicions import Change, Effect, Replay, Suspicion, Trial

BLAS_TYPES = ("float32", "float64", "complex64", "complex128")
PRODUCTS = ("matmul", "einsum")
#: How far over the threshold a trial's work is put: far enough that the second thread pays.
CLEARLY_OVER = 32
#: Bytes that hardly any core's own cache holds.
LARGE_BYTES = 4_000_000
#: Elements that are in a core's own cache, three arrays of doubles of them.
RESIDENT_ELEMENTS = 20_000
#: Shares of the samples under which a line is not what the time goes to.
MOST, MUCH = 0.5, 0.3
#: The threshold of OpenBLAS, for where none could be probed: interface/gemm.c, GEMM_MULTITHREAD_THRESHOLD 4.
ASSUMED_THRESHOLD = 262_144

Operand = Mapping[str, Any]


def gemm_too_small(found: Evidence) -> Suspicion | None:
    """The products are under the size from which the BLAS uses its threads."""
    if not found.too_little or not found.calls or max(found.pools("opened"), default=2) < 2:
        return None
    threshold = found.threshold or ASSUMED_THRESHOLD
    products = [call for call in found.calls if call.work and call.routine.endswith("gemm")]
    small = [call for call in products if call.work <= threshold]
    if not small:
        return None
    share = sum(call.count for call in small) / sum(call.count for call in products)
    seconds = sum(call.seconds for call in products) or 1.0
    if share < MOST or sum(call.seconds for call in small) < MOST * seconds:
        return None
    worst = max(small, key=lambda call: call.seconds)
    probed = "probed here" if found.threshold else "assumed, not probed"
    return Suspicion(
        "gemm-too-small",
        0.8,
        f"{share:.0%} of {sum(call.count for call in products):.0f} BLAS products are too small to be split: "
        f"{worst.routine} of {worst.m} x {worst.n} x {worst.k} is {worst.work:,} multiply-adds, and the threshold is "
        f"{threshold:,} ({probed})",
        _larger(found),
        _larger_trials(found, worst, threshold),
    )


def _larger(found: Evidence) -> str:
    if found.target.startswith("builtin:fit"):
        return "a larger batch_size; or one thread, and several fits at a time"
    return "more rows in a call (batches, stacked operands), or thread the loop around it"


def _larger_trials(found: Evidence, worst: Calls, threshold: int) -> Sequence[Trial]:
    arguments, enough = found.result.arguments, CLEARLY_OVER * threshold
    if found.target.startswith("builtin:fit"):
        row = int(arguments.get("features", 100)) * int(arguments.get("hidden", 20))
        batch = _power(min(enough / row, int(arguments.get("samples", 100_000)) / 2))
        changed = Change(arguments={"batch_size": batch})
        return [Trial(f"batch_size={batch}", Effect.MORE_CORES, changed)]
    if found.target.startswith("builtin:dot"):
        size = _power(enough ** (1 / 3))
        return [Trial(f"size={size}", Effect.MORE_CORES, Change(arguments={"size": size}))]
    rows = _power(enough / (worst.n * worst.k))
    dtype = "float32" if worst.routine[:1] == "s" else "float64"
    original, changed_rows = (
        {"operation": "matmul", "operands": [_made((m, worst.k), dtype), _made((worst.k, worst.n), dtype)]}
        for m in (worst.m, rows)
    )
    knob = f"the product alone, with {rows} rows in place of {worst.m}"
    return [Trial(knob, Effect.MORE_CORES, replay=Replay(original, changed_rows))]


def non_blas_dtype(found: Evidence) -> Suspicion | None:
    """A product of a type that no BLAS knows."""
    line = _product(found, lambda operands: any(one["dtype"] not in BLAS_TYPES for one in operands))
    if not (found.idle and line):
        return None
    operands = line["operands"]
    types = ", ".join(dict.fromkeys(one["dtype"] for one in operands if one["dtype"] not in BLAS_TYPES))
    as_floats = [{**one, "dtype": "float64"} for one in map(_compact, operands)]
    return Suspicion(
        "non-blas-dtype",
        0.9 * min(1.0, line["share"] + 0.2),
        f"{_place(line)}: operands of type {types}, which no BLAS multiplies: NumPy's own loop does, on one thread",
        "convert before the product: a.astype(float)",
        [_replayed("the same product of float64", line, as_floats)],
    )


def strided_operand(found: Evidence) -> Suspicion | None:
    """A product of operands that no BLAS can read where they lie."""
    line = _product(found, lambda operands: not all(_readable(one) for one in operands))
    if not (found.idle and line) or any(one["dtype"] not in BLAS_TYPES for one in line["operands"]):
        return None
    worst = next(one for one in line["operands"] if not _readable(one))
    contiguous = [_made(one["shape"], one["dtype"]) for one in line["operands"]]
    return Suspicion(
        "strided-operand",
        0.88 * min(1.0, line["share"] + 0.2),
        f"{_place(line)}: {worst['name']} has strides {tuple(worst['strides'])} for elements of {worst['itemsize']} "
        "bytes, none of them next to another",
        f"numpy.ascontiguousarray({worst['name']}) outside of the loop; newer NumPy copies by itself",
        [_replayed("the same product of contiguous copies", line, contiguous)],
    )


def batched_one_by_one(found: Evidence) -> Suspicion | None:
    """Stacked small products, which NumPy hands to the BLAS one at a time, or loops over itself."""
    line = _product(found, lambda operands: any(len(one["shape"]) > 2 for one in operands))
    if not (found.idle and line):
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
        f"{_place(line)}: {what}, one after the other on one thread",
        "reshape to one 2-D product, or numpy.tensordot; numpy.einsum(..., optimize=True)",
        [Trial("one 2-D product", Effect.MORE_CORES, replay=Replay(_operation(line, operands), changed))],
    )


def elementwise_serial(found: Evidence) -> Suspicion | None:
    """Element by element, which NumPy never threads and Theano only when told."""
    if not found.idle:
        return None
    for name in ("theano", "pytensor"):
        config = found.facts.get(name)
        if config and not config.get("openmp"):
            in_blas_s = sum(call.seconds for call in found.calls or ())
            region_s = found.result.measurement.wall_s.estimate if found.result.measurement else math.inf
            return Suspicion(
                "elementwise-serial",
                0.7 if found.calls is not None and in_blas_s < 0.3 * region_s else 0.3,
                f"{name}.config.openmp is False: elementwise nodes stay on one thread; "
                f"{in_blas_s / region_s:.0%} of the time is in BLAS products",
                "openmp=True with a small openmp_elemwise_minsize, or larger tensors",
                [
                    Trial(
                        "openmp=True, openmp_elemwise_minsize=1000",
                        Effect.FASTER,
                        Change(theano_flags={"openmp": "True", "openmp_elemwise_minsize": "1000"}),
                    )
                ],
            )
    line = _hottest(found, "elementwise", "reduction")
    if line is None or found.share("elementwise", "reduction") < MUCH or not _large(line, RESIDENT_ELEMENTS):
        return None
    operands = [_compact(one) for one in line["operands"]]
    split = {**_operation(line, operands), "variant": "split", "parts": int(found.wanted)}
    return Suspicion(
        "elementwise-serial",
        0.8 * found.share("elementwise", "reduction"),
        f"{found.share('elementwise', 'reduction'):.0%} of the samples are in operations on elements, which NumPy does "
        f"not thread; most in {_place(line)}",
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
    moved = sum(math.prod(one["shape"]) * one["itemsize"] for one in line["operands"])
    if moved < LARGE_BYTES:
        return None
    small = [_made((RESIDENT_ELEMENTS,), one["dtype"]) for one in line["operands"]]
    resident = {**_operation(line, small), "variant": "split", "repeats": 200}
    return Suspicion(
        "memory-bound",
        0.75,
        f"{found.cores:.2f} cores busy at {_place(line)}, which moves {moved / 1e6:.0f} MB for an operation an element",
        "block the loops so that data stay in a cache, fuse operations (numexpr, numba), or use smaller types",
        [
            Trial(
                "the same operation on arrays that a cache holds",
                Effect.SCALES,
                replay=Replay(resident, resident),
            )
        ],
    )


def serial_fraction(found: Evidence) -> Suspicion | None:
    """A part of the work stays on one thread: the curve itself shows how much."""
    compared = found.result.comparison
    if not found.too_little or compared is None or found.inflation > 1.2:
        return None
    ratio = found.wanted / (found.result.baseline or 1)
    if ratio <= 1 or not compared.speedup.estimate > 1.05:
        return None
    fraction = serial_part(compared.speedup, ratio)
    return Suspicion(
        "serial-fraction",
        0.5,
        f"{compared.speedup.estimate:.2f}x on {ratio:g} times the cores: a serial part of {fraction.estimate:.0%} "
        f"[{fraction.low:.0%}, {fraction.high:.0%}] of the time on one thread (Amdahl's law)",
        f"at most {1 / max(fraction.estimate, 1e-3):.1f}x on any number of cores: find the largest serial part"
        + (f", {_place(found.lines[0])} say" if found.lines else ""),
        shown=fraction.low > 0,
    )


def serial_part(speedup: Interval, ratio: float) -> Interval:
    """The serial share of the baseline's time by Amdahl's law, from a speed-up on ``ratio`` times the cores.

    From S = 1 / (s + (1 - s) / N): s = (N / S - 1) / (N - 1), which falls as S rises.
    """

    def at(value: float) -> float:
        return min(1.0, max(0.0, (ratio / value - 1) / (ratio - 1))) if value > 0 else 1.0

    return Interval(at(speedup.high), at(speedup.estimate), at(speedup.low), speedup.confidence)


def _product(found: Evidence, wrong: Any) -> Mapping[str, Any] | None:
    """The hottest line with a product whose operands are known and wrong in a way."""
    return next(
        (
            line
            for line in found.lines
            if line.get("operation") in PRODUCTS and len(line["operands"]) > 1 and wrong(line["operands"])
        ),
        None,
    )


def _hottest(found: Evidence, *operations: str) -> Mapping[str, Any] | None:
    return next((line for line in found.lines if line.get("operation") in operations and line["operands"]), None)


def _readable(operand: Operand) -> bool:
    """Whether a BLAS can read a matrix where it lies: elements of a row, or of a column, next to each other."""
    if len(operand["shape"]) < 2:
        return True
    last = [abs(stride) for stride in operand["strides"][-2:]]
    return operand["itemsize"] in last or 1 in operand["shape"][-2:]


def _large(line: Mapping[str, Any], elements: int) -> bool:
    return any(math.prod(one["shape"]) >= elements for one in line["operands"])


def _made(shape: Sequence[int], dtype: str) -> dict[str, Any]:
    return {"shape": list(shape), "dtype": dtype, "strides": None}


def _compact(operand: Operand) -> dict[str, Any]:
    return {"shape": list(operand["shape"]), "dtype": operand["dtype"], "strides": list(operand["strides"])}


def _operation(line: Mapping[str, Any], operands: Sequence[Operand]) -> dict[str, Any]:
    name = line.get("function_called") or line["operation"]
    return {"operation": name, "operands": list(operands), "subscripts": line.get("subscripts")}


def _replayed(knob: str, line: Mapping[str, Any], changed: Sequence[Operand]) -> Trial:
    original = _operation(line, [_compact(one) for one in line["operands"]])
    return Trial(knob, Effect.MORE_CORES, replay=Replay(original, {**original, "operands": list(changed)}))


def _power(number: float) -> int:
    """The power of two next above a number."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, number))))


def _place(line: Mapping[str, Any]) -> str:
    return f"{line['file'].rpartition('/')[2]}:{line['line']} ({line['source']})"


DETECTORS = (
    gemm_too_small,
    non_blas_dtype,
    strided_operand,
    batched_one_by_one,
    elementwise_serial,
    memory_bound,
    serial_fraction,
)
