"""The table of causes: every detector, and the order in which their suspicions are tried."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Detector, Suspicion

from . import (
    arrays,
    compiled_functions,
    libraries,
    machine,
    program,
    run_time_limits,
    settings,
    steps,
    thread_pools,
    work,
)

#: From here on a suspicion rests on exact figures, like a setting's or recorded calls, and no samples are needed.
CERTAIN_STRENGTH = 0.8
DETECTORS: Sequence[Detector] = (
    *machine.DETECTORS,
    *run_time_limits.DETECTORS,
    *settings.DETECTORS,
    *libraries.DETECTORS,
    *program.DETECTORS,
    *thread_pools.DETECTORS,
    *compiled_functions.DETECTORS,
    *steps.DETECTORS,
    *work.DETECTORS,
    *arrays.DETECTORS,
)


def key_of(detector: Detector) -> str:
    """A detector's key in the catalogue: its name, spelled with hyphens."""
    return detector.__name__.replace("_", "-")


def needs_native_stacks(evidence: Evidence) -> bool:
    """Whether a look at native stacks can tell more: cores stood idle, and nothing explains it nearly for certain."""
    strengths = [suspicion.strength for suspicion in ranked_suspicions(evidence)]
    return evidence.lacks_useful_cores and max(strengths, default=0.0) < CERTAIN_STRENGTH


def ranked_suspicions(evidence: Evidence) -> list[Suspicion]:
    """All suspicions that the evidence raises, the strongest first; those come last that could explain but little."""
    suspicions = [suspicion for detector in DETECTORS if (suspicion := detector(evidence)) is not None]
    return sorted(suspicions, key=lambda suspicion: (suspicion.is_minor, -suspicion.strength))
