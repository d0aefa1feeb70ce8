"""Results of several machines: grouped by host, with each host's facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]
Machine = Mapping[str, Any]


def by_host(records: Sequence[Record], order: Iterable[str] = ()) -> dict[str | None, list[Record]]:
    """The results of each host that has some; None: of the machine that runs pytest.

    Args:
        records: all results.
        order: of the hosts. Others follow as they are met first.
    """
    groups: dict[str | None, list[Record]] = {host: [] for host in order}
    for record in records:
        groups.setdefault(record.get("host"), []).append(record)
    return {host: of_host for host, of_host in groups.items() if of_host}


def with_attained(machine: Machine, records: Sequence[Record]) -> dict[str, Any]:
    """A machine's facts with the cores that it attained: the most of all its measurements."""
    attained = [
        record["attained_speedup"]["estimate"] * record["baseline"]
        for record in records
        if record.get("attained_speedup") is not None
    ]
    return {**machine, "cores_attainable": max(attained, default=None)}


def host_title(host: str, machine: Machine | None) -> str:
    """``host a: AMD EPYC, 8 cores granted``."""
    if machine is None:
        return f"host {host}"
    return f"host {host}: {machine['cpu']}, {machine['cores_granted']:g} cores granted"


def lost_in_words(lost: Mapping[str, Any]) -> str:
    """``b was lost while it ran test_a.py::test_it (Not properly terminated); not measured there: ...``."""
    during = f" while it ran {lost['nodeid']}" if lost["nodeid"] else ""
    missing = lost.get("not_measured") or ()
    rest = f"; measured elsewhere and not there: {', '.join(missing)}" if missing else ""
    return f"{lost['host']} was lost{during} ({lost['error']}){rest}"


def not_measured(host: str, records: Sequence[Record]) -> list[str]:
    """The tests that other hosts have results of, and this one has not."""
    there = {record["nodeid"] for record in records if record.get("host") == host}
    elsewhere = dict.fromkeys(record["nodeid"] for record in records if record.get("host") != host)
    return [nodeid for nodeid in elsewhere if nodeid not in there]
