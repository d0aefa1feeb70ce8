"""What the user asked for: marker > command line > ini > default, resolved and validated here and nowhere else.

Knows nothing of pytest: the front door hands in what it found, and turns a UsageError into pytest's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_multicore.errors import UsageError

from .parsers import (
    Reader,
    Threads,
    confidence,
    count,
    efficiency,
    not_negative,
    one_of,
    positive,
    switch,
    threads,
    word,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One ``--multicore-NAME`` and its ini key ``multicore_NAME``.

    Attributes:
        name: as in ``--multicore-NAME``.
        read: its reader.
        default: what holds when nobody says anything.
        help: for ``pytest --help`` and the reference.
        metavar: what stands for the value in the help; None for a switch.
    """

    name: str
    read: Reader
    default: Any
    help: str
    metavar: str | None

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return f"--multicore-{self.name}"

    @property
    def ini(self) -> str:
        """The key in the ini file; also the attribute that pytest keeps the option under."""
        return f"multicore_{self.name.replace('-', '_')}"


OPTIONS = (
    Option(
        "threads",
        threads,
        "auto",
        "threads that measured code is told to use: a number, auto (the cores granted) or inherit (set none)",
        "N|auto|inherit",
    ),
    Option("environment", word, "current", "environment to measure in: a shipped one or one of pyproject.toml", "NAME"),
    Option("python", word, None, "interpreter to measure in, as it is, in place of an environment", "PATH"),
    Option(
        "blas",
        word,
        None,
        "BLAS: scipy, mkl, system, posted, reference, openblas-pthread, openblas-openmp, blis or a library's path",
        "NAME|PATH",
    ),
    Option("confidence", confidence, 0.99, "confidence of each verdict, in each direction (0.99)", "P"),
    Option("budget", positive, 60.0, "seconds that the rounds of one verdict may take (60)", "SECONDS"),
    Option(
        "settle",
        not_negative,
        4.0,
        "seconds that a miss, or a max_ limit that is met, must last: a pool may fill late, a compiler warm up (4)",
        "SECONDS",
    ),
    Option(
        "priority",
        one_of("auto", "off"),
        "auto",
        "run measured code at a higher CPU priority where permitted, or off",
        "auto|off",
    ),
    Option(
        "explain",
        one_of("auto", "always", "never"),
        "auto",
        "say why, by experiment: of missed limits (auto), always or never",
        "auto|always|never",
    ),
    Option("strict", switch, False, "fail what cannot be decided, in place of skipping it", None),
    Option(
        "off",
        switch,
        False,
        "measure nothing: marked tests run plainly, those that measure through a fixture skip there",
        None,
    ),
    Option("json", word, None, "write the report to this file", "FILE"),
    Option("doctor", switch, False, "say what this machine and each environment can give, then exit", None),
)

#: The marker's arguments: reader and meaning. ``pytest --markers``, the reference and the checks are made from it.
MARKER: Mapping[str, tuple[Reader, str]] = {
    "min_cores": (positive, "cores busy while the measured region runs, at least"),
    "max_cores": (positive, "cores busy while the measured region runs, at most"),
    "min_speedup": (positive, "wall time at `baseline` threads / wall time at `threads` threads, at least"),
    "max_speedup": (positive, "wall time at `baseline` threads / wall time at `threads` threads, at most"),
    "min_efficiency": (efficiency, "speed-up / what as many cores attain here (a compute loop), at least, in (0, 1]"),
    "max_threads": (count, "OS threads that got CPU time in the region, at most"),
    "threads": (threads, 'threads to ask for, or "inherit": set none; wins over the option'),
    "baseline": (count, "threads of the other side of the comparison (1)"),
    "environment": (word, "name of the environment to run in"),
    "budget": (positive, "seconds that the rounds of the verdict may take"),
    "fresh": (switch, "True: a new interpreter for every round"),
}

#: A test that uses one of these is measured through them.
FIXTURES = frozenset({"multicore", "isolated_interpreter", "dot_product", "keras_fit"})

LIMITS = ("min_cores", "max_cores", "min_speedup", "max_speedup", "min_efficiency", "max_threads")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that one measurement needs to know of the user's wishes; see OPTIONS and MARKER for the meanings."""

    threads: Threads
    baseline: int
    environment: str
    python: str | None
    blas: str | None
    confidence: float
    budget_s: float
    settle_s: float
    priority: str
    strict: bool
    off: bool
    explain: str


def read_marker(test: str, positional: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Any]:
    """The marker's arguments, validated.

    Args:
        test: the test's name, for errors.
        positional: there must be none.
        named: the arguments as given.

    Raises:
        UsageError: names the test, the argument, what was found and what is allowed.
    """
    if positional:
        raise UsageError(f"{test}: @pytest.mark.multicore takes its arguments by keyword; found {positional[0]!r}")
    values = {}
    for name, found in named.items():
        if name not in MARKER:
            raise UsageError(
                f"{test}: @pytest.mark.multicore has no argument {name!r}; there are {', '.join(sorted(MARKER))}"
            )
        values[name] = _read(f"{test}: @pytest.mark.multicore({name}=...)", _strict(MARKER[name][0]), found)
    _check_pairs(test, values)
    return values


def resolve(option: Callable[[Option], object], marker: Mapping[str, Any]) -> Settings:
    """All wishes in one place.

    Args:
        option: gives what the command line or else the ini file says of an option, None when neither does.
        marker: the validated arguments of the test's marker.
    """

    def value(name: str) -> Any:
        if marker.get(name) is not None:
            return marker[name]
        return option_value(name, option)

    return Settings(
        threads=value("threads"),
        baseline=marker.get("baseline", 1),
        environment=value("environment"),
        # An environment that the test names itself is not to be replaced from outside.
        python=None if "environment" in marker else option_value("python", option),
        blas=option_value("blas", option),
        confidence=option_value("confidence", option),
        budget_s=value("budget"),
        settle_s=option_value("settle", option),
        priority=option_value("priority", option),
        strict=option_value("strict", option),
        off=option_value("off", option),
        explain=option_value("explain", option),
    )


def option_value(name: str, option: Callable[[Option], object]) -> Any:
    """One option's validated value.

    Raises:
        UsageError: names the option, what was found and what is allowed.
    """
    known = next(one for one in OPTIONS if one.name == name)
    found = option(known)
    if found is None:
        return known.default
    return _read(f"{known.flag} (ini: {known.ini})", known.read, found)


def _strict(read: Reader) -> Reader:
    """A reader for Python code, where a number is a number: text comes from command lines and ini files only."""

    def strict(found: object) -> Any:
        value = read(found)
        if isinstance(found, str) and not isinstance(value, str):
            raise ValueError(f"{type(value).__name__} {value!r}, not its text")
        return value

    return strict


def _read(what: str, read: Reader, found: object) -> Any:
    try:
        return read(found)
    except ValueError as error:
        raise UsageError(f"{what}: found {found!r}, expected {error}") from None


def _check_pairs(test: str, values: Mapping[str, Any]) -> None:
    for low, high in (("min_cores", "max_cores"), ("min_speedup", "max_speedup")):
        if low in values and high in values and values[low] > values[high]:
            raise UsageError(
                f"{test}: @pytest.mark.multicore({low}={values[low]!r}, {high}={values[high]!r}): nothing lies between"
            )
    threads, baseline = values.get("threads"), values.get("baseline", 1)
    if (
        isinstance(threads, int)
        and threads <= baseline
        and {"min_speedup", "max_speedup", "min_efficiency"} & set(values)
    ):
        raise UsageError(
            f"{test}: @pytest.mark.multicore(threads={threads}, baseline={baseline}): nothing is compared; "
            "expected more threads than the baseline's"
        )
    if values.get("threads") == "inherit" and "min_efficiency" in values:
        raise UsageError(
            f'{test}: @pytest.mark.multicore(threads="inherit", min_efficiency=...): efficiency needs a thread count; '
            "use min_speedup, or give threads a number"
        )
