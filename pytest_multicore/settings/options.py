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
    VARY,
    Parser,
    Threads,
    choice,
    confidence,
    not_negative,
    parsed,
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
        "vary",
        VARY,
        "threads",
        "what the sides differ in: threads (thread variables are set) or cores (CPU affinity; variables are inherited)",
        "threads|cores",
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
        "seconds that a miss, or a max_ limit that is met, must last, or to the budget's end: a pool may fill late (4)",
        "SECONDS",
    ),
    Option(
        "priority",
        choice("auto", "realtime", "off"),
        "auto",
        "CPU priority of measured code: raised where permitted (auto), real-time too where its threads "
        "wait (realtime), or off",
        "auto|realtime|off",
    ),
    Option(
        "wait",
        positive,
        1800.0,
        "seconds to wait for another pytest to finish measuring on this machine; then the verdict is left open (1800)",
        "SECONDS",
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
    Option(
        "against",
        word,
        None,
        "also measure a base, and fail where threading lost more than max_loss (0.1) of its speed-up: an environment, "
        "PACKAGE==VERSION, or git:REF of the project under test",
        "NAME",
    ),
    Option(
        "overlay",
        word,
        None,
        "lay this over the environment, before it is measured: PACKAGE==VERSION, or git:REF of the project under test",
        "NAME",
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


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one measurement; see OPTIONS and MARKER. Those that end in ``_s`` are in seconds."""

    vary: str
    threads: Threads
    baseline: int
    environment: str
    against: str | None
    overlay: str | None
    python: str | None
    blas: str | None
    confidence: float
    budget_s: float
    settle_s: float
    wait_s: float
    priority: str
    strict: bool
    off: bool
    explain: str


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
        vary=value("vary"),
        threads=value("threads"),
        baseline=marker.get("baseline", 1),
        environment=value("environment"),
        against=value("against"),
        # An environment that the test itself names has something laid over it, too: so releases of it are compared.
        overlay=option_value("overlay", raw_value),
        # An environment that the test itself names must not be replaced from outside.
        python=None if "environment" in marker else option_value("python", raw_value),
        blas=value("blas"),
        confidence=option_value("confidence", raw_value),
        budget_s=value("budget"),
        settle_s=option_value("settle", raw_value),
        wait_s=option_value("wait", raw_value),
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
    return parsed(f"{option.flag} (ini: {option.ini})", option.parse, raw)


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
    values = tuple(parsed(source, option.parse, part) for part in parts)
    if len(set(values)) < len(values):
        raise UsageError(f"{source}: found {','.join(texts)!r}, expected different values")
    return values
