"""Measurements as benchmarks of pytest-benchmark's session (4 and 5), which saves, compares and shows them as its own.

Each side becomes one benchmark. Its data are the seconds of one repetition in each round that counts. Its full name is
the test's with the thread count, so that the sides of a saved run are found again.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pytest_multicore.rounds.round import Round
from pytest_multicore.rounds.sides import contender_index
from pytest_multicore.verdicts.figures import measurement
from pytest_multicore.verdicts.row_sets import undisturbed_rows

from .record import Record, interval_record
from .replay import rows_of
from .words import side as side_in_words


@dataclass(frozen=True, slots=True)
class BenchmarkName:
    """A test as pytest-benchmark names it.

    Attributes:
        name: with its parameters, without its file.
        fullname: its node id.
        group: the one that its own ``benchmark`` marker names.
        param, params: its parameters' id and values; None where it has none.
        declared: on each side, what the test itself declares of its benchmark: name, fullname, group and extra_info;
            None on a side where it does not use the fixture.
    """

    name: str
    fullname: str
    group: str | None = None
    param: str | None = None
    params: Mapping[str, Any] | None = None
    declared: Sequence[Mapping[str, Any] | None] = ()

    @classmethod
    def of(cls, item: Any, declared: Sequence[Mapping[str, Any] | None]) -> BenchmarkName:
        """The name of a pytest item."""
        marker, callspec = item.get_closest_marker("benchmark"), getattr(item, "callspec", None)
        group = marker.kwargs.get("group") if marker else None
        return cls(item.name, item.nodeid, group, callspec and callspec.id, callspec and callspec.params, declared)


@dataclass(frozen=True, slots=True)
class Side:
    """One thread count of one measurement.

    Attributes:
        threads: in words.
        rounds: those that count.
        extra_info: pytest-benchmark's name for other facts.
    """

    threads: str
    rounds: Sequence[Round]
    extra_info: dict[str, Any] = field(default_factory=dict)


def add(session: Any, test: BenchmarkName, records: Sequence[Record]) -> None:
    """Add a test's measurements to a pytest-benchmark session; a side without a round that counts is left out.

    Args:
        session: its BenchmarkSession. Where there is one, what is needed of pytest-benchmark is loaded already.
        test: what was measured.
        records: its measurements, in order.
    """
    metadata = sys.modules["pytest_benchmark.stats"].Metadata
    used: Counter[str] = Counter()
    for record in records:
        # A workload that the test names is part of the name; a test that is measured itself has its own name.
        label = [] if record["workload"] == test.name else [record["workload"]]
        for number, side in enumerate(sides_of(record)):
            suffix = ", ".join([*label, side.threads])
            used[suffix] += 1
            if used[suffix] > 1:
                suffix += f" #{used[suffix]}"
            if side.rounds:
                options = {"disable_gc": False, "timer": "perf_counter", "max_time": record["budget_s"]}
                fixture = _as_fixture(test, number, label, suffix, side)
                benchmark = metadata(fixture, iterations=side.rounds[-1].repeat, options=options)
                for taken in side.rounds:
                    benchmark.update(taken.wall_s)
                session.benchmarks.append(benchmark)


def _as_fixture(test: BenchmarkName, number: int, label: Sequence[str], suffix: str, side: Side) -> SimpleNamespace:
    """What pytest-benchmark reads of a fixture. The sides of a measurement are a group, unless the test names one."""
    declared = (test.declared[number] if number < len(test.declared) else None) or {}
    fullname = declared.get("fullname") or test.fullname
    threads = {"threads": side.extra_info["threads"]}
    return SimpleNamespace(
        name=_with_parameter(declared.get("name") or test.name, suffix),
        fullname=_with_parameter(fullname, suffix),
        group=declared.get("group") or test.group or " ".join([fullname, *label]),
        param=test.param,
        params={**threads, **(test.params or {})},
        extra_info={**side.extra_info, **declared.get("extra_info", {})},
        cprofile_stats=None,
        has_error=False,
    )


def _with_parameter(name: str, parameter: str) -> str:
    """The name with one parameter more, as pytest writes it."""
    return f"{name[:-1]}-{parameter}]" if name.endswith("]") else f"{name}[{parameter}]"


def sides_of(record: Record) -> Iterator[Side]:
    """The sides of a measurement, in the record's order."""
    rows = rows_of(record)
    counted = undisturbed_rows(rows) or rows
    seen: set[str] = set()
    for number, rounds in enumerate(zip(*rows, strict=True)):
        threads = side_in_words(rounds[0].threads, record)
        if record.get("against") and number >= len(rows[0]) / 2:
            threads = f"{threads}, {record['against']['base']}"
        elif threads in seen:  # both sides may have the same thread count
            threads = f"{threads}, baseline"
        seen.add(threads)
        extra_info = _extra_info(record, number, rounds, len(rows) - len(counted))
        yield Side(threads, [row[number] for row in counted], extra_info)


def _extra_info(record: Record, number: int, rounds: Sequence[Round], disturbed: int) -> dict[str, Any]:
    """A side's ``extra_info``, in the words and shapes of the JSON report."""
    measured = measurement(rounds, record["confidence"])
    threads = rounds[0].threads
    return {
        "threads": "inherit" if threads is None else threads,
        **{name: record[name] for name in ("environment", "python")},
        "cores": interval_record(measured.cores),
        "demand": interval_record(measured.demand),
        **_speedup_info(record, number),
        "outcome": record["outcome"],
        "disturbed_rounds": disturbed,
    }


def _speedup_info(record: Record, number: int) -> dict[str, Any]:
    """Facts of the contender alone; for other sides of a series but its baseline, the speed-up."""
    series = record["scaling"]
    sides = range(2 if series is None else len(series))
    if number == sides[contender_index(series=series is not None)]:
        names = ("baseline", "speedup", "efficiency", "useful_cores") if record["speedup"] is not None else ()
        return {name: record[name] for name in ("blas", *names)}
    return {"speedup": series[number]["speedup"]} if series is not None and number > 0 else {}
