"""The table of causes: every detector, and the order in which what they suspect is tried."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.diagnosis.suspicions import Detector, Suspicion

from . import arrays as of_arrays
from . import libraries as of_the_libraries
from . import machine as of_the_machine
from . import program as of_the_program
from . import settings as of_settings
from . import work as of_the_work

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
