"""The table of causes: every detector, and the order in which what they suspect is tried."""

from __future__ import annotations

from collections.abc import Sequence

from . import of_arrays, of_settings, of_the_libraries, of_the_machine, of_the_program, of_the_work
from .evidence import Evidence
from .suspicions import Detector, Suspicion

DETECTORS: Sequence[Detector] = (
    *of_the_machine.DETECTORS,
    *of_settings.DETECTORS,
    *of_the_libraries.DETECTORS,
    *of_the_program.DETECTORS,
    *of_the_work.DETECTORS,
    *of_arrays.DETECTORS,
)


def key_of(detector: Detector) -> str:
    """The catalogue's key of a detector: its name, spelled as a key."""
    return detector.__name__.replace("_", "-")


def ranked(found: Evidence) -> list[Suspicion]:
    """What the evidence suggests, the likeliest first."""
    suspicions = [suspicion for detector in DETECTORS if (suspicion := detector(found)) is not None]
    return sorted(suspicions, key=lambda one: -one.weight)
