"""Measurements as benchmarks of pytest-benchmark's session (4 and 5), which saves, compares and shows them as its own.

One benchmark a side, its data the seconds of one repetition in each round that counts. The full name is the test's with
the thread count, so that a saved run's sides are found again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pytest_multicore.rounds.round import Round
from pytest_multicore.verdicts.figures import measurement
from pytest_multicore.verdicts.row_sets import undisturbed_rows
from pytest_multicore.verdicts.words import threads_in_words

from .record import Record, interval
from .replay import rows_of


@dataclass(frozen=True, slots=True)
class Test:
    """A test as pytest-benchmark names it.

    Attributes:
        name: with its parameters, without its file.
        fullname: its node id.
        group: the one that its own ``benchmark`` marker names.
        param, params: its parameters' id and values; None where it has none.
        told: what the test said of its benchmark on each side: name, fullname, group and extra_info; None on a side
            where it used no such fixture.
    """

    __test__ = False  # no test of this project's

    name: str
    fullname: str
    group: str | None = None
    param: str | None = None
    params: Mapping[str, Any] | None = None
    told: Sequence[Mapping[str, Any] | None] = ()

    @classmethod
    def of(cls, item: Any, told: Sequence[Mapping[str, Any] | None]) -> Test:
        """The test of a pytest item."""
        marker, callspec = item.get_closest_marker("benchmark"), getattr(item, "callspec", None)
        group = marker.kwargs.get("group") if marker else None
        return cls(item.name, item.nodeid, group, callspec and callspec.id, callspec and callspec.params, told)


@dataclass(frozen=True, slots=True)
class Side:
    """One thread count of one measurement.

    Attributes:
        threads: in words.
        rounds: those that count.
        facts: its ``extra_info``.
    """

    threads: str
    rounds: Sequence[Round]
    facts: dict[str, Any] = field(default_factory=dict)


def add(session: Any, test: Test, records: Sequence[Record]) -> None:
    """Add a test's measurements to a pytest-benchmark session; a side without a round that counts is left out.

    Args:
        session: its BenchmarkSession. What is needed of pytest-benchmark is loaded already where there is one.
        test: what was measured.
        records: its measurements, in order.
    """
    metadata = sys.modules["pytest_benchmark.stats"].Metadata
    used: Counter[str] = Counter()
    for record in records:
        # What a test measures by name is named; what is its own call bears its name already.
        label = [] if record["workload"] == test.name else [record["workload"]]
        for number, side in enumerate(_sides(record)):
            words = ", ".join([*label, side.threads])
            used[words] += 1
            if used[words] > 1:
                words += f" #{used[words]}"
            if side.rounds:
                options = {"disable_gc": False, "timer": "perf_counter", "max_time": record["budget_s"]}
                named = _named(test, number, label, words, side)
                benchmark = metadata(named, iterations=side.rounds[-1].repeat, options=options)
                for one in side.rounds:
                    benchmark.update(one.wall_s)
                session.benchmarks.append(benchmark)


def _named(test: Test, number: int, label: Sequence[str], words: str, side: Side) -> SimpleNamespace:
    """What pytest-benchmark asks of a fixture. The sides of a measurement are a group, unless the test names one."""
    said = (test.told[number] if number < len(test.told) else None) or {}
    fullname = said.get("fullname") or test.fullname
    threads = {"threads": side.facts["threads"]}
    return SimpleNamespace(
        name=_with(said.get("name") or test.name, words),
        fullname=_with(fullname, words),
        group=said.get("group") or test.group or " ".join([fullname, *label]),
        param=test.param,
        params={**threads, **(test.params or {})},
        extra_info={**side.facts, **said.get("extra_info", {})},
        cprofile_stats=None,
        has_error=False,
    )


def _with(name: str, words: str) -> str:
    """The name with one parameter more, as pytest writes it."""
    return f"{name[:-1]}-{words}]" if name.endswith("]") else f"{name}[{words}]"


def _sides(record: Record) -> Iterator[Side]:
    """The sides of a measurement, in the record's order."""
    rows = rows_of(record)
    counted = undisturbed_rows(rows) or rows
    seen: set[str] = set()
    for number, rounds in enumerate(zip(*rows, strict=True)):
        threads = threads_in_words(rounds[0].threads)
        if threads in seen:  # both sides may have been asked for as many
            threads = f"{threads}, baseline"
        seen.add(threads)
        yield Side(threads, [row[number] for row in counted], _facts(record, number, rounds, len(rows) - len(counted)))


def _facts(record: Record, number: int, rounds: Sequence[Round], disturbed: int) -> dict[str, Any]:
    """A side's ``extra_info``, in the words and shapes of the JSON report."""
    measured = measurement(rounds, record["confidence"])
    threads = rounds[0].threads
    return {
        "threads": "inherit" if threads is None else threads,
        **{name: record[name] for name in ("environment", "python")},
        "cores": interval(measured.cores),
        "demand": interval(measured.demand),
        **_in_question(record, number),
        "outcome": record["outcome"],
        "disturbed_rounds": disturbed,
    }


def _in_question(record: Record, number: int) -> dict[str, Any]:
    """What is told of the side in question alone; of another in a series, its speed-up."""
    series = record["scaling"]
    if series is not None and 0 < number < len(series) - 1:
        return {"speedup": series[number]["speedup"]}
    if number != (0 if series is None else len(series) - 1):
        return {}
    names = ("baseline", "speedup", "efficiency", "useful_cores") if record["speedup"] is not None else ()
    return {name: record[name] for name in ("blas", *names)}
