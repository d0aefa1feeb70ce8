"""A results folder of airspeed velocity (ASV), which ``asv publish``, ``show`` and ``compare`` read.

The files' fields: asv's docs/source/dev.rst, "Benchmark suite layout and file formats", and asv/results.py, API version
2. Each measurement becomes two benchmarks: the seconds of a repetition by thread count, and the speed-up.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median, quantiles
from typing import Any

from pytest_multicore.reports.benchmark import Side, sides_of
from pytest_multicore.reports.escape import plain
from pytest_multicore.reports.hosts import by_host
from pytest_multicore.verdicts.statistics import interval_of

from .results import Record, Report, measured_name

COLUMNS = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples"),
)
#: Confidence of each end of ASV's interval, whose ends are at 99 % together.
CONFIDENCE = 0.995
#: The version of our benchmarks: results of another one are not compared with these.
VERSION = "1"
#: ASV's numbers of its files' forms.
BENCHMARKS_API, MACHINE_API, RESULTS_API = 2, 1, 2

File = dict[str, Any]


def asv(report: Report, commit: str, committed: datetime) -> dict[str, File]:
    """The files' contents by their path in ASV's results folder.

    Args:
        report: the JSON report's data.
        commit: the commit of the project that was measured, in full.
        committed: when that was made. ASV orders by it.
    """
    files: dict[str, File] = {"benchmarks.json": {"version": BENCHMARKS_API}}
    machines = {machine.get("host"): machine for machine in report.get("machines") or [report["machine"]]}
    for host, records in by_host(report["results"]).items():
        machine = _machine(machines.get(host) or report["machine"], host)
        files[f"{machine['machine']}/machine.json"] = {**machine, "version": MACHINE_API}
        environments: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            environments.setdefault((record["environment"], _python(record["python"])), []).append(record)
        for (environment, python), chosen in environments.items():
            described = [one for name, record in _dotted_names(chosen) for one in _benchmarks(name, record)]
            name = f"multicore-{_own_slug(environment)}-py{python}"
            files["benchmarks.json"] |= {benchmark["name"]: benchmark for benchmark, _ in described}
            files[f"{machine['machine']}/{commit[:8]}-{name}.json"] = {
                "version": RESULTS_API,
                "commit_hash": commit,
                "date": int(committed.timestamp() * 1000),
                "env_name": name,
                "params": {**machine, "python": python, "environment": plain(environment)},
                "python": python,
                "requirements": {},
                "env_vars": {},
                "durations": {},
                "result_columns": list(COLUMNS),
                "results": {benchmark["name"]: row for benchmark, row in described},
            }
    return files


def _machine(machine: Record, host: str | None) -> dict[str, str]:
    """As ``asv machine`` describes one. What a report does not know is left empty."""
    cores = str(machine["cores_online"])
    name = _own_slug(host) if host else _slug(f"{machine['cpu']}-{cores}-cores")
    return {
        "machine": name,
        "os": plain(machine["os"]),
        "num_cpu": cores,
        "cpu": plain(machine["cpu"]),
        "arch": "",
        "ram": "",
    }


def _dotted_names(records: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each result as ASV names benchmarks: ``tests.test_a.test_it[1]``; what is measured again gets a number."""
    used: Counter[str] = Counter()
    for record in records:
        file, colons, test = measured_name(record).partition("::")
        name = (file.removesuffix(".py").replace("/", ".") + colons + test).replace("::", ".")
        used[name] += 1
        yield (name if used[name] == 1 else f"{name} #{used[name]}"), record


def _benchmarks(name: str, record: Record) -> Iterator[tuple[File, list[Any]]]:
    """The two benchmarks of a result, each with its row; none where nothing was measured."""
    if not record["rounds"]:
        return
    sides = sorted((side for side in sides_of(dict(record)) if side.rounds), key=_by_threads)
    by_threads = {side.threads: [taken.wall_s / taken.repeat for taken in side.rounds] for side in sides}
    threads = [repr(count) for count in by_threads]
    repeats = [side.rounds[-1].repeat for side in sides]
    described = {"code": "", "version": VERSION, "timeout": 60.0}
    time = {"name": f"{name}.time", "type": "time", "unit": "seconds", "param_names": ["threads"], "params": [threads]}
    yield {**time, **described}, _row([threads], list(by_threads.values()), record["duration_s"], repeats)
    if record["measured_speedup"]:
        speedup = {"name": f"{name}.speedup", "type": "track", "unit": "x", "param_names": [], "params": []}
        yield {**speedup, **described}, [[record["measured_speedup"]["estimate"]], [], VERSION]


def _by_threads(side: Side) -> tuple[bool, Any]:
    """Counts count up; inherited threads come last."""
    threads = side.extra_info["threads"]
    return isinstance(threads, str), threads


def _row(params: list[Any], samples: Sequence[list[float]], duration_s: float, repeats: list[int]) -> list[Any]:
    """A benchmark's columns: an entry for each thread count in each of them."""
    intervals = [interval_of(of_side, CONFIDENCE) for of_side in samples]
    quarters = [quantiles(one * 2 if len(one) == 1 else one, n=4, method="inclusive") for one in samples]
    ends = [[_finite(interval.low) for interval in intervals], [_finite(interval.high) for interval in intervals]]
    counts = [len(of_side) for of_side in samples]
    return [
        *([median(of_side) for of_side in samples], params, VERSION, None, duration_s, *ends),
        *([low for low, _, _ in quarters], [high for _, _, high in quarters], repeats, counts),
        [list(of_side) for of_side in samples],
    ]


def _finite(bound: float) -> float | None:
    return bound if abs(bound) != float("inf") else None


def _slug(text: str) -> str:
    """Of letters, digits and dashes alone: it becomes the name of a file."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or "unknown"


def _own_slug(name: str) -> str:
    """A slug that no other name has: where it is not the name itself, a part of the name's hash tells it apart."""
    slug = _slug(plain(name))
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return slug if slug == name else f"{slug}-{digest[:8]}"


def _python(version: str) -> str:
    found = re.match(r"\d+\.\d+", version)
    return found[0] if found else "unknown"
