"""One result of a history: the figures, what they depend on, and where they come from."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType, UnionType
from typing import Any

from pytest_multicore.reports.origin import Origin
from pytest_multicore.verdicts.statistics import Interval

#: The figure of a result that has a base, and what is kept with it.
LOSS = "loss"
KEPT_BASE_FIELDS = ("base", LOSS)
#: What a history keeps of a result, under the names of the JSON report. Rounds are left out: they are a hundred times
#: as much.
KEPT_FIELDS = (
    *("host", "nodeid", "workload", "arguments", "environment", "python", "blas", "threads", "baseline", "outcome"),
    "vary",
    *("confidence", "wall_s", "cores", "demand", "baseline_wall_s", "baseline_cores", "speedup", "measured_speedup"),
    *("attained_speedup", "efficiency", "useful_cores", "cpu_inflation", "frameworks", "variables", "against"),
)
#: Those of them that have bounds.
INTERVALS = (
    *("wall_s", "cores", "demand", "baseline_wall_s", "baseline_cores", "speedup", "measured_speedup"),
    *("attained_speedup", "efficiency", "cpu_inflation", LOSS),
)
#: Of seconds or cores there are never so many; sums and squares of what is below are numbers still.
MAX_ESTIMATE = 1e100
#: Of a library, what tells it from another one; its path is the machine's own.
KEPT_LIBRARY_FIELDS = ("kind", "version", "layer")


@dataclass(frozen=True, slots=True)
class Entry:
    """One result of one run.

    Attributes:
        origin: when and of which commit it was made.
        cpu: the processor's name.
        result: KEPT_FIELDS fields of the report's result, and ``libraries``.
        number: 1 for the first result of its test, workload and sides in its run, 2 for the second.
        lost: whether it failed ``--multicore-compare-fail``: later results are not compared with it.
    """

    origin: Origin
    cpu: str
    result: Mapping[str, Any]
    number: int = 1
    lost: bool = False

    @property
    def name(self) -> str:
        """The test and what it measured, for a reader; a marked test is its own workload."""
        test, workload = self.result["nodeid"], self.result["workload"]
        again = "" if self.number == 1 else f" (no. {self.number})"
        host = f" on {self.result['host']}" if self.result["host"] else ""
        return f"{test}{again}{host}" if test.endswith(f"::{workload}") else f"{test}: {workload}{again}{host}"

    @property
    def work(self) -> tuple[str, str, str]:
        """What was measured: test, workload, arguments."""
        arguments = json.dumps(self.result["arguments"], sort_keys=True)
        return self.result["nodeid"], self.result["workload"], arguments

    @property
    def sides(self) -> tuple[object, ...]:
        """Where it was measured, and at which threads."""
        places = (self.result[name] for name in ("host", "environment", "threads", "baseline", "vary"))
        return *places, self.number

    @property
    def has_bounds(self) -> bool:
        """Whether the figure that is compared first has both bounds."""
        compared = self.interval("speedup") or self.interval("cores")
        return compared is not None and compared.bounded

    @property
    def base(self) -> str | None:
        """The base that it was measured against, as it was named; None without one."""
        return (self.result.get("against") or {}).get("base")

    def compared(self, figure: str) -> Interval | None:
        """A figure as two runs are compared by it: of a loss what was kept, 1 - loss, since a gain has no ratio."""
        found = self.interval(figure)
        if found is None or figure != LOSS:
            return found
        return Interval(1 - found.high, 1 - found.estimate, 1 - found.low, found.confidence)

    def interval(self, figure: str) -> Interval | None:
        """A figure with its bounds; None where it was not measured."""
        found = (self.result.get("against") or {}).get(LOSS) if figure == LOSS else self.result.get(figure)
        if found is None:
            return None
        low = -math.inf if found["low"] is None else found["low"]
        high = math.inf if found["high"] is None else found["high"]
        return Interval(low, found["estimate"], high, self.result["confidence"])


def entries_of(
    records: Sequence[Mapping[str, Any]],
    cpu: str,
    origin: Origin,
    machines: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> list[Entry]:
    """The entries of one run's results; those without any figure are left out, for they say nothing.

    Args:
        records: the results.
        cpu: the processor's name, for results that name no host.
        origin: of the run.
        machines: facts of each host's machine, by its name.
    """
    measured = [one for one in records if one["wall_s"] is not None]
    hosts = [machines.get(one.get("host") or "", {}) for one in measured]
    entries = (Entry(origin, host.get("cpu", cpu), _kept(one)) for one, host in zip(measured, hosts, strict=True))
    return list(_numbered(entries))


def _kept(record: Mapping[str, Any]) -> dict[str, Any]:
    libraries = [{name: library.get(name) for name in KEPT_LIBRARY_FIELDS} for library in record["libraries"]]
    kept = {name: record.get(name) for name in KEPT_FIELDS}
    if against := record.get("against"):
        kept["against"] = {name: against[name] for name in KEPT_BASE_FIELDS}
    return {**kept, **_axis(record), "libraries": libraries}


def _axis(record: Mapping[str, Any]) -> dict[str, str]:
    """What its sides differ in; threads, in data from before they could differ in cores."""
    return {"vary": record.get("vary") or "threads"}


def _numbered(entries: Iterator[Entry]) -> Iterator[Entry]:
    """A test may measure the same several times."""
    seen: Counter[tuple[object, ...]] = Counter()
    for one in entries:
        key = (one.work, one.sides)
        seen[key] += 1
        yield replace(one, number=seen[key])


def entry_record(entry: Entry, schema: int) -> dict[str, Any]:
    """An entry as plain data, in the shape of history.schema.json."""
    return {
        "history": schema,
        **asdict(entry.origin),
        "cpu": entry.cpu,
        "number": entry.number,
        "lost": entry.lost,
        "result": dict(entry.result),
    }


def entry_from(record: Mapping[str, Any]) -> Entry:
    """An entry from plain data.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: the data are of another shape.
    """
    origin = Origin(record["date"], record["version"], record["commit"], record["clean"])
    result = {**dict.fromkeys(KEPT_FIELDS), **record["result"], **_axis(record["result"])}
    return checked(Entry(origin, record["cpu"], result, record["number"], record["lost"]))


def checked(entry: Entry) -> Entry:
    """An entry from a file, which may hold anything.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it holds what no entry does.
    """
    result, origin = entry.result, entry.origin
    texts = {name: result[name] for name in ("nodeid", "workload", "environment", "vary", "outcome")}
    _check_types({**texts, "cpu": entry.cpu}, str, "a text")
    known = {"date": origin.date, "version": origin.version, "commit": origin.commit, "host": result["host"]}
    _check_types({**known, "base": entry.base}, str | None, "a text or nothing")
    _check_types({"number": entry.number}, int, "a whole number")
    _check_types({name: result[name] for name in ("threads", "baseline")}, int | None, "a whole number or nothing")
    if not 0.5 <= result["confidence"] < 1:
        raise ValueError(f"confidence: found {result['confidence']!r}, expected a number from 0.5 to below 1")
    for name in INTERVALS:
        if (interval := entry.compared(name)) is not None:
            _check_interval(name, interval)
    _check_types(result["frameworks"] or {}, str | None, "a version or nothing")
    _check_types(result["variables"] or {}, str, "a text")
    for library in result["libraries"]:
        if not all(isinstance(library[name], str | None) for name in KEPT_LIBRARY_FIELDS):
            raise TypeError(f"libraries: found {library!r}, expected texts")
    return entry


def _check_types(values: Mapping[str, object], kind: type | UnionType, expected: str) -> None:
    for name, value in values.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name}: found {value!r}, expected {expected}")


def _check_interval(name: str, interval: Interval) -> None:
    if not 0 <= interval.estimate <= MAX_ESTIMATE:
        raise ValueError(f"{name}: found {interval.estimate!r}, expected a number from 0 to {MAX_ESTIMATE:g}")
    if not interval.low <= interval.high:
        raise ValueError(
            f"{name}: found the bounds {interval.low!r} and {interval.high!r}, expected the lower one first"
        )
