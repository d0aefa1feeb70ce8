"""Causes outside of the program: what the machine grants, and what else runs on it."""

from __future__ import annotations

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.verdicts.limits import OpenReason, Outcome
from pytest_multicore.verdicts.row_sets import disturbance

#: How the file names of a GPU driver's libraries begin. A framework brings its own (libcudart) even without a GPU.
GPU_DRIVERS = ("libcuda.", "libamdhip64", "libhsa-runtime")
#: Hides every GPU from the frameworks.
NO_GPU_VARIABLES = {"CUDA_VISIBLE_DEVICES": "-1", "HIP_VISIBLE_DEVICES": "-1"}


def too_few_cores(evidence: Evidence) -> Suspicion | None:
    """The machine grants fewer cores than the limit asks for."""
    result = evidence.result
    if not result.lacks_cores:
        return None
    if evidence.machine.narrowed:
        return Suspicion(
            key="affinity-narrowed",
            strength=1.0,
            evidence=evidence.machine.narrowed,
            remedy="find the import that calls sched_setaffinity: restore the mask after it, or have it leave the mask "
            "alone",
        )
    return Suspicion(
        key="too-few-cores",
        strength=1.0,
        evidence=f"cores granted: {evidence.machine.cores_granted:g}",
        remedy="run it where more cores are granted, or lower the limit on this machine",
    )


def machine_busy(evidence: Evidence) -> Suspicion | None:
    """Other programs used the machine: the verdict stayed open."""
    result = evidence.result
    if result.outcome is not Outcome.INCONCLUSIVE or result.measurement is None:
        return None
    if any(verdict.open_reason is OpenReason.NOT_REPEATABLE for verdict in result.verdicts):
        return None  # it is not repeatable on a quieter machine either
    rounds = result.measurement.rounds
    disturbed = [text for taken in rounds if (text := disturbance(taken))]
    if len(disturbed) <= len(rounds) / 2:
        return None
    return Suspicion(
        key="machine-busy",
        strength=1.0,
        evidence=f"{len(disturbed)} of {len(rounds)} rounds were disturbed ({disturbed[-1]})",
        remedy="run it on a quieter machine; more CPU priority helps where it is permitted",
    )


def cpu_quota(evidence: Evidence) -> Suspicion | None:
    """A control group's quota throttles the threads."""
    result, machine = evidence.result, evidence.machine
    quota = min((quota for quota in (machine.quota, evidence.quota) if quota is not None), default=None)
    rounds = result.measurement.rounds if result.measurement else ()
    throttled_s = max(evidence.throttled_s, sum(measured_round.throttled_s for measured_round in rounds))
    short = quota is not None and quota < (result.threads or machine.cores_online)
    throttled = throttled_s and (evidence.minimum_missed or evidence.minimum_open)
    if not (evidence.minimum_missed and short) and not throttled:
        return None
    own = evidence.quota is not None and evidence.quota != machine.quota
    group = "the group that the program is in" if own else "the control group"
    size = "unknown size" if quota is None else "1 core" if quota == 1 else f"{quota:g} cores"
    text = f"{group} has a quota of {size}"
    if throttled_s:
        meanwhile = "measured and observed" if evidence.throttled_s else "measured"
        text += f", which held it back for {throttled_s:.2f} s while it was {meanwhile}"
    return Suspicion(
        key="cpu-quota",
        strength=0.97 if throttled_s else 0.6,
        evidence=text,
        remedy="raise the quota (cpu.max; docker run --cpus; resources.limits.cpu), or ask for fewer threads",
    )


def gpu_device(evidence: Evidence) -> Suspicion | None:
    """A GPU does the work."""
    facts = evidence.facts
    devices = [(name, str(facts[name].get("device"))) for name in ("theano", "pytensor") if facts.get(name)]
    gpu = next(((name, device) for name, device in devices if device.startswith(("cuda", "gpu", "opencl"))), None)
    drivers = [name for name in evidence.mapped_files if name.startswith(GPU_DRIVERS)]
    if not evidence.minimum_missed or not (gpu or (drivers and evidence.has_idle_cores)):
        return None
    change = Change(theano_flags={"device": "cpu"}) if gpu else Change(variables=NO_GPU_VARIABLES)
    knob = "device=cpu" if gpu else "CUDA_VISIBLE_DEVICES=-1"
    return Suspicion(
        key="gpu-device",
        strength=0.9 if gpu else 0.5,
        evidence=f"{gpu[0]}.config.device is {gpu[1]}"
        if gpu
        else f"{drivers[0]} is mapped, and the CPU has little to do",
        remedy="gate the device that does the work: device=cpu (CUDA_VISIBLE_DEVICES=-1) for this test",
        trials=[Trial(knob, Effect.MORE_CORES, change)],
    )


DETECTORS = (too_few_cores, machine_busy, cpu_quota, gpu_device)
