"""Causes in the size of the work and in its serial part."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import MAX_CORES_OF_ONE_THREAD, MIN_TIME_SHARE, BlasCalls, Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Replay, Suspicion, Trial
from pytest_multicore.interpreters.built_in_workloads import power_of_two
from pytest_multicore.rounds.tolerances import MAX_PROCESS_SPEED_RATIO, MIN_ONE_THREAD_CORES
from pytest_multicore.verdicts.more_cores import waits
from pytest_multicore.verdicts.scaling_law import Model
from pytest_multicore.verdicts.scaling_law import serial_fraction as serial_fraction_of
from pytest_multicore.verdicts.statistics import Interval

from .lines import contiguous_operand, location, stacked_product

#: A trial's product over the threshold: large enough that the second thread pays.
TRIAL_SIZE_RATIO = 8
#: Of the products, and of their time: a smaller share of small ones does not keep cores idle.
MIN_SMALL_SHARE = 0.5
#: Of the time: products with a smaller share are not worth a word, whatever their size.
MIN_TOLD_SHARE = 0.1
#: Of the speed-up that the thread count could give: with a larger share no serial part explains a miss.
MAX_SERIAL_SPEEDUP_SHARE = 0.95
#: Multiply-adds up to which OpenBLAS stays on one thread, where none could be probed: interface/gemm.c,
#: GEMM_MULTITHREAD_THRESHOLD 4. 0.3.31 was measured to split from 524,880 on, on two threads; why is not known here.
OPENBLAS_THRESHOLD = 262_144
#: Proves that elementwise work stays on one thread.
OPENMP_TRIAL = Trial(
    "openmp=True, openmp_elemwise_minsize=1000",
    Effect.FASTER,
    Change(theano_flags={"openmp": "True", "openmp_elemwise_minsize": "1000"}),
)


def gemm_too_small(evidence: Evidence) -> Suspicion | None:
    """The products are under the size from which the BLAS uses its threads."""
    if not evidence.lacks_useful_cores or not evidence.calls or max(evidence.pool_sizes, default=2) < 2:
        return None
    threshold = OPENBLAS_THRESHOLD if evidence.threshold is None else evidence.threshold
    products = [call for call in evidence.calls if call.multiply_adds and call.routine.endswith("gemm")]
    small = [call for call in products if call.multiply_adds <= threshold]
    if not small:
        return None
    count = sum(call.count for call in products)
    small_share = sum(call.count for call in small) / count
    small_s, products_s = sum(call.seconds for call in small), sum(call.seconds for call in products)
    if small_share < MIN_SMALL_SHARE or small_s < MIN_SMALL_SHARE * products_s:
        return None
    # Calls of several threads add up to more than the wall time.
    time_share = small_s / (evidence.wall_s * evidence.caller_count)
    if time_share < MIN_TOLD_SHARE and not evidence.built_in:
        return None
    # A larger product keeps cores busy by itself: it proves nothing about a program that mostly does something else.
    experiment = evidence.built_in
    trial_proves = time_share >= MIN_TIME_SHARE or experiment is not None
    worst = max(small, key=lambda call: call.seconds)
    source = "assumed, not probed" if evidence.threshold is None else "probed here"
    remedy = experiment.small_product_remedy if experiment else ""
    return Suspicion(
        key="gemm-too-small",
        strength=0.4 if stacked_product(evidence) or not trial_proves else 0.8,
        evidence=f"{small_share:.0%} of {count:.0f} BLAS products are too small to be split: "
        f"{worst.routine} of {worst.m} x {worst.n} x {worst.k} is {worst.multiply_adds:,} multiply-adds, "
        f"and the threshold is {threshold:,} ({source}); {time_share:.0%} of the time is in them",
        remedy=remedy or "more rows in a call (batches, stacked operands), or thread the loop around it",
        trials=_larger_product_trials(evidence, worst, threshold) if trial_proves else (),
        share_of_loss=None if experiment else evidence.share_of_loss(time_share),
        follow_ups=[OPENMP_TRIAL] if experiment and experiment.has_small_steps and evidence.facts.get("theano") else (),
    )


def _larger_product_trials(evidence: Evidence, worst: BlasCalls, threshold: int) -> Sequence[Trial]:
    multiply_adds = TRIAL_SIZE_RATIO * threshold
    if experiment := evidence.built_in:
        arguments = experiment.with_products_of(evidence.result.arguments, multiply_adds)
        knob = ", ".join(f"{name}={value}" for name, value in arguments.items())
        return [Trial(knob, Effect.MORE_CORES, Change(arguments=arguments))]
    rows = power_of_two(multiply_adds / (worst.n * worst.k))
    dtype = "float32" if worst.routine[:1] == "s" else "float64"
    original, larger = (
        {
            "operation": "matmul",
            "operands": [contiguous_operand((m, worst.k), dtype), contiguous_operand((worst.k, worst.n), dtype)],
        }
        for m in (worst.m, rows)
    )
    knob = f"the product alone, with {rows} rows in place of {worst.m}"
    return [Trial(knob, Effect.MORE_CORES, replay=Replay(original, larger))]


def serial_fraction(evidence: Evidence) -> Suspicion | None:
    """A part of the work stays on one thread: the curve itself shows how much.

    That proves it only where the contender would gain too little in a process that is as much faster as layouts make
    one: each side was one process. And only where the baseline worked, for what it waited for no core would have split,
    and no quota held the program back or grants a part of a core: two threads have that in turns.
    """
    comparison = evidence.result.comparison
    if not evidence.minimum_missed or comparison is None or evidence.cpu_inflation > 1.2 or waits(comparison):
        return None
    if comparison.baseline.cores.estimate > MAX_CORES_OF_ONE_THREAD * (evidence.result.baseline or 1):
        return None  # Amdahl's law is about one thread's time, and this baseline kept more cores busy than it was told
    speedup, cores_ratio = comparison.speedup, evidence.usable_cores / (evidence.result.baseline or 1)
    if cores_ratio <= 1 or not speedup.low > 1.05:  # there is no certain gain
        return None
    if speedup.estimate >= MAX_SERIAL_SPEEDUP_SHARE * cores_ratio:  # so small a serial part explains no miss
        return None
    if evidence.busy_cores <= MAX_CORES_OF_ONE_THREAD * comparison.baseline.cores.estimate:
        return None  # the ratio is that of two processes' speeds: see MAX_PROCESS_SPEED_RATIO in rounds/tolerances.py
    fraction, counts = _fraction(evidence, speedup)
    if fraction is None:
        return None
    worked = comparison.baseline.cores.high >= MIN_ONE_THREAD_CORES
    return Suspicion(
        key="serial-fraction",
        strength=0.5,
        evidence=f"{speedup.estimate:.2f}x on {cores_ratio:g} times the cores, as if {fraction.estimate:.0%} "
        f"[{fraction.low:.0%}, {fraction.high:.0%}] of one thread's time could not be split (Amdahl's law, {counts})",
        remedy="find the largest part that stays on one thread, or that one thread finishes last"
        + (f": {location(evidence.lines[0])} say" if evidence.lines else ""),
        conclusive=worked
        and not evidence.throttled_s
        and float(cores_ratio).is_integer()
        and fraction.low > 0
        and speedup.high * MAX_PROCESS_SPEED_RATIO < cores_ratio,
    )


def _fraction(evidence: Evidence, speedup: Interval) -> tuple[Interval | None, str]:
    """The serial fraction and the thread counts that it comes from: a series if one was measured, else two counts."""
    result = evidence.result
    law, baseline = result.scaling.law if result.scaling else None, result.baseline or 1
    if law is not None:
        counts = f"{', '.join(map(str, law.threads))} {result.vary}"
        return (law.serial_fraction if law.model is Model.AMDAHL else None), counts
    cores = float(evidence.usable_cores)  # a quota grants parts of one, too

    def fraction_at(ratio: float) -> float:
        return min(1.0, max(0.0, serial_fraction_of(ratio, cores, baseline)))

    low, high = fraction_at(speedup.high), fraction_at(speedup.low)
    counts = f"{baseline} and {cores:g} {result.vary if cores.is_integer() else 'cores'}"
    return Interval(low, fraction_at(speedup.estimate), high, speedup.confidence), counts


DETECTORS = (gemm_too_small, serial_fraction)
