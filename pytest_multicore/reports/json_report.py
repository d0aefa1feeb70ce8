"""The JSON report: schema number 1, described by results.schema.json in this folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_multicore.measurement.machine import Machine

from .atomic_file import write_whole
from .hosts import by_host, with_attained
from .origin import Origin
from .packed_rounds import encode

SCHEMA = 1
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")


def report(records: list[dict[str, Any]], machine: Machine, origin: Origin | None = None) -> dict[str, Any]:
    """The whole report as data."""
    return {
        "schema": SCHEMA,
        **asdict(origin or Origin()),
        "machine": machine_record(machine, records),
        "results": records,
    }


def machine_record(machine: Machine, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The report's ``machine``; the attainable cores are the most that any measurement attained."""
    return with_attained({**asdict(machine), "cores_granted": machine.cores_granted}, records)


def with_hosts(
    whole: dict[str, Any], machines: Mapping[str, Mapping[str, Any]], lost: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The report with the machines of its hosts.

    The first one takes the place of ``machine``: whoever reads only that gets a machine that was measured on.

    Args:
        whole: the report. Its results name their hosts.
        machines: the facts of each host's machine, by its name; empty where all was measured on this machine.
        lost: the hosts that were lost (hosts.lost_in_words).
    """
    groups = by_host(whole["results"])
    told = [{"host": host, **with_attained(machine, groups.get(host, ()))} for host, machine in machines.items()]
    if told:
        whole = {**whole, "machine": told[0], "machines": told}
    return {**whole, "lost_hosts": list(lost)} if lost else whole


def write(file: Path, whole: Mapping[str, Any]) -> None:
    """Write the report, each result on a line of its own; what was there stays as it is where that fails.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(file, as_text(whole))


def as_text(whole: Mapping[str, Any]) -> Iterator[str]:
    """The report as JSON, in parts: the results of hundreds of tests are large."""
    for number, (name, value) in enumerate(whole.items()):
        yield f"{',' if number else '{'}\n {json.dumps(name)}: "
        if name == "results":
            yield "["
            for place, result in enumerate(value):
                yield f"{',' if place else ''}\n{encode(result)}"
            yield "\n]"
        else:
            yield encode(value, indent=1).replace("\n", "\n ")
    yield "\n}\n"
