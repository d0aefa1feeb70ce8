"""The table of causes: every detector, and the order in which their suspicions are tried."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Detector, Suspicion

from . import arrays, libraries, machine, program, run_time_limits, settings, thread_pools, work

DETECTORS: Sequence[Detector] = (
    *machine.DETECTORS,
    *run_time_limits.DETECTORS,
    *settings.DETECTORS,
    *libraries.DETECTORS,
    *program.DETECTORS,
    *thread_pools.DETECTORS,
    *work.DETECTORS,
    *arrays.DETECTORS,
)


def key_of(detector: Detector) -> str:
    """A detector's key in the catalogue: its name, spelled with hyphens."""
    return detector.__name__.replace("_", "-")


def ranked_suspicions(evidence: Evidence) -> list[Suspicion]:
    """All suspicions that the evidence raises, the strongest first; those come last that could explain but little."""
    suspicions = [suspicion for detector in DETECTORS if (suspicion := detector(evidence)) is not None]
    return sorted(suspicions, key=lambda suspicion: (suspicion.is_minor, -suspicion.strength))
