"""GitHub's Markdown: for a job's summary, and for a comment on a pull request.

The report may be a stranger's, who had his pull request measured: all of its text is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_multicore.reports.against import differences_line
from pytest_multicore.reports.cores_bar import LEGEND, cores_bar, cores_in_words
from pytest_multicore.reports.cut_short import cut_short_in_words
from pytest_multicore.reports.escape import markdown as escaped
from pytest_multicore.reports.hosts import lost_in_words
from pytest_multicore.reports.words import estimate, limit_figure, percent, speedup, threads

from .results import Record, Report, measured_name, name_on_host

TITLE = "pytest-multicore"
HEADINGS = ("test", "environment", "BLAS", "threads", "busy", "useful", "speed-up", "attained", "outcome")
BASE_HEADINGS = (
    *("test", "base", "verdict", "speed-up", "base's speed-up", "lost by threading"),
    *("time / base's", "time / base's, at the baseline"),
)
#: In the order in which they are counted in the first line.
OUTCOMES = ("failed", "error", "inconclusive", "passed", "measured")
#: What GitHub takes as a comment, with a margin: 65536 characters.
MAX_COMMENT = 65_000
CUT_OFF = "\n\n*The rest does not fit. The JSON report has it.*\n"


def markdown(report: Report, limit: int = MAX_COMMENT) -> str:
    """A heading, the tables of verdicts and of bases, where the cores went, and the cause and remedy of each miss.

    Args:
        report: the JSON report's data.
        limit: characters; what does not fit is cut off at a line's end, and said.
    """
    records, machines = report["results"], report.get("machines") or [report["machine"]]
    parts = [
        *_verdicts(records),
        *_bases(records),
        *_cores(records),
        *_findings(records),
        *_lost(report),
        *_cut_short(report),
        *map(_machine, machines),
    ]
    text = "\n".join(parts) + "\n"
    if len(text) <= limit:
        return text
    return text[: limit - len(CUT_OFF)].rpartition("\n")[0] + CUT_OFF


def missed_limits(record: Record) -> list[str]:
    """``min_speedup=1.5 missed: 1.00x [1.00, 1.00]``, for each limit that was missed."""
    return [
        f"{verdict['quantity']}={verdict['limit']:g} missed: {limit_figure(verdict, 'interval')}"
        for verdict in record["verdicts"]
        if verdict["outcome"] == "failed"
    ]


def _verdicts(records: Sequence[Record]) -> Iterator[str]:
    yield f"### {TITLE}\n"
    counted = Counter(str(record["outcome"]) for record in records)
    told = [f"**{counted[outcome]} {outcome}**" for outcome in OUTCOMES if counted[outcome]]
    yield f"{', '.join(told) or 'Nothing was measured.'}\n"
    if not records:
        return
    hosts = any(record.get("host") for record in records)
    headings = ("host", *HEADINGS) if hosts else HEADINGS
    yield _cells(headings)
    yield f"|{' --- |' * len(headings)}"
    for record in records:
        yield f"| {' | '.join(_row(record, hosts=hosts))} |"
    yield ""


def _row(record: Record, *, hosts: bool) -> list[str]:
    names = (measured_name(record), record["environment"], record["blas"] or "-", threads(record))
    return [
        *([escaped(record.get("host") or "-")] if hosts else []),
        *map(escaped, names),
        estimate(record["cores"]),
        estimate(record["useful_cores"]),
        speedup(record, field="speedup"),
        estimate(record.get("attained_speedup"), "x"),
        escaped(record["outcome"]),
    ]


def _bases(records: Sequence[Record]) -> Iterator[str]:
    """What became of each test that was held against a base, in the terminal's words."""
    compared = [(record, record["against"]) for record in records if record.get("against")]
    if not compared:
        return
    yield "#### Against a base\n"
    yield _cells(BASE_HEADINGS)
    yield f"|{' --- |' * len(BASE_HEADINGS)}"
    for record, against in compared:
        yield _cells(
            (
                name_on_host(record),
                against["base"],
                against["change"],
                estimate(record["measured_speedup"], "x"),
                estimate(against["base_speedup"], "x"),
                percent(against["measured_loss"]),
                *(f"{1 + against[name]['estimate']:.2f}x" for name in ("slowdown_at_threads", "measured_slowdown")),
            )
        )
    yield ""


def _cores(records: Sequence[Record]) -> Iterator[str]:
    """A bar for each measurement whose cores were split."""
    split = [(record, record["cores_split"]) for record in records if record.get("cores_split")]
    if not split:
        return
    yield "#### Where the cores went\n"
    yield _cells(("test", LEGEND, "cores"))
    yield "| --- | --- | --- |"
    for record, cores in split:
        yield f"| {escaped(name_on_host(record))} | `{cores_bar(cores)}` | {cores_in_words(cores)} |"
    yield ""


def _findings(records: Sequence[Record]) -> Iterator[str]:
    """What did not pass, with cause and remedy; and warnings of what did."""
    lines = [line for record in records for line in _finding(record)]
    if lines:
        yield "#### What to look at\n"
        yield from lines
        yield ""


def _finding(record: Record) -> Iterator[str]:
    name = escaped(name_on_host(record))
    if record["outcome"] not in ("passed", "measured"):
        why = "; ".join(missed_limits(record)) if record["outcome"] == "failed" else record["reason"]
        yield f"- **{escaped(record['outcome'])}** {name}: {escaped(why)}"
        if record["outcome"] == "failed" and (differ := differences_line(record)):
            yield f"  - what differs from the base: {escaped(differ)}"
        for cause in record["causes"]:
            yield from _cause(cause)
    for warning in record["warnings"]:
        yield f"- **warning** {name}: {escaped(warning)}"


def _cause(cause: Mapping[str, Any]) -> Iterator[str]:
    shown = "cause" if cause["proven"] else "suspected, not proven"
    yield f"  - {shown}: {escaped(cause['evidence'])} ({escaped(cause['key'])})"
    if cause["proven"] and cause.get("trial"):
        yield f"  - proof: {escaped(cause['trial'])}"
    yield f"  - remedy: {escaped(cause['remedy'])}"


def _lost(report: Report) -> Iterator[str]:
    for lost in report.get("lost_hosts") or ():
        yield f"- **host lost** {escaped(lost_in_words(lost))}\n"


def _cut_short(report: Report) -> Iterator[str]:
    if report.get("cut_short"):
        yield f"- **cut short** by {escaped(cut_short_in_words(report['cut_short']))}\n"


def _machine(machine: Mapping[str, Any]) -> str:
    host = f"{machine['host']}: " if machine.get("host") else ""
    attained = machine["cores_attainable"]
    attains = "" if attained is None else f", {attained:.2f} attained"
    return (
        escaped(f"{host}{machine['cpu']}, {machine['cores_granted']:g} cores granted{attains}, {machine['os']}") + "  "
    )


def _cells(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
