"""What environment variables could do to a program's threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pytest_multicore.diagnosis.openmp_settings import Harm, openmp_setting
from pytest_multicore.diagnosis.thread_sources import number_of
from pytest_multicore.environments.threads import THREAD_VARIABLES

from .finding import EnvironmentFacts, Finding, MachineFacts

#: Read by libraries as a number of threads, or as one that bounds it, and set by this plugin for no side.
BOUNDS = (*("OMP_THREAD_LIMIT", "OPENBLAS_DEFAULT_NUM_THREADS", "NPROC", "TF_NUM_INTEROP_THREADS"),)
#: Beside OpenMP's: (variable, the values that bite in small letters, whether it limits, what it does, the remedy).
OTHER_VARIABLES = (
    (
        "MKL_THREADING_LAYER",
        ("sequential",),
        True,
        "MKL computes with one thread",
        "MKL_THREADING_LAYER=GNU or INTEL, or unset it",
    ),
    (
        "KMP_DUPLICATE_LIB_OK",
        ("true", "1"),
        False,
        "Intel's OpenMP does not refuse a second OpenMP runtime in its process",
        "one OpenMP runtime an environment; then unset it",
    ),
    ("PYTHON_GIL", ("1",), False, "a free-threaded Python runs with its lock", "unset it"),
)


def variable_findings(environment: EnvironmentFacts, machine: MachineFacts) -> Iterator[Finding]:
    """What the variables of an environment do, those that limit threads first."""
    yield from _too_few(environment, machine)
    yield from _changed(environment)
    yield from _biting(environment)
    yield from _too_many(environment, machine)
    yield from _disagreeing(environment)


def collection_findings(notes: Iterable[str]) -> Iterator[Finding]:
    """What a conftest file, or what it imports, has set in pytest itself: measured programs do without it."""
    remedy = "if measured programs are to have it, set it outside of Python, by the environment's env, or in a fixture"
    for note in notes:
        yield Finding("set-by-collection", False, note, remedy)


def _named(environment: EnvironmentFacts, name: str) -> str:
    """A variable with its value, and who sets it."""
    setting = f"{name}={environment.started_with[name]}"
    if name in environment.declared:
        return f"{setting}, set by the environment's declaration,"
    if name in environment.since_start:
        return f"{setting}, set in pytest's process since it started (a sitecustomize.py or a plugin),"
    return setting


def _counts(variables: Mapping[str, str], names: tuple[str, ...]) -> dict[str, int]:
    return {name: count for name in names if (count := number_of(variables.get(name, "")))}


def _finding(environment: EnvironmentFacts, key: str, limits: bool, text: str, remedy: str) -> Finding:
    return Finding(key, limits, text, remedy, (environment.name,))


def _too_few(environment: EnvironmentFacts, machine: MachineFacts) -> Iterator[Finding]:
    cores = machine.cores_granted
    for name, count in _counts(environment.started_with, (*THREAD_VARIABLES, *BOUNDS)).items():
        if count < cores:
            who = "pools get no more threads than this" if name in BOUNDS else "programs get so many threads"
            gated = "" if name in BOUNDS else ". Tests gated at a thread count set it, threads='inherit' does not"
            text = f"{_named(environment, name)} on {cores:g} granted cores: {who}{gated}"
            remedy = "unset it: a shell's profile, an image or CI may export it"
            yield _finding(environment, "thread-limit", True, text, remedy)


def _changed(environment: EnvironmentFacts) -> Iterator[Finding]:
    """What the start of Python or an import has set: a sitecustomize, a .pth file, a package."""
    for name in THREAD_VARIABLES:
        before, after = environment.started_with.get(name), environment.now.get(name)
        if before != after and after is not None:
            text = (
                f"{name} became {after} (it was {before or 'not set'}) while Python started or NumPy was imported: a "
                "sitecustomize.py, a .pth file or a package sets it for all who import it"
            )
            remedy = "find it: python -X importtime, grep -r in site-packages; set it from outside, or not at all"
            yield _finding(environment, "set-by-import", True, text, remedy)


def _biting(environment: EnvironmentFacts) -> Iterator[Finding]:
    for name, value in environment.started_with.items():
        setting = openmp_setting(name, value)
        # Threads that sleep while they wait are what many a container wants: fewer regions a second notice it.
        if setting and setting.harm is not Harm.SLEEPS:
            limits = setting.harm in (Harm.LIMITS, Harm.PINS)
            yield _variable(environment, name, limits, setting.effect, setting.remedy)
    for name, values, limits, effect, remedy in OTHER_VARIABLES:
        if environment.started_with.get(name, "").strip().lower() in values:
            yield _variable(environment, name, limits, effect, remedy)


def _variable(environment: EnvironmentFacts, name: str, limits: bool, effect: str, remedy: str) -> Finding:
    text = f"{_named(environment, name)}: {effect}".replace(",:", ":")
    return _finding(environment, "variable", limits, text, remedy)


def _too_many(environment: EnvironmentFacts, machine: MachineFacts) -> Iterator[Finding]:
    cores = machine.cores_granted
    for name, count in _counts(environment.started_with, ("OMP_NUM_THREADS", "MKL_NUM_THREADS")).items():
        if count > cores:
            text = f"{_named(environment, name)} on {cores:g} granted cores: OpenMP starts so many, and they queue"
            remedy = f"{name}={int(cores) or 1}, or unset it"
            yield _finding(environment, "oversubscribed", False, text, remedy)


def _disagreeing(environment: EnvironmentFacts) -> Iterator[Finding]:
    """OpenBLAS and OpenMP read different ones first."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    counts = _counts(environment.started_with, names)
    if len(set(counts.values())) > 1:
        settings = ", ".join(f"{name}={count}" for name, count in counts.items())
        text = f"{settings} disagree: each library follows the one that it reads first"
        yield _finding(environment, "variables-disagree", False, text, "the same number in all, or none of them")
