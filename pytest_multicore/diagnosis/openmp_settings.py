"""What settings of OpenMP do to threads, by variable and value: the doctor tells of them, and so does a measurement.

Sources: libgomp's manual (Environment Variables) and env.c, Intel's OpenMP environment variables. Not here: variables
whose value is a count of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

#: Rounds of libgomp's loop that waits, by default: about a millisecond. With more threads than CPUs it takes 1,000.
DEFAULT_SPINS, FEW_SPINS = 300_000, 1_000
#: Milliseconds that a thread of Intel's OpenMP spins by default.
DEFAULT_BLOCKTIME_MS = 200


class Harm(Enum):
    """What a setting does."""

    LIMITS = "fewer threads"
    PINS = "threads are bound to CPUs"
    SPINS = "threads spin while they wait"
    SLEEPS = "threads sleep while they wait"


@dataclass(frozen=True, slots=True)
class OpenMPSetting:
    """One variable with one kind of values.

    Attributes:
        variable: its name.
        bites: whether a value, in small letters, does what ``effect`` says.
        harm: of which kind that is.
        effect: what it does, as a clause.
        remedy: what to do.
    """

    variable: str
    bites: Callable[[str], bool]
    harm: Harm
    effect: str
    remedy: str


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda value: any(part.strip() in values for part in value.split(","))


def _counts(least: float, most: float = float("inf")) -> Callable[[str], bool]:
    """Whether a value is a number between these; without an end where it says so."""

    def counts(value: str) -> bool:
        number = value.removesuffix("ms").strip()
        if number.startswith("infinit"):
            return most == float("inf")
        return number.isdigit() and least <= int(number) <= most

    return counts


_SPIN = "idle OpenMP threads spin: cores are busy that do nothing, and processes hinder each other"
_SLEEP = "OpenMP threads sleep as soon as they wait, and to wake them takes longer than a short parallel region"

OPENMP_SETTINGS: tuple[OpenMPSetting, ...] = (
    OpenMPSetting(
        "OMP_DYNAMIC",
        _one_of("true", "1", "yes", "on"),
        Harm.LIMITS,
        "libgomp takes as many threads as CPUs less the load average of 15 minutes",
        "OMP_DYNAMIC=FALSE, or unset it",
    ),
    OpenMPSetting(
        "OMP_PROC_BIND",
        _one_of("true", "close", "spread", "master", "primary"),
        Harm.PINS,
        "OpenMP pins its threads, the main one too: what that starts, processes among it, inherits one core",
        "OMP_PROC_BIND=FALSE, or unset it",
    ),
    OpenMPSetting(
        "GOMP_CPU_AFFINITY",
        bool,
        Harm.PINS,
        "libgomp pins its threads to these CPUs, the main one too",
        "unset it",
    ),
    OpenMPSetting(
        "OMP_PLACES", bool, Harm.PINS, "OpenMP pins its threads to these places, the main one too", "unset it"
    ),
    OpenMPSetting(
        "KMP_AFFINITY",
        _one_of("compact", "scatter", "balanced", "explicit"),
        Harm.PINS,
        "Intel's OpenMP pins its threads, the main one too",
        "KMP_AFFINITY=disabled, or unset it",
    ),
    OpenMPSetting("KMP_HW_SUBSET", bool, Harm.LIMITS, "Intel's OpenMP uses these cores only", "unset it"),
    OpenMPSetting("OMP_WAIT_POLICY", _one_of("active"), Harm.SPINS, _SPIN, "OMP_WAIT_POLICY=PASSIVE, or unset it"),
    OpenMPSetting(
        "KMP_BLOCKTIME",
        _counts(DEFAULT_BLOCKTIME_MS + 1),
        Harm.SPINS,
        "idle threads of Intel's OpenMP spin for so long",
        "KMP_BLOCKTIME=0, or unset it",
    ),
    OpenMPSetting("GOMP_SPINCOUNT", _counts(DEFAULT_SPINS + 1), Harm.SPINS, _SPIN, "unset it"),
    OpenMPSetting("OMP_WAIT_POLICY", _one_of("passive"), Harm.SLEEPS, _SLEEP, "unset it"),
    OpenMPSetting("KMP_BLOCKTIME", _counts(0, 0), Harm.SLEEPS, _SLEEP, "unset it"),
    OpenMPSetting("GOMP_SPINCOUNT", _counts(0, FEW_SPINS), Harm.SLEEPS, _SLEEP, "unset it"),
)


def openmp_setting(variable: str, value: str | None) -> OpenMPSetting | None:
    """What a variable with a value does; None where it is none of these, or does nothing."""
    plain = (value or "").strip().lower()
    return next((one for one in OPENMP_SETTINGS if one.variable == variable and plain and one.bites(plain)), None)
