"""One report of several, from the jobs of a CI matrix: each result names the host that it was measured on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_multicore.errors import UsageError

from .json_report import SCHEMA
from .words import varies_cores

Record = dict[str, Any]
Report = Mapping[str, Any]

#: The fields that a merged report makes anew; all others are of one file, and are kept with it.
OWN = frozenset({"schema", "machine", "machines", "results", "lost_hosts", "merged_from"})
#: What makes two results measurements of the same thing.
IDENTITY = ("host", "nodeid", "workload", "environment", "python", "threads", "baseline")
#: Facts of a machine that do not change while it runs.
LASTING_FIELDS = ("cpu", "cores_online", "os")


def host_names(files: Sequence[Path]) -> list[str]:
    """A name for each file's machine: the file's, or else its folder's, or else the path that tells them apart."""
    for names in ([file.stem for file in files], [file.parent.name for file in files], [str(file) for file in files]):
        if all(names) and len(set(names)) == len(names):
            return names
    return [str(file) for file in files]


def merged(reports: Sequence[tuple[str, str, Report]]) -> dict[str, Any]:
    """The reports as one, in their order.

    Args:
        reports: of each file its name, the host's name for what names none, and the report.

    Raises:
        UsageError: two files contradict each other; names both, and what they say.
    """
    machines: dict[str, dict[str, Any]] = {}
    results: list[Record] = []
    origin: dict[tuple[Any, ...], tuple[str, list[Record]]] = {}
    for file, host, report in reports:
        for machine in report.get("machines") or [report["machine"]]:
            _add_machine(machines, {**machine, "host": machine.get("host") or host}, file)
        named = [{**record, "host": record.get("host") or host} for record in report["results"]]
        results += _new_results(named, origin, file)
    lost = [one for _, _, report in reports for one in report.get("lost_hosts") or ()]
    return {
        "schema": SCHEMA,
        **_shared_session(reports),
        "machine": next(iter(machines.values())),
        "machines": list(machines.values()),
        **({"lost_hosts": lost} if lost else {}),
        **_cut_short(reports),
        "merged_from": [part for file, host, report in reports for part in _parts(file, host, report)],
        "results": results,
    }


def _add_machine(machines: dict[str, dict[str, Any]], machine: dict[str, Any], file: str) -> None:
    """Keep a machine; of one that is known, the most that it attained."""
    known = machines.setdefault(machine["host"], machine)
    for fact in LASTING_FIELDS:
        if known[fact] != machine[fact]:
            raise UsageError(
                f"{file}: its host {machine['host']} has {fact} {machine[fact]!r}, in an earlier file {known[fact]!r}; "
                "expected one name for each machine: give them as NAME=FILE"
            )
    attained = [one for one in (known["cores_attainable"], machine["cores_attainable"]) if one is not None]
    known["cores_attainable"] = max(attained, default=None)


def _new_results(
    named: Sequence[Record], origin: dict[tuple[Any, ...], tuple[str, list[Record]]], file: str
) -> list[Record]:
    """The results of a file that no earlier one has. A test may measure the same thing several times."""
    groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for record in named:
        groups[_identity(record)].append(record)
    for identity, records in groups.items():
        _refuse_copy(records, origin, file)
        earlier_file, earlier = origin.setdefault(identity, (file, records))
        if earlier != records:
            raise UsageError(
                f"{file} and {earlier_file} both hold {records[0]['nodeid']} on host {records[0]['host']}, with other "
                "figures; expected one measurement of a test on each host: give the files' hosts names, as NAME=FILE"
            )
    return [record for record in named if origin[_identity(record)][0] == file]


def _identity(record: Record) -> tuple[Any, ...]:
    """Of what, where and against what a result is, and what its sides differ in."""
    base = (record.get("against") or {}).get("base")
    return (*(record[name] for name in IDENTITY), varies_cores(record), repr(record["arguments"]), base)


def _refuse_copy(
    records: Sequence[Record], origin: Mapping[tuple[Any, ...], tuple[str, list[Record]]], file: str
) -> None:
    """One measurement is of one host: a copy of a file under another name is none of a second."""
    for earlier_file, earlier in origin.values():
        for one, other in ((one, other) for one in records for other in earlier):
            if one["host"] != other["host"] and one["rounds"] and one["rounds"] == other["rounds"]:
                raise UsageError(
                    f"{file} holds the measurement of {one['nodeid']} that {earlier_file} holds, as one of host "
                    f"{one['host']} and not {other['host']}: is it a copy? Expected a file of another machine"
                )


def _shared_session(reports: Sequence[tuple[str, str, Report]]) -> dict[str, Any]:
    """What all files say alike of their sessions, such as the commit that was measured."""
    _, _, first = reports[0]
    return {
        name: value
        for name, value in first.items()
        if name not in OWN and all(name in report and report[name] == value for _, _, report in reports)
    }


def _cut_short(reports: Sequence[tuple[str, str, Report]]) -> dict[str, Any]:
    """What ended sessions early, each with its file's hosts, and all tests that are not measured for it."""
    by: list[str] = []
    not_measured: dict[str, None] = {}
    for file, host, report in reports:
        if told := report.get("cut_short"):
            # A merged file has named its hosts.
            hosts = "" if report.get("merged_from") else f"{', '.join(_hosts(host, report))} ({file}): "
            by.append(f"{hosts}{told['by']}")
            not_measured.update(dict.fromkeys(told["not_measured"]))
    return {"cut_short": {"by": "; ".join(dict.fromkeys(by)), "not_measured": list(not_measured)}} if by else {}


def _hosts(host: str, report: Report) -> list[str]:
    return [machine.get("host") or host for machine in report.get("machines") or [report["machine"]]]


def _parts(file: str, host: str, report: Report) -> list[dict[str, Any]]:
    """A file's name, its hosts, and what else it says of its session."""
    if report.get("merged_from"):
        return list(report["merged_from"])
    session = {name: value for name, value in report.items() if name not in OWN}
    return [{"file": file, "hosts": _hosts(host, report), **({"session": session} if session else {})}]
