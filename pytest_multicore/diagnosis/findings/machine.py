"""What the machine withholds: cores, and what a container forbids."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pytest_multicore.rounds.tolerances import MIN_ATTAINED_SHARE

from .finding import Finding, MachineFacts

#: What a denied permission costs, and who can grant it.
PERMISSION_LOSSES = {
    "nice": (
        "a higher CPU priority is not permitted: measured programs wait for other busy processes, and verdicts take "
        "longer or stay undecided",
        "docker run --cap-add=SYS_NICE, or ulimit -e 40 (limits.conf: nice -20), or a quiet machine",
    ),
    "real_time": (
        "the real-time class is not permitted: --multicore-priority=realtime changes nothing here",
        "docker run --cap-add=SYS_NICE --ulimit rtprio=1, or a quiet machine",
    ),
    "fixed_addresses": (
        "fixed addresses (personality) are forbidden, by a container's filter of system calls: two processes with the "
        "same code may differ by some percent",
        "docker run --security-opt seccomp=unconfined, or a profile that permits personality; or limits further from "
        "what is measured",
    ),
    "ptrace": (
        "attaching to another process (ptrace) is forbidden: py-spy cannot show where a program's threads are",
        "docker run --cap-add=SYS_PTRACE; sysctl kernel.yama.ptrace_scope=1",
    ),
    "perf": (
        "the kernel's counters (perf_event_open) are forbidden. This plugin does not need them, perf does",
        "docker run --cap-add=PERFMON; sysctl kernel.perf_event_paranoid=2",
    ),
}


def machine_findings(machine: MachineFacts) -> Iterator[Finding]:
    """What the machine withholds, the gravest first."""
    for look in (_narrowed, _quota, _affinity, _one_core, _siblings, _attained, _nodes):
        if found := look(machine):
            yield found
    for name, (text, remedy) in PERMISSION_LOSSES.items():
        if machine.permitted.get(name) is False:
            yield Finding(f"no-{name.replace('_', '-')}", False, text, remedy)


def _narrowed(machine: MachineFacts) -> Finding | None:
    if not machine.narrowed:
        return None
    return Finding("affinity-narrowed", True, machine.narrowed, "find the import; start again without it")


def _quota(machine: MachineFacts) -> Finding | None:
    if machine.quota is None or machine.quota >= machine.cpus:
        return None
    threads = max(1, math.ceil(machine.quota))
    return Finding(
        "cpu-quota",
        True,
        f"the control group's quota is {machine.quota:g} cores, and {machine.cpus} CPUs are in the affinity mask. "
        "BLAS and OpenMP read the mask and not the quota: their pools are throttled",
        f"a larger quota (docker run --cpus); or OMP_NUM_THREADS={threads}; or --cpuset-cpus in place of --cpus",
    )


def _affinity(machine: MachineFacts) -> Finding | None:
    if machine.narrowed or machine.cpus >= machine.cores_online:
        return None
    return Finding(
        "affinity-narrowed",
        True,
        f"this process may run on {machine.cpus} of {machine.cores_online} CPUs (affinity mask): taskset, a cpuset or "
        "a batch system's allocation",
        "start it without taskset, or with a larger cpuset (docker run --cpuset-cpus), if more are wanted",
    )


def _one_core(machine: MachineFacts) -> Finding | None:
    if machine.cores_granted > 1:
        return None
    return Finding(
        "one-core",
        True,
        "no more than one core is granted: no speed-up can be measured here, and such limits are inconclusive",
        "a machine, a runner or a quota with at least 2 cores",
    )


def _siblings(machine: MachineFacts) -> Finding | None:
    """Hardware threads of one core share its units: two do less than twice the work of one."""
    if not machine.shared_cores or machine.cores_real is None:
        return None
    real = f"{machine.cores_real} real core{'' if machine.cores_real == 1 else 's'}"
    return Finding(
        "hardware-threads",
        machine.cores_real == 1,
        f"the {machine.cpus} CPUs are hardware threads of {real}: matrix products gain little from a core's second one",
        "limits by min_efficiency, which is held against what is attained; or one CPU of each core (taskset)",
    )


def _attained(machine: MachineFacts) -> Finding | None:
    if machine.attained is None:
        return _too_busy(machine)
    if machine.attained >= MIN_ATTAINED_SHARE * machine.cores:
        return None
    return Finding(
        "little-attained",
        True,
        f"{machine.cores} cores attain {machine.attained:.2f}x just now: {machine.why_little}. "
        "No program can be expected to gain more",
        "a quieter machine; limits by min_efficiency, which is held against what is attained",
    )


def _too_busy(machine: MachineFacts) -> Finding | None:
    if machine.alone_share is None:
        return None
    return Finding(
        "too-busy",
        True,
        f"what {machine.cores} cores attain cannot be told just now: {machine.why_little}",
        "a quieter machine, or the right to a higher priority (no-nice): verdicts take long here, or stay undecided",
    )


def _nodes(machine: MachineFacts) -> Finding | None:
    if machine.nodes < 2:
        return None
    return Finding(
        "several-numa-nodes",
        False,
        f"the granted CPUs lie on {machine.nodes} NUMA nodes: memory of another node is slower, by where data was "
        "first written",
        "numactl --cpunodebind=0 --membind=0 for a limit that must repeat",
    )
