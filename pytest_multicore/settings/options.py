"""The user's settings: marker > command line > ini > default, resolved and validated here and nowhere else.

This module knows nothing of pytest: pytest_side/options.py hands in raw values and turns a UsageError into pytest's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_multicore.errors import UsageError

from .parsers import (
    Parser,
    Threads,
    choice,
    confidence,
    count,
    efficiency,
    not_negative,
    percentage,
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
        parse: its parser.
        default: its value where it is not given.
        help: for ``pytest --help`` and the reference.
        metavar: stands for the value in the help; None for a switch.
        varies: whether several values are allowed: on the command line by commas or by giving it again. Each marked
            test is run with each (matrix.py).
    """

    name: str
    parse: Parser
    default: Any
    help: str
    metavar: str | None
    varies: bool = False

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
        "threads that measured code is told to use: a number, auto (the cores granted) or inherit (set none); several, "
        "by commas, run each marked test at each",
        "N|auto|inherit",
        varies=True,
    ),
    Option(
        "environment",
        word,
        "current",
        "environment to measure in: a shipped one or one of pyproject.toml; several, by commas, run each test in each",
        "NAME",
        varies=True,
    ),
    Option("python", word, None, "interpreter to measure in, as it is, in place of an environment", "PATH"),
    Option(
        "blas",
        word,
        None,
        "BLAS: scipy, mkl, system, posted, reference, openblas-pthread, openblas-openmp, blis or a library's path; "
        "several, by commas, run each marked test with each",
        "NAME|PATH",
        varies=True,
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
        choice("auto", "off"),
        "auto",
        "run measured code at a higher CPU priority where permitted, or off",
        "auto|off",
    ),
    Option(
        "explain",
        choice("auto", "always", "never"),
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
    Option("html", word, None, "write the report as a page for the browser to this file (extra: report)", "FILE"),
    Option("save", word, None, "append the results to this history, one a line", "FILE"),
    Option("compare", word, None, "say what changed since the last comparable results of this history", "FILE"),
    Option(
        "compare-fail",
        percentage,
        None,
        "with a history to compare with: fail the run where a speed-up has lost no less than this share",
        "PERCENT",
    ),
    Option("doctor", switch, False, "say what this machine and each environment can give, then exit", None),
)

#: The marker's arguments: parser and meaning. ``pytest --markers``, the reference and the checks are made from it.
MARKER: Mapping[str, tuple[Parser, str]] = {
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
    """The settings of one measurement; see OPTIONS and MARKER. Those that end in ``_s`` are in seconds."""

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
    for name, raw in named.items():
        if name not in MARKER:
            raise UsageError(
                f"{test}: @pytest.mark.multicore has no argument {name!r}; there are {', '.join(sorted(MARKER))}"
            )
        values[name] = _parse(f"{test}: @pytest.mark.multicore({name}=...)", _strict(MARKER[name][0]), raw)
    _check_pairs(test, values)
    return values


def resolve_settings(raw_value: Callable[[Option], object], marker: Mapping[str, Any]) -> Settings:
    """All settings of a test.

    Args:
        raw_value: gives an option's value on the command line or else in the ini file, None where neither has one.
        marker: the validated arguments of the test's marker, and its values of options that vary.

    Raises:
        UsageError: names an option that is wrong, what was found and what is allowed.
    """

    def value(name: str) -> Any:
        if marker.get(name) is not None:
            return marker[name]
        several = axis_values(name, raw_value)
        return several[0]

    return Settings(
        threads=value("threads"),
        baseline=marker.get("baseline", 1),
        environment=value("environment"),
        # An environment that the test itself names must not be replaced from outside.
        python=None if "environment" in marker else option_value("python", raw_value),
        blas=value("blas"),
        confidence=option_value("confidence", raw_value),
        budget_s=value("budget"),
        settle_s=option_value("settle", raw_value),
        priority=option_value("priority", raw_value),
        strict=option_value("strict", raw_value),
        off=option_value("off", raw_value),
        explain=option_value("explain", raw_value),
    )


def option_value(name: str, raw_value: Callable[[Option], object]) -> Any:
    """One option's validated value; see ``resolve_settings`` for ``raw_value``.

    Raises:
        UsageError: names the option, what was found and what is allowed.
    """
    option = next(option for option in OPTIONS if option.name == name)
    raw = raw_value(option)
    if raw is None:
        return option.default
    return _parse(f"{option.flag} (ini: {option.ini})", option.parse, raw)


def axis_values(name: str, raw_value: Callable[[Option], object]) -> tuple[Any, ...]:
    """All values of an option that may have several; of another its only one. See ``option_value``."""
    option = next(option for option in OPTIONS if option.name == name)
    raw = raw_value(option)
    if raw is None or not option.varies:
        return (option_value(name, raw_value),)
    texts = [raw] if isinstance(raw, str) else raw if isinstance(raw, list) else [str(raw)]
    source = f"{option.flag} (ini: {option.ini})"
    # A path may hold a comma; no name does.
    parts = [part.strip() for text in texts for part in ([text] if os.sep in text else re.split("[,\n]", text))]
    values = tuple(_parse(source, option.parse, part) for part in parts)
    if len(set(values)) < len(values):
        raise UsageError(f"{source}: found {','.join(texts)!r}, expected different values")
    return values


def _strict(parse: Parser) -> Parser:
    """A parser for Python code, where a number must be a number: only command lines and ini files have it as text."""

    def strict(raw: object) -> Any:
        value = parse(raw)
        if isinstance(raw, str) and not isinstance(value, str):
            raise ValueError(f"{type(value).__name__} {value!r}, not its text")
        return value

    return strict


def _parse(name: str, parse: Parser, raw: object) -> Any:
    try:
        return parse(raw)
    except ValueError as error:
        raise UsageError(f"{name}: found {raw!r}, expected {error}") from None


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
