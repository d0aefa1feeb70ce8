"""Causes in the size of the work and in its serial part."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import MORE_THAN_ONE, MUCH, Calls, Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Replay, Suspicion, Trial
from pytest_multicore.verdicts.scaling_law import Model
from pytest_multicore.verdicts.scaling_law import serial_fraction as serial_fraction_of
from pytest_multicore.verdicts.statistics import Interval

from .lines import made, place

#: How far over the threshold a trial's work is put: far enough that the second thread pays.
CLEARLY_OVER = 8
#: Of the speed-up that so many threads could give.
NEARLY_ALL = 0.95
#: Share of the products' time under which they are not what keeps cores idle.
MOST = 0.5
#: The threshold of OpenBLAS, for where none could be probed: interface/gemm.c, GEMM_MULTITHREAD_THRESHOLD 4.
#: 0.3.31 was found to split from 524,880 on, on two threads; why is not known here.
ASSUMED_THRESHOLD = 262_144
#: What proves that elementwise work stays on one thread, and what its reader would try next of a fit's small products.
OPENMP = Trial(
    "openmp=True, openmp_elemwise_minsize=1000",
    Effect.FASTER,
    Change(theano_flags={"openmp": "True", "openmp_elemwise_minsize": "1000"}),
)


def gemm_too_small(found: Evidence) -> Suspicion | None:
    """The products are under the size from which the BLAS uses its threads."""
    if not found.underused or not found.calls or max(found.pools("opened"), default=2) < 2:
        return None
    threshold = ASSUMED_THRESHOLD if found.threshold is None else found.threshold
    products = [call for call in found.calls if call.work and call.routine.endswith("gemm")]
    small = [call for call in products if call.work <= threshold]
    if not small:
        return None
    share = sum(call.count for call in small) / sum(call.count for call in products)
    small_s, products_s = sum(call.seconds for call in small), sum(call.seconds for call in products)
    if share < MOST or small_s < MOST * products_s:
        return None
    # Calls side by side add up to more than the time that passes.
    part = small_s / (found.wall_s * found.callers)
    # A larger product by itself keeps cores busy, and proves nothing of a program that is mostly about something else.
    tells = part >= MUCH or found.target.startswith("builtin:")
    worst = max(small, key=lambda call: call.seconds)
    probed = "assumed, not probed" if found.threshold is None else "probed here"
    return Suspicion(
        "gemm-too-small",
        0.8 if tells else 0.4,
        f"{share:.0%} of {sum(call.count for call in products):.0f} BLAS products are too small to be split: "
        f"{worst.routine} of {worst.m} x {worst.n} x {worst.k} is {worst.work:,} multiply-adds, and the threshold is "
        f"{threshold:,} ({probed}); {part:.0%} of the time is in them",
        _larger(found),
        _larger_trials(found, worst, threshold) if tells else (),
        also=[OPENMP] if found.target.startswith("builtin:fit") and found.facts.get("theano") else (),
    )


def _larger(found: Evidence) -> str:
    if found.target.startswith("builtin:fit"):
        return (
            "one thread, and several fits side by side; a larger batch_size is faster by fewer Python steps; cores "
            "help where the products are large in all directions"
        )
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
        {"operation": "matmul", "operands": [made((m, worst.k), dtype), made((worst.k, worst.n), dtype)]}
        for m in (worst.m, rows)
    )
    knob = f"the product alone, with {rows} rows in place of {worst.m}"
    return [Trial(knob, Effect.MORE_CORES, replay=Replay(original, changed_rows))]


def serial_fraction(found: Evidence) -> Suspicion | None:
    """A part of the work stays on one thread: the curve itself shows how much."""
    compared = found.result.comparison
    if not found.too_little or compared is None or found.inflation > 1.2:
        return None
    ratio = found.wanted / (found.result.baseline or 1)
    if ratio <= 1 or not compared.speedup.low > 1.05:  # else nothing is surely gained
        return None
    if compared.speedup.estimate >= NEARLY_ALL * ratio:  # a per cent that is surely serial explains no miss
        return None
    if found.cores <= MORE_THAN_ONE * compared.baseline.cores.estimate:  # a speed of the process's own: trials.py
        return None
    fraction, counts = _serial_part(found, compared.speedup)
    if fraction is None:
        return None
    return Suspicion(
        "serial-fraction",
        0.5,
        f"{compared.speedup.estimate:.2f}x on {ratio:g} times the cores, as if {fraction.estimate:.0%} "
        f"[{fraction.low:.0%}, {fraction.high:.0%}] of one thread's time could not be split (Amdahl's law, {counts})",
        "find the largest part that stays on one thread, or that one thread finishes last"
        + (f": {place(found.lines[0])} say" if found.lines else ""),
        shown=fraction.low > 0,
    )


def _serial_part(found: Evidence, speedup: Interval) -> tuple[Interval | None, str]:
    """The serial fraction and what it comes from: a series, where one was measured, else the two thread counts."""
    law, first = found.result.scaling.law if found.result.scaling else None, found.result.baseline or 1
    if law is not None:
        counts = f"{', '.join(map(str, law.threads))} threads"
        return (law.serial_fraction if law.model is Model.AMDAHL else None), counts
    threads = math.floor(found.wanted)

    def at(value: float) -> float:
        return min(1.0, max(0.0, serial_fraction_of(value, threads, first)))

    part = Interval(at(speedup.high), at(speedup.estimate), at(speedup.low), speedup.confidence)
    return part, f"{first} and {threads} threads"


def _power(number: float) -> int:
    """The power of two next above a number."""
    return 1 << max(0, math.ceil(math.log2(max(1.0, number))))


DETECTORS = (gemm_too_small, serial_fraction)
