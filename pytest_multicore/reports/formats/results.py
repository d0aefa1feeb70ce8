"""What all formats need of a report: its results, under names that are each used once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_multicore.reports.escape import plain
from pytest_multicore.reports.words import varies_cores

Record = Mapping[str, Any]
Report = Mapping[str, Any]


def test_name(record: Record) -> str:
    """A test without its file: what follows the last ``::`` before its parameters."""
    node, bracket, parameters = plain(record["nodeid"]).partition("[")
    return node.rpartition("::")[2] + bracket + parameters


def measured_name(record: Record) -> str:
    """The test's node id, with the workload where that is another name than the test's own."""
    workload, nodeid = plain(record["workload"]), plain(record["nodeid"])
    return nodeid if workload == test_name(record) else f"{nodeid} {workload}"


def name_on_host(record: Record) -> str:
    """The same, with the host where there are several."""
    host = record.get("host")
    return f"{plain(host)}: {measured_name(record)}" if host else measured_name(record)


def thread_count(record: Record) -> str:
    """``2``, or ``inherit``. What it was compared with is left out: where nothing was measured that is unknown."""
    return "inherit" if record["threads"] is None else plain(record["threads"])


def unique_names(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each result with a name that tells it from the others: where and with how many threads it was measured.

    A test that measures the same again gets a number. So the names are the same in each run, and runs can be compared.
    """
    used: Counter[str] = Counter()
    for record in records:
        where = [plain(record["environment"]), *([plain(host)] if (host := record.get("host")) else [])]
        unit = "cores" if varies_cores(record) else "threads"
        name = f"{measured_name(record)} ({', '.join([*where, f'{unit} {thread_count(record)}'])})"
        used[name] += 1
        yield (name if used[name] == 1 else f"{name} #{used[name]}"), record


def figure_of(record: Record, name: str) -> Any:
    """A figure of a result; ``against.measured_loss`` is one of its base. None where it was not measured."""
    group, dot, field = name.rpartition(".")
    return ((record.get(group) or {}) if dot else record).get(field)


def bounds(figure: Any) -> tuple[float | None, float, float | None] | None:
    """Low end, estimate and high end of an interval or a number; None where it was not measured."""
    if figure is None:
        return None
    if isinstance(figure, Mapping):
        return figure["low"], figure["estimate"], figure["high"]
    return None, figure, None
