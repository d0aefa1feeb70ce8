"""Ask the question of keras#2544 of today's stacks, and print one table of the answers.

    python examples/fit_today/fit_today.py [--from FILE ...] [PYTEST'S ARGUMENTS]

Runs test_fit_today.py with ``--multicore-json`` and prints a table in Markdown: for each stack and experiment the
cores that were busy, what they were worth (useful), the speed-up, what a compute loop attained meanwhile, where the
cores and the time went, and the cause. ``--from`` prints the table of reports that exist; of several each figure is
the median. What follows goes to pytest: ``-k jax``, ``--multicore-budget=60``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HEADINGS = (
    *("experiment", "stack", "ms, 1 core", "ms, all", "busy", "useful", "speed-up", "attained"),
    *("where the cores went", "cause"),
)
#: The frameworks that a row names, of all that a stack has imported.
NAMED = ("keras", "theano", "torch", "jax", "tensorflow", "sklearn")
PARTS = {"useful": "useful", "extra_cpu": "extra CPU", "uneven": "uneven", "idle": "idle"}
MIN_SHOWN_CORES = 0.05

Record = Mapping[str, Any]


def main() -> None:
    """Measure, unless reports are named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="reports", action="append", type=Path, metavar="FILE")
    asked, for_pytest = parser.parse_known_args()
    reports = asked.reports or [measure(for_pytest)]
    print("\n".join(table([json.loads(report.read_text(encoding="utf-8")) for report in reports])))


def measure(arguments: Sequence[str]) -> Path:
    """Run the tests, and return the file that holds their results."""
    report = Path(tempfile.mkdtemp(prefix="fit-today-")) / "report.json"
    # --runxfail: no cause is looked for where a miss is expected.
    command = [sys.executable, "-m", "pytest", str(HERE), "-rs", "--runxfail", "--tb=no"]
    command += [f"--multicore-json={report}", *arguments]
    ended = subprocess.run(command, check=False)
    if not report.is_file():
        sys.exit(ended.returncode or f"pytest wrote no report: {' '.join(command)}")
    print(f"\nReport: {report}\n")
    return report


def table(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows, in the order of the tests; then what was not measured."""
    by_test: dict[str, list[Record]] = {}
    for report in reports:
        for record in report["results"]:
            by_test.setdefault(record["nodeid"], []).append(record)
    yield machine_of(reports[0]["machine"])
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{' --- |' * len(HEADINGS)}"
    for records in by_test.values():
        measured = [record for record in records if record["speedup"]]
        yield f"| {' | '.join(row(measured) if measured else missing(records[-1]))} |"


def machine_of(machine: Mapping[str, Any]) -> str:
    """The machine in a line."""
    return f"{machine['cpu']}, {machine['cores_granted']:g} cores granted, {machine['os']}"


def row(records: Sequence[Record]) -> list[str]:
    """A test's cells: each figure the median of the reports."""
    last = records[-1]
    return [
        experiment(last),
        stack(last),
        milliseconds(records, "baseline_wall_s"),
        milliseconds(records, "wall_s"),
        median(records, "cores"),
        median(records, "useful_cores"),
        median(records, "speedup") + "x",
        median(records, "attained_speedup") + "x",
        cores_went(records),
        causes(records),
    ]


def missing(record: Record) -> list[str]:
    """The cells of what was not measured: the reason."""
    reason = f"not measured: {record['reason'] or record['outcome']}".replace("|", "\\|").replace("\n", " ")
    return [experiment(record), stack(record), *["-"] * 6, "-", reason]


def experiment(record: Record) -> str:
    """``fit, batch 32``."""
    name = record["workload"].partition(" ")[0]
    batch = dict(record.get("arguments") or {}).get("batch_size")
    return f"{name}, batch {batch}" if batch else name


def stack(record: Record) -> str:
    """The frameworks that ran it, with their versions; the environment's name where it did not run."""
    versions = record.get("frameworks") or {}
    names = [name for name in NAMED if versions.get(name)] or [name for name in ("numpy",) if versions.get(name)]
    return ", ".join(f"{name} {versions[name]}" for name in names) or f"`{record['environment']}`"


def median(records: Sequence[Record], name: str, scale: float = 1.0, digits: int = 2) -> str:
    """The median over reports of a figure, ``-`` where none has it."""
    found = [record.get(name) for record in records]
    numbers = [one["estimate"] if isinstance(one, Mapping) else one for one in found if one is not None]
    return f"{scale * statistics.median(numbers):.{digits}f}" if numbers else "-"


def milliseconds(records: Sequence[Record], name: str) -> str:
    """The median of a duration in milliseconds."""
    return median(records, name, 1e3, 0)


def cores_went(records: Sequence[Record]) -> str:
    """``1.0 useful, 0.3 extra CPU, 0.7 idle``: medians of the parts."""
    splits = [record["cores_split"] for record in records if record.get("cores_split")]
    if not splits:
        return "-"
    parts = {words: statistics.median(split[name]["estimate"] for split in splits) for name, words in PARTS.items()}
    return ", ".join(f"{cores:.1f} {words}" for words, cores in parts.items() if cores >= MIN_SHOWN_CORES)


def causes(records: Sequence[Record]) -> str:
    """What each report says of the question, with how often where they differ."""
    told = [answer(record) for record in records]
    counted = {one: told.count(one) for one in dict.fromkeys(told)}
    return "; ".join(f"{one} ({count} of {len(told)})" if len(counted) > 1 else one for one, count in counted.items())


def answer(record: Record) -> str:
    """The first cause, or why there is none."""
    if record["outcome"] == "passed":
        return "none: the cores are used"
    if record["outcome"] == "inconclusive":
        return "undecided"
    for cause in record["causes"]:
        return f"`{cause['key']}`, {'proven' if cause['proven'] else 'suspected'}"
    return "no cause was found" if record.get("evidence") else "no cause was looked for"


if __name__ == "__main__":
    main()
