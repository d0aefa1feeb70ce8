"""The marker's arguments: their parsers and meanings, and the checks of what a test gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_multicore.errors import UsageError

from .parsers import VARY, Parser, count, efficiency, not_negative, parsed, positive, share, switch, threads, word

#: The marker's arguments: parser and meaning. ``pytest --markers``, the reference and the checks are made from it.
MARKER: Mapping[str, tuple[Parser, str]] = {
    "min_cores": (positive, "cores busy while the measured region runs, at least"),
    "max_cores": (positive, "cores busy while the measured region runs, at most"),
    "min_speedup": (positive, "wall time at `baseline` threads / wall time at `threads` threads, at least"),
    "max_speedup": (positive, "wall time at `baseline` threads / wall time at `threads` threads, at most"),
    "min_efficiency": (efficiency, "speed-up / what as many cores attain here (a compute loop), at least, in (0, 1]"),
    "max_threads": (count, "OS threads that got CPU time in the region, at most"),
    "against": (word, "a base to compare with: an environment, PACKAGE==VERSION or git:REF; wins over the option"),
    "max_loss": (share, "share of the base's speed-up that may be lost by threading, 0 to below 1 (0.1)"),
    "max_slowdown": (not_negative, "times slower than the base at `baseline` threads, less 1, at most"),
    "vary": (
        VARY,
        'what the sides differ in: "threads" (thread variables) or "cores" (CPU affinity); wins over the option',
    ),
    "threads": (threads, 'threads to ask for, or "inherit": set none; wins over the option'),
    "baseline": (count, "threads of the other side of the comparison (1)"),
    "environment": (word, "name of the environment to run in"),
    "budget": (positive, "seconds that the rounds of the verdict may take"),
    "fresh": (switch, "True: a new interpreter for every round"),
}

#: A test that uses one of these is measured through them.
FIXTURES = frozenset({"multicore", "isolated_interpreter", "dot_product", "keras_fit"})

#: Share of the base's speed-up that may be lost, where the marker has no ``max_loss``.
MAX_LOSS = 0.1

#: Limits that hold where there is a base, and nothing where there is none.
BASE_LIMITS = ("max_loss", "max_slowdown")

LIMITS = ("min_cores", "max_cores", "min_speedup", "max_speedup", "min_efficiency", "max_threads", *BASE_LIMITS)


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
        values[name] = parsed(f"{test}: @pytest.mark.multicore({name}=...)", _strict(MARKER[name][0]), raw)
    _check_pairs(test, values)
    return values


def _strict(parse: Parser) -> Parser:
    """A parser for Python code, where a number must be a number: only command lines and ini files have it as text."""

    def strict(raw: object) -> Any:
        value = parse(raw)
        if isinstance(raw, str) and not isinstance(value, str):
            raise ValueError(f"{type(value).__name__} {value!r}, not its text")
        return value

    return strict


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
    if values.get("threads") == "inherit" and "min_efficiency" in values and values.get("vary") != "cores":
        raise UsageError(
            f'{test}: @pytest.mark.multicore(threads="inherit", min_efficiency=...): efficiency needs a thread count; '
            "use min_speedup, or give threads a number"
        )
