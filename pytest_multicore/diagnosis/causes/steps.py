"""Causes in how a framework gets its work: many small steps, each dispatched by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial

from .lines import location

#: Imported modules whose operations are dispatched one after the other, and have pools of their own.
FRAMEWORKS = ("torch", "jax", "tensorflow", "keras")
#: Files and libraries of a framework, by path.
FRAMEWORK_FILE = re.compile(r"(^|/)(torch|jaxlib|jax|tensorflow|keras)(/|$)|libtorch|libtensorflow|libjax")
#: Of the time, or of the stacks: a framework with a smaller share is not what keeps the cores waiting.
MIN_FRAMEWORK_SHARE = 0.5
#: Steps in a repetition: with fewer it is no loop of them.
MIN_STEPS = 8
#: A longer step may have work enough for a second thread: a jitted step of keras#2544 takes a small part of this at
#: batch 32, and about as much at batch 4096 (JAX, two cores).
MAX_STEP_S = 0.003
#: Arguments of a workload that make its steps larger, and by how much a trial does.
BATCH_ARGUMENTS = ("batch_size", "batch", "chunk_size", "block_size")
LARGER_BATCH_RATIO = 64


def small_steps(evidence: Evidence) -> Suspicion | None:
    """A framework dispatches many small steps, each too little work for its threads."""
    steps, used = evidence.steps, frameworks(evidence)
    if not (evidence.lacks_useful_cores and steps and used) or steps.count < MIN_STEPS:
        return None
    step_s, share = evidence.wall_s / steps.count, _framework_share(evidence)
    if step_s > MAX_STEP_S or share < MIN_FRAMEWORK_SHARE:
        return None
    return Suspicion(
        key="small-steps",
        strength=0.75,
        evidence=f"{' and '.join(used)}: {1 / step_s:,.0f} steps a second, {step_s * 1e6:,.0f} us each, from "
        f"{location(steps.line)}; {_dispatch(evidence)}: too little work a step for its threads",
        remedy="larger steps (a larger batch, several steps in one call: jax.lax.scan, steps_per_execution, "
        "torch.compile), or several such loops side by side",
        trials=_larger_steps(evidence),
    )


def frameworks(evidence: Evidence) -> Sequence[str]:
    """The imported frameworks that dispatch steps."""
    return [name for name in FRAMEWORKS if name in evidence.facts.get("frameworks", {})]


def _framework_share(evidence: Evidence) -> float:
    """Share of the framework, by native stacks or by lines: a compiled step stands on the line of its caller."""
    by_lines = sum(float(line["share"]) for line in evidence.lines if FRAMEWORK_FILE.search(line["file"]))
    functions = evidence.native.functions if evidence.native else ()
    return max(by_lines, sum(one.share for one in functions if FRAMEWORK_FILE.search(one.library)))


def _dispatch(evidence: Evidence) -> str:
    if not (evidence.native and evidence.native.samples):
        return f"{evidence.busy_cores:.2f} cores busy"
    return (
        f"{evidence.native.interpreter_share:.0%} of the looks at the calling thread are in Python, the others in the "
        f"framework's own code; {evidence.busy_cores:.2f} cores busy"
    )


def _larger_steps(evidence: Evidence) -> list[Trial]:
    """A larger batch, where the workload takes one."""
    given = evidence.result.arguments
    name = next((name for name in BATCH_ARGUMENTS if isinstance(given.get(name), int)), None)
    if name is None:
        return []
    larger = {name: given[name] * LARGER_BATCH_RATIO}
    knob = f"{name}={larger[name]}"
    return [Trial(knob, Effect.MORE_CORES, Change(arguments=larger), remedy=f"larger steps: {knob} was tried")]


DETECTORS = (small_steps,)
