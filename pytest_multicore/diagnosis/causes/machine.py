"""Causes outside of the program: what the machine grants, and who else is on it."""

from __future__ import annotations

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Change, Effect, Suspicion, Trial
from pytest_multicore.verdicts.limits import Outcome
from pytest_multicore.verdicts.repeatable import NOT_REPEATABLE
from pytest_multicore.verdicts.row_sets import is_undisturbed

#: Libraries of a GPU's driver, by how their files' names begin: a framework's own (libcudart) come without a GPU, too.
DRIVERS = ("libcuda.", "libamdhip64", "libhsa-runtime")
#: Has no framework see a GPU.
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "HIP_VISIBLE_DEVICES": "-1"}


def too_few_cores(found: Evidence) -> Suspicion | None:
    """The machine grants fewer cores than the limit asks for; nothing was run."""
    if found.result.measurement is not None or found.result.outcome is not Outcome.INCONCLUSIVE:
        return None
    if "cannot be reached" not in found.result.reason:
        return None
    if found.machine.narrowed:
        return Suspicion(
            "affinity-narrowed",
            1.0,
            found.machine.narrowed,
            "find the import that calls sched_setaffinity: restore the mask after it, or have it leave the mask alone",
        )
    return Suspicion(
        "too-few-cores",
        1.0,
        found.result.reason,
        "run it where more cores are granted, or lower the limit on this machine",
    )


def machine_busy(found: Evidence) -> Suspicion | None:
    """Others used the machine: the verdict stayed open."""
    measured = found.result.measurement
    if found.result.outcome is not Outcome.INCONCLUSIVE or measured is None:
        return None
    if found.result.reason.startswith(NOT_REPEATABLE):  # on a quieter machine it is not, either
        return None
    disturbed = sum(not is_undisturbed(one) for one in measured.rounds)
    if disturbed <= len(measured.rounds) / 2:
        return None
    return Suspicion(
        "machine-busy",
        1.0,
        found.result.reason,
        "run it on a quieter machine; more CPU priority helps where it is permitted",
    )


def cpu_quota(found: Evidence) -> Suspicion | None:
    """A control group's quota holds the threads back."""
    quotas, measured = [one for one in (found.machine.quota, found.quota) if one is not None], found.result.measurement
    quota = min(quotas, default=None)
    throttled_s = max(found.throttled_s, sum(one.throttled_s for one in measured.rounds) if measured else 0.0)
    short = quota is not None and quota < (found.result.threads or found.machine.cores_online)
    if not (found.too_little and short) and not (throttled_s and (found.too_little or found.minimum_open)):
        return None
    whose = "the group that the program is in" if found.quota != found.machine.quota else "the control group"
    size = "unknown size" if quota is None else "1 core" if quota == 1 else f"{quota:g} cores"
    told = f"{whose} has a quota of {size}"
    if throttled_s:
        told += f", which held it back for {throttled_s:.2f} s while it was measured and looked on"
    return Suspicion(
        "cpu-quota",
        0.97 if throttled_s else 0.6,
        told,
        "raise the quota (cpu.max; docker run --cpus; resources.limits.cpu), or ask for fewer threads",
    )


def gpu_device(found: Evidence) -> Suspicion | None:
    """The work is done elsewhere."""
    devices = [(name, str(found.facts[name].get("device"))) for name in ("theano", "pytensor") if found.facts.get(name)]
    gpu = next(((name, device) for name, device in devices if device.startswith(("cuda", "gpu", "opencl"))), None)
    drivers = [name for name in found.mapped if name.startswith(DRIVERS)]
    if not found.too_little or not (gpu or (drivers and found.idle)):
        return None
    told = f"{gpu[0]}.config.device is {gpu[1]}" if gpu else f"{drivers[0]} is mapped, and the CPU has little to do"
    change = Change(theano_flags={"device": "cpu"}) if gpu else Change(variables=WITHOUT_GPU)
    knob = "device=cpu" if gpu else "CUDA_VISIBLE_DEVICES=-1"
    return Suspicion(
        "gpu-device",
        0.9 if gpu else 0.5,
        told,
        "gate the device that does the work: device=cpu (CUDA_VISIBLE_DEVICES=-1) for this test",
        [Trial(knob, Effect.MORE_CORES, change)],
    )


DETECTORS = (too_few_cores, machine_busy, cpu_quota, gpu_device)
